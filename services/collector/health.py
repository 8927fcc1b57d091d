"""How every source is doing, in words for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from services.collector.diagnosis import Record, overdue_at, silent_since
from services.collector.health_state import HealthState
from services.collector.settings import SourceSettings
from services.collector.state import SourceState, State
from services.collector.vitals import Vitals
from services.collector.watchman import record_of

Standing = Literal["ok", "silent", "failing", "not-a-feed", "blocked", "challenged", "gone", "revoked", "waiting"]

RECENT = timedelta(days=1)
"""How long a look between which items may have been lost is worth a remark."""
MANY = 0.5
"""Share of undated entries from which it is worth one: nothing undated raises an alert by itself."""


@dataclass(frozen=True)
class SourceHealth:
    """One source.

    ``state``: ``waiting`` was never looked at; ``silent`` answers, but shows nothing new for longer than it ever did;
    ``failing``, ``not-a-feed``, ``blocked``, ``challenged``, ``gone`` and ``revoked`` are how the last look failed,
    ``last_error`` says why. ``last_new_at`` is when it last had a version to publish, ``last_item_at`` when its last
    item was published; ``interval`` the seconds between two looks as they now are, ``rhythm`` the usual seconds between
    items, ``overdue_at`` from when on silence is unusual (both None while that is being learned). ``undated`` is a
    share; ``truncations`` are looks between which items may have been lost. ``notes`` are what its last answer needed
    (``malformed``, ``charset-repaired:…``, ``moved-to:…``), ``remarks`` what else the operator should know.
    """

    id: str
    name: str
    state: Standing
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    last_item_at: datetime | None = None
    since: datetime | None = None
    rhythm: float | None = None
    overdue_at: datetime | None = None
    entries: int = 0
    undated: float | None = None
    truncations: int = 0
    truncated_at: datetime | None = None
    charset_repairs: int = 0
    failures: int = 0
    last_error: str | None = None
    last_error_at: datetime | None = None
    next_due_at: datetime | None = None
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    interval: float | None = None

    @property
    def is_problem(self) -> bool:
        """Whether an operator should look at it."""
        return self.state not in ("ok", "waiting") or bool(self.remarks)


async def health(engine: AsyncEngine, sources: Sequence[SourceSettings] = ()) -> list[SourceHealth]:
    """Return the health of *sources*, in that order; of none named, of every source ever looked at.

    Raises:
        Retry: the database cannot be reached.

    """
    states = {state.source: state for state in await State(engine).every()}
    vitals = await HealthState(engine).vitals()
    named = [(one.id, one.name) for one in sources] or [(source, source) for source in states]
    return [
        describe(name, states.get(source, SourceState(source)), vitals.get(source, Vitals())) for source, name in named
    ]


def describe(name: str, state: SourceState, vitals: Vitals) -> SourceHealth:
    """Return the health of one source. Pure."""
    record = record_of(name, state, vitals)
    standing = _standing(record)
    rhythm = record.rhythm
    failing = state.failures > 0
    return SourceHealth(
        id=state.source,
        name=name,
        state=standing,
        last_ok_at=state.last_ok_at,
        last_new_at=state.last_new_at,
        last_item_at=vitals.heard_at,
        since=vitals.troubled_since if failing else silent_since(record),
        rhythm=rhythm.gap.total_seconds() if rhythm else None,
        overdue_at=overdue_at(record),
        entries=vitals.shown,
        undated=vitals.undated_share,
        truncations=vitals.truncations,
        truncated_at=vitals.truncated_at,
        charset_repairs=vitals.repaired,
        failures=state.failures,
        last_error=state.last_error if failing else None,
        last_error_at=state.last_error_at,
        next_due_at=state.next_due_at,
        notes=state.notes,
        remarks=_remarks(state, vitals),
        interval=state.interval,
    )


def _standing(record: Record) -> Standing:
    if record.last_look_at is None:
        return "waiting"
    if record.failing:
        return record.vitals.trouble or "failing"
    return "silent" if silent_since(record) else "ok"


def _remarks(state: SourceState, vitals: Vitals) -> tuple[str, ...]:
    found = []
    lost, looked = vitals.truncated_at, state.last_look_at
    if lost and looked and looked - lost < RECENT:
        found.append(f"items may have been missed (last {lost:%d %b %H:%M}): give it a shorter interval")
    if (share := vitals.undated_share) and share >= MANY:
        found.append(f"{share:.0%} without a date: these raise no alert as new incidents by themselves")
    return tuple(found)
