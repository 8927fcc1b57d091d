"""The loop: due source, fetch, decide what is new, remember, append RawItems.

::

    schedule ─▶ Source.fetch(cursor) ─▶ novelty ─▶ state (items, cursor, next time, intents) ─▶ publishing

All that a look came to is one transaction. Whatever ends the process before it, the look is done again; whatever ends
it afterwards, the intents are appended by the next that takes the source, and nothing is decided twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from services.collector import schedule
from services.collector.activity import Activity
from services.collector.farewell import heard, least_pause, trouble_of
from services.collector.flapping import admitted
from services.collector.identity import Identity, identity_notes
from services.collector.intents import meant
from services.collector.novelty import Novelty, find_missing, item_id
from services.collector.publishing import Publisher
from services.collector.recognising import recognise
from services.collector.settings import SourceSettings
from services.collector.sources import Elsewhere, Fetched, HostPaused, Source
from services.collector.sources.article import Articles
from services.collector.sources.hypertext import one_line
from services.collector.state import Conclusion, SourceState, State, to_touch
from services.collector.vitals import Sight, see
from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import EventLog
from shared.metrics import FETCHES, SOURCES

log = structlog.get_logger(__name__)

MOST_REASON = 500
"""Characters of an error that are kept; what a server sends may stand in it."""
LEASE = timedelta(seconds=9)
"""How long a source stays with a collector that says nothing more: so long it is left alone after a crash."""
RENEW = LEASE.total_seconds() / 3
"""Seconds after which a look under way keeps its source for longer."""
WITHOUT_NETWORK = "check this machine's network; claimwatch demo shows everything without one"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts while the log or the database is away."""


@dataclass
class Watched:
    """A source as the loop holds it.

    Setting ``wake`` brings on the next look, setting ``hurry`` does so as soon as the source's floor allows.
    ``lane`` lets only so many sources of one host wait for it that the others are not held up.
    """

    settings: SourceSettings
    source: Source
    pace: schedule.Pace
    articles: Articles | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    lane: AbstractAsyncContextManager[object] = field(default_factory=nullcontext)
    looked_at: datetime | None = None


@dataclass(frozen=True)
class _Found:
    """What a look comes to, its *news* in the order in which they are published.

    ``stale`` are items to remember as still shown, ``put_off`` the keys of entries that have to wait.
    """

    news: list[Novelty]
    stale: list[str]
    put_off: frozenset[str]
    sight: Sight
    identity: Identity


class Collector:
    """Looks at sources when they are due, as many side by side as *at_once* says."""

    def __init__(
        self, *, log: EventLog, state: State, clock: Clock, at_once: int = 32, activity: Activity | None = None
    ) -> None:
        self._state = state
        self._clock = clock
        self._publisher = Publisher(log, state, clock)
        self._activity = activity or Activity()
        self._turn = asyncio.Semaphore(at_once)
        self._standing: dict[str, str] = {}
        self._dark = False

    async def watch(self, watched: Watched, stop: asyncio.Event, *, spread: float = 0.0) -> None:
        """Look at one source whenever it is due, until *stop* is set; a look that has begun is finished."""
        source = watched.settings.id
        self._stand(source, "waiting")
        state = await self._caught_up(watched, stop)
        watched.looked_at = state.last_look_at
        now, failing = self._clock.now(), state.failures > 0
        due = schedule.at_start(now, state.next_due_at, source, watched.pace, spread, failing=failing)
        while await self._wait(watched, due, stop):
            due = await self._persist(watched, stop)

    async def look(self, watched: Watched) -> datetime:
        """Look once and return when to look next. What the source does wrong is recorded, never raised.

        Raises:
            Retry: the log or the database cannot be reached; nothing is lost, look again.

        """
        source = watched.settings.id
        if source not in self._standing:
            self._stand(source, "waiting")
        async with watched.lane, self._turn:
            return await self._look(watched, await self._state.load(source))

    async def _look(self, watched: Watched, state: SourceState) -> datetime:
        if state.outstanding:
            await self._publisher.resume(watched.settings, watched.articles)
        try:
            fetched = await watched.source.fetch(state.cursor)
        except Elsewhere as reason:
            return await self._stand_by(watched, state, reason)
        except HostPaused as reason:
            return await self._put_off(watched, state, reason)
        except Retry as reason:
            return await self._record_failure(watched, state, reason)
        return await self._keep(watched, state, fetched)

    async def _keep(self, watched: Watched, state: SourceState, fetched: Fetched) -> datetime:
        """Remember what a look brought, all at once, then publish it."""
        source, now = watched.settings.id, self._clock.now()
        found = await self._decide(watched, state, fetched, now)
        after = self._after(watched, state, fetched, found, now)
        due, sight, intents = after.next_due_at or now, found.sight, meant(found.news, now)
        change = (lambda vitals: vitals.looked(sight, now)) if sight.shown or state.failures or intents else None
        await self._state.conclude(Conclusion(after, now, change, intents, found.stale))
        FETCHES.labels(source=source, status="unchanged" if fetched.unchanged else "ok").inc()
        self._stand(source, "ok")
        if state.failures:
            log.info("source recovered", source=source, failures=state.failures)
        if intents:
            await self._publisher.publish(watched.settings, watched.articles, intents)
            await self._state.extend(source, self._clock.now())
        if found.news or found.put_off:
            changes = Counter(novelty.change for novelty in found.news)
            log.info("items collected", source=source, changes=dict(changes), put_off=len(found.put_off))
        return due

    def _after(
        self, watched: Watched, state: SourceState, fetched: Fetched, found: _Found, now: datetime
    ) -> SourceState:
        """Return what is remembered of the source once the look came to what was *found*."""
        news = found.sight.news > 0
        adapted = schedule.adapted(state.interval, watched.pace, news=news)
        watched.looked_at = now
        due = schedule.after_success(
            now,
            watched.pace,
            _chance(),
            interval=adapted,
            active=self._activity.active(state.source, now),
            hint=fetched.fresh_for,
            quiet=fetched.quiet,
            next_in=fetched.next_in,
        )
        return replace(
            state,
            # What was put off must be seen again, though the source says next time that nothing changed.
            cursor=fetched.again(found.put_off) if found.put_off and fetched.again else fetched.cursor,
            failures=0,
            farewell=None,
            last_look_at=now,
            last_ok_at=now,
            last_new_at=now if news else state.last_new_at,
            next_due_at=due,
            interval=adapted,
            identity=found.identity,
            notes=state.notes if fetched.unchanged else (*fetched.notes, *identity_notes(found.identity)),
        )

    async def _decide(self, watched: Watched, state: SourceState, fetched: Fetched, now: datetime) -> _Found:
        """Return what a look comes to, given what is remembered."""
        source = watched.settings.id
        covered = [item_id(source, key) for key in fetched.covers or ()]
        whole = not fetched.unchanged
        found = await recognise(self._state, source, state.identity, fetched.entries, covered, pages=whole)
        covered += found.gone
        if found.identity != state.identity:
            log.warning("the feed changes the names of its items", source=source, now_told_apart_by=found.identity)
        edits = [one for item, entry in found.shown.items() if (one := found.novelty(source, item, entry))]
        news = [one for edit in edits if (one := admitted(edit, found.known.get(edit.remembered.item), now))]
        put_off = frozenset(one.entry.key for one in edits) - {one.entry.key for one in news}
        news += find_missing(covered, found.shown, found.known)
        # Oldest first, so that readers meet the items of a source in the order of their story.
        news.sort(key=lambda novelty: novelty.entry.published_at or now)
        seen_before = sum(item in found.known for item in found.shown)
        # A sitemap names everything of two days, and only the parts of it that changed are read.
        complete = fetched.covers is not None or watched.settings.kind == "sitemap"
        first = state.last_ok_at is None
        sight = see(fetched.entries, seen_before, (one.change for one in news), now, first=first, complete=complete)
        stale = to_touch((found.known[item] for item in found.shown if item in found.known), now)
        return _Found(news, stale, put_off, sight, found.identity)

    async def _record_failure(self, watched: Watched, state: SourceState, reason: Retry) -> datetime:
        source, now, failures = watched.settings.id, self._clock.now(), state.failures + 1
        farewell = heard(state.farewell, reason, now)
        least = max(reason.after or 0.0, least_pause(farewell, now))
        due = schedule.after_failure(now, watched.pace, failures, _chance(), interval=state.interval, after=least)
        failed = replace(
            state,
            failures=failures,
            farewell=farewell,
            last_look_at=now,
            last_error=one_line(reason.reason)[:MOST_REASON],
            last_error_at=now,
            next_due_at=due,
        )
        trouble = trouble_of(reason, farewell, now)
        await self._state.conclude(Conclusion(failed, now, lambda vitals: vitals.failed(trouble, now)))
        watched.looked_at = now
        FETCHES.labels(source=source, status="failed").inc()
        self._stand(source, "failing")
        log.warning(
            "source could not be read",
            source=source,
            reason=reason.reason,
            trouble=trouble,
            failures=failures,
            again_at=due.isoformat(timespec="seconds"),
        )
        return due

    async def _stand_by(self, watched: Watched, state: SourceState, reason: Elsewhere) -> datetime:
        """Leave the source to the process that reads it, and its memory as that one wrote it."""
        source = watched.settings.id
        if self._standing.get(source) != "standby":
            log.warning("source is read by another process", source=source, reason=reason.reason)
        self._stand(source, "standby")
        now = self._clock.now()
        await self._state.conclude(Conclusion(state, now))
        return now + timedelta(seconds=reason.after or watched.pace.interval)

    async def _put_off(self, watched: Watched, state: SourceState, reason: HostPaused) -> datetime:
        """Leave the source for when its host may be asked again; it did nothing wrong."""
        now = self._clock.now()
        due = now + timedelta(seconds=(reason.after or 0.0) + watched.pace.shortest * _chance())
        await self._state.conclude(Conclusion(replace(state, next_due_at=due), now))
        FETCHES.labels(source=watched.settings.id, status="paused").inc()
        return due

    async def _persist(self, watched: Watched, stop: asyncio.Event) -> datetime:
        """Look, again and again while the log or the database is away; leave the source to whoever has it."""
        source, pause, mine = watched.settings.id, FIRST_PAUSE, False
        while not stop.is_set():
            try:
                async with watched.lane, self._turn:
                    now = self._clock.now()
                    taking = self._state.load(source) if mine else self._state.take(source, now, now + LEASE)
                    if (state := await taking) is None:
                        kept = await self._state.load(source)
                        due = None if kept.outstanding else kept.next_due_at
                        return due if due and due > now else now + LEASE
                    mine = True
                    async with self.holding(source):
                        return await self._look(watched, state)
            except Retry as reason:
                log.warning("nothing can be published", source=source, reason=reason.reason, again_in_seconds=pause)
                failed_at = self._clock.now()
                await sleep(stop, max(pause, reason.after or 0.0))
                # The lease was renewed so long ago at most; once it has run out, another collector may have the source.
                mine = mine and self._clock.now() - failed_at < LEASE - timedelta(seconds=RENEW)
                pause = min(2 * pause, LONGEST_PAUSE)
        return self._clock.now()

    @asynccontextmanager
    async def holding(self, source: str) -> AsyncIterator[None]:
        """Keep the lease of *source* alive while the block runs."""
        renewing = asyncio.create_task(self._renew(source))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _renew(self, source: str) -> None:
        while True:
            await asyncio.sleep(RENEW)
            try:
                await self._state.extend(source, self._clock.now() + LEASE)
            except Retry as reason:
                # The lease is a courtesy; without it two collectors publish the same ids.
                log.info("lease could not be renewed", source=source, reason=reason.reason)

    async def _caught_up(self, watched: Watched, stop: asyncio.Event) -> SourceState:
        """Return what is remembered of the source once nothing is left that an ended process meant to append."""
        source = watched.settings.id
        while (state := await self._load(source, stop)).outstanding and not stop.is_set():
            now = self._clock.now()
            try:
                if await self._state.take(source, now, now + LEASE):
                    async with self._turn, self.holding(source):
                        await self._publisher.resume(watched.settings, watched.articles)
                    await self._state.extend(source, self._clock.now())
                    continue
            except Retry as reason:
                log.warning("nothing can be published", source=source, reason=reason.reason, again_in_seconds=RENEW)
            await sleep(stop, RENEW)
        return state

    async def _load(self, source: str, stop: asyncio.Event) -> SourceState:
        pause = FIRST_PAUSE
        while not stop.is_set():
            try:
                return await self._state.load(source)
            except Retry as reason:
                log.warning("state cannot be read", source=source, reason=reason.reason, again_in_seconds=pause)
                await sleep(stop, pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        return SourceState(source)

    async def _wait(self, watched: Watched, due: datetime, stop: asyncio.Event) -> bool:
        """Wait until *due* or until the source wakes; False when *stop* was set.

        A source that failed is left alone for as long as it asked, whatever wakes it.
        """
        failing = self._standing.get(watched.settings.id) == "failing"
        while (seconds := (due - self._clock.now()).total_seconds()) > 0 and not stop.is_set():
            events = (stop, watched.hurry) if failing else (stop, watched.hurry, watched.wake)
            waits = [asyncio.ensure_future(event.wait()) for event in events]
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            if not watched.hurry.is_set() or (watched.wake.is_set() and not failing):
                break
            watched.hurry.clear()
            due = due if failing else schedule.brought_forward(due, watched.looked_at, watched.pace)
        watched.wake.clear()
        return not stop.is_set()

    def _stand(self, source: str, standing: str) -> None:
        if self._standing.get(source) == standing:
            return
        self._standing[source] = standing
        counts = Counter(self._standing.values())
        for state in ("ok", "failing", "waiting", "standby"):
            SOURCES.labels(state=state).set(counts[state])
        dark = counts["failing"] == len(self._standing) > 0
        if dark and not self._dark:
            log.warning("no source can be reached", sources=counts["failing"], hint=WITHOUT_NETWORK)
        self._dark = dark


def _chance() -> float:
    return random.random()  # noqa: S311 - spreads load, keeps no secret


async def sleep(stop: asyncio.Event, seconds: float) -> None:
    """Wait for *seconds*, or until *stop* is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
