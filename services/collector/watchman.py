"""Judges all sources once a minute and tells the operator of problems: each once, and once when it is over.

::

    records in the database ─▶ diagnosis.compare ─▶ written down ─▶ topic notices ─▶ marked as told
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.collector import diagnosis
from services.collector.diagnosis import NETWORK, PIPELINE, SESSION, Findings, Problem, Record, Told
from services.collector.health_state import HealthState
from services.collector.settings import CanarySettings, HealthSettings, SourceSettings
from services.collector.state import SourceState, State
from services.collector.vitals import Vitals
from shared import metrics
from shared.canary import find_overdue
from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import EventLog
from shared.messages import stable_id
from shared.notices import Notice
from shared.stage import publish
from shared.topics import NOTICES

log = structlog.get_logger(__name__)

OVER = {
    NETWORK: "Sources can be read again",
    SESSION: "Telegram channels can be read through the account again",
    PIPELINE: "Canaries arrive in time again",
}


UNREAD = timedelta(hours=1)
"""How long after it was due a source counts as read by another collector; from then on nobody watches it."""


class Watchman:
    """Judges *sources*. Several of him, in several processes, say the same under the same ids.

    Where they have different lists, each speaks of his own sources and leaves what was told of the others alone.
    """

    def __init__(
        self,
        event_log: EventLog,
        engine: AsyncEngine,
        clock: Clock,
        sources: Sequence[SourceSettings],
        *,
        health: HealthSettings,
        canary: CanarySettings,
    ) -> None:
        self._log = event_log
        self._engine = engine
        self._clock = clock
        self._sources = sources
        self._health = health
        self._canary = canary
        self._memory = HealthState(engine)

    async def run(self, stop: asyncio.Event) -> None:
        """Judge until *stop* is set; first after one pause, so that what is on its way at a start can arrive."""
        while not await _stopped(stop, self._health.every):
            try:
                await self.round()
            except Retry as reason:
                log.warning("sources could not be judged", reason=reason.reason)

    async def round(self) -> list[Notice]:
        """Judge once, tell, and return what was told.

        Raises:
            Retry: the log or the database cannot be reached; what was decided is told in the next round.

        """
        memory = await self._memory.remembered()
        if memory.untold:
            await self._tell(memory.untold)
            memory = await self._memory.remembered()
        now = self._clock.now()
        records = await load_records(self._engine, self._sources, now)
        pipeline = await self._find_jam(now)
        findings = diagnosis.compare(
            records,
            memory.told,
            now,
            self._health,
            calm_since=memory.calm_since,
            pipeline=pipeline,
            canaries=self._canary.interval is not None,
        )
        measure([record for record in records if record.own], self._health, jammed=pipeline is not None)
        notices = make_notices(findings, {record.source: record.name for record in records}, now)
        if notices:
            await self._memory.decide(notices)
            await self._tell([notice for notice, _ in notices])
        return [notice for notice, _ in notices]

    async def _tell(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            await publish(self._log, NOTICES, notice, source="collector", time=self._clock.now())
            log.warning(
                "source problem" if notice.state == "raised" else "source problem over",
                subject=notice.subject,
                headline=notice.headline,
                summary=notice.summary,
            )
        await self._memory.told(notices)

    async def _find_jam(self, now: datetime) -> Problem | None:
        if self._canary.interval is None:
            return None
        since = await find_overdue(self._engine, now - timedelta(seconds=self._canary.deadline))
        if since is None:
            return None
        return Problem(
            PIPELINE,
            "canary",
            since,
            "A canary has not arrived: claims may not become alerts",
            f"The one sent on {since:%d %b %Y, %H:%M} UTC should have come through in {self._canary.deadline:g} s.",
            "See that classifier and alerter run and keep up: claimwatch_lag_seconds, claimwatch dead list",
        )


async def load_records(engine: AsyncEngine, sources: Sequence[SourceSettings], now: datetime) -> list[Record]:
    """Return what is known of each of *sources*, and of those that other collectors on this database read *now*.

    Raises:
        Retry: the database cannot be reached.

    """
    states = {state.source: state for state in await State(engine).every()}
    vitals = await HealthState(engine).vitals()
    names = {one.id: one.name for one in sources}
    own = [
        record_of(name, states.get(source, SourceState(source)), vitals.get(source, Vitals()))
        for source, name in names.items()
    ]
    others = [
        record_of(source, state, vitals.get(source, Vitals()), own=False)
        for source, state in states.items()
        if source not in names and state.next_due_at and now - state.next_due_at < UNREAD
    ]
    return [*own, *others]


def record_of(name: str, state: SourceState, vitals: Vitals, *, own: bool = True) -> Record:
    """Return what is known of one source."""
    return Record(
        source=state.source,
        name=name,
        vitals=vitals,
        failures=state.failures,
        last_look_at=state.last_look_at,
        last_ok_at=state.last_ok_at,
        last_error=state.last_error,
        own=own,
    )


def make_notices(findings: Findings, names: dict[str, str], now: datetime) -> list[tuple[Notice, str]]:
    """Return what *findings* say, each with the kind of its problem. Ids are made of the problem and its beginning."""
    raised = [(_raised(problem, now), problem.kind) for problem in findings.raised]
    return [*raised, *((_over(told, names, now), told.kind) for told in findings.over)]


def _raised(problem: Problem, now: datetime) -> Notice:
    return Notice(
        id=_id(problem.subject, problem.kind, problem.since),
        kind="canary" if problem.kind == "canary" else "source-health",
        state="raised",
        subject=problem.subject,
        headline=problem.headline,
        summary=problem.summary,
        fix=problem.fix,
        since=problem.since,
        at=now,
        sources=problem.sources,
    )


def _over(told: Told, names: dict[str, str], now: datetime) -> Notice:
    name = names.get(told.subject)
    headline = OVER.get(told.subject) or (f"{name}: well again" if name else f"{told.subject}: no longer watched")
    return Notice(
        id=stable_id(_id(told.subject, told.kind, told.since), "over"),
        kind="canary" if told.kind == "canary" else "source-health",
        state="over",
        subject=told.subject,
        headline=headline,
        summary=f"It lasted {diagnosis.in_words(now - told.since)}.",
        since=told.since,
        at=now,
        sources=() if told.subject in OVER else (told.subject,),
    )


def _id(subject: str, kind: str, since: datetime) -> str:
    return stable_id("notice", kind, subject, since.isoformat())


def measure(records: Sequence[Record], health: HealthSettings, *, jammed: bool) -> None:
    """Set the gauges of every source."""
    metrics.CANARY_OVERDUE.set(jammed)
    for record in records:
        source, vitals = record.source, record.vitals
        if record.last_ok_at:
            metrics.SOURCE_OK.labels(source=source).set(record.last_ok_at.timestamp())
        if vitals.heard_at:
            metrics.SOURCE_NEWS.labels(source=source).set(vitals.heard_at.timestamp())
        if rhythm := record.rhythm:
            metrics.SOURCE_RHYTHM.labels(source=source).set(rhythm.gap.total_seconds())
        if vitals.undated_share is not None:
            metrics.SOURCE_UNDATED.labels(source=source).set(vitals.undated_share)
        metrics.SOURCE_TRUNCATIONS.labels(source=source).set(vitals.truncations)
        metrics.SOURCE_REPAIRS.labels(source=source).set(vitals.repaired)
        found = diagnosis.diagnose(record, health)
        for kind in ("silent", "failing", "not-a-feed", "blocked", "challenged", "gone", "revoked"):
            metrics.SOURCE_PROBLEM.labels(source=source, problem=kind).set(found is not None and found.kind == kind)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
