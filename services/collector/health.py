"""How every source is doing, in words for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from services.collector.settings import SourceSettings
from services.collector.state import SourceState, State


@dataclass(frozen=True)
class SourceHealth:
    """One source. ``waiting``: never looked at; ``failing``: the last look failed, ``last_error`` says why.

    ``last_new_at`` is when it last had a version to publish; ``notes`` are what its last answer needed (``malformed``,
    ``charset-repaired:…``, ``moved-to:…``).
    """

    id: str
    name: str
    state: Literal["ok", "failing", "waiting"]
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    last_error_at: datetime | None = None
    next_due_at: datetime | None = None
    notes: tuple[str, ...] = ()


async def health(engine: AsyncEngine, sources: Sequence[SourceSettings] = ()) -> list[SourceHealth]:
    """Return the health of *sources*, in that order; of none named, of every source ever looked at.

    Raises:
        Retry: the database cannot be reached.

    """
    states = {state.source: state for state in await State(engine).every()}
    if not sources:
        return [_health(state, state.source) for state in states.values()]
    return [_health(states.get(one.id, SourceState(one.id)), one.name) for one in sources]


def _health(state: SourceState, name: str) -> SourceHealth:
    standing: Literal["ok", "failing", "waiting"] = "failing" if state.failures else "ok"
    return SourceHealth(
        id=state.source,
        name=name,
        state=standing if state.last_look_at else "waiting",
        last_ok_at=state.last_ok_at,
        last_new_at=state.last_new_at,
        failures=state.failures,
        last_error=state.last_error if state.failures else None,
        last_error_at=state.last_error_at,
        next_due_at=state.next_due_at,
        notes=state.notes,
    )
