"""The loop: due source, fetch, keep the news, append RawItems, remember.

::

    schedule ─▶ Source.fetch(cursor) ─▶ novelty ─▶ intents ─▶ article ─▶ log.append ─▶ state (items, cursor, next time)

Only the last step says that anything was done. Whatever ends the process before it, the next look publishes what was
meant, with the same ids, and then what has become of it.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

import structlog

from services.collector import schedule
from services.collector.activity import Activity
from services.collector.farewell import heard, least_pause, trouble_of
from services.collector.flapping import admitted
from services.collector.identity import Identity, identity_notes
from services.collector.novelty import Novelty, find_missing, item_id, vanished
from services.collector.publishing import publish
from services.collector.recognising import recognise
from services.collector.rereading import Page, page_of
from services.collector.settings import SourceSettings
from services.collector.sources import Elsewhere, Fetched, HostPaused, Source
from services.collector.sources.article import Articles
from services.collector.sources.completing import wants_article
from services.collector.sources.hypertext import one_line
from services.collector.state import SourceState, State, to_touch
from services.collector.vitals import Sight, see
from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import EventLog
from shared.metrics import FETCHES, SOURCES

log = structlog.get_logger(__name__)

MOST_REASON = 500
"""Characters of an error that are kept; what a server sends may stand in it."""
BATCH, BATCH_WITH_ARTICLES = 50, 10
"""Versions that are appended side by side and then remembered together; fewer where each may have a page to fetch."""
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
class _Published:
    """What a look showed, how many versions were put off, and by what items are told apart from now on."""

    sight: Sight
    put_off: int
    identity: Identity


class Collector:
    """Looks at sources when they are due, as many side by side as *at_once* says."""

    def __init__(
        self, *, log: EventLog, state: State, clock: Clock, at_once: int = 32, activity: Activity | None = None
    ) -> None:
        self._log = log
        self._state = state
        self._clock = clock
        self._activity = activity or Activity()
        self._turn = asyncio.Semaphore(at_once)
        self._standing: dict[str, str] = {}
        self._whole: set[str] = set()  # sources whose last look here left nothing half done
        self._dark = False

    async def watch(self, watched: Watched, stop: asyncio.Event, *, spread: float = 0.0) -> None:
        """Look at one source whenever it is due, until *stop* is set; a look that has begun is finished."""
        source = watched.settings.id
        self._stand(source, "waiting")
        state = await self._load(source, stop)
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
        """Publish what a look brought, then remember that it was done."""
        source, now = watched.settings.id, self._clock.now()
        published = await self._publish(watched, state, fetched)
        sight = published.sight
        FETCHES.labels(source=source, status="unchanged" if fetched.unchanged else "ok").inc()
        self._stand(source, "ok")
        if state.failures:
            log.info("source recovered", source=source, failures=state.failures)
        adapted = schedule.adapted(state.interval, watched.pace, news=sight.news > 0)
        watched.looked_at = self._clock.now()
        due = schedule.after_success(
            watched.looked_at,
            watched.pace,
            _chance(),
            interval=adapted,
            active=self._activity.active(source, now),
            hint=fetched.fresh_for,
            quiet=fetched.quiet,
            next_in=fetched.next_in,
        )
        after = replace(
            state,
            # What was put off must be seen again, though the source says next time that nothing changed.
            cursor=fetched.again if published.put_off and fetched.again is not None else fetched.cursor,
            failures=0,
            farewell=None,
            last_look_at=now,
            last_ok_at=now,
            last_new_at=now if sight.news else state.last_new_at,
            next_due_at=due,
            interval=adapted,
            identity=published.identity,
            notes=state.notes if fetched.unchanged else (*fetched.notes, *identity_notes(published.identity)),
        )
        if not sight.shown and not state.failures:
            await self._state.keep(after)
            return due
        async with self._state.saving() as saving:
            await saving.source(after)
            await saving.vitals(source, lambda vitals: vitals.looked(sight, now))
        return due

    async def _publish(self, watched: Watched, state: SourceState, fetched: Fetched) -> _Published:
        """Append every new version and remember it, batch by batch."""
        source, now = watched.settings.id, self._clock.now()
        resumed = await self._resume(watched, now) if fetched.entries or source not in self._whole else []
        self._whole.discard(source)
        covered = [item_id(source, key) for key in fetched.covers or ()]
        covered += vanished(resumed, fetched)
        if not fetched.unchanged:
            covered += await self._state.gone(source)
        found = await recognise(self._state, source, state.identity, fetched.entries, covered)
        if found.identity != state.identity:
            log.warning("the feed changes the names of its items", source=source, now_told_apart_by=found.identity)
        edits = [one for item, entry in found.shown.items() if (one := found.novelty(source, item, entry))]
        news = [one for edit in edits if (one := admitted(edit, found.known.get(edit.remembered.item), now))]
        put_off = len(edits) - len(news)
        news += find_missing(covered, found.shown, found.known)
        # Oldest first, so that readers meet the items of a source in the order of their story.
        news.sort(key=lambda novelty: novelty.entry.published_at or now)
        await self._bring_out(watched, news, now)
        stale = to_touch((found.known[item] for item in found.shown if item in found.known), now)
        if stale:
            async with self._state.saving() as saving:
                await saving.touch(stale, now)
        if news or put_off:
            changes = Counter(novelty.change for novelty in news)
            log.info("items collected", source=source, changes=dict(changes), put_off=put_off)
        seen_before = sum(item in found.known for item in found.shown)
        told = [novelty.change for novelty in (*resumed, *news)]
        # A sitemap names everything of two days, and only the parts of it that changed are read.
        complete = fetched.covers is not None or watched.settings.kind == "sitemap"
        first = state.last_ok_at is None
        sight = see(fetched.entries, seen_before, told, now, first=first, complete=complete)
        self._whole.add(source)
        return _Published(sight, put_off, found.identity)

    async def _resume(self, watched: Watched, now: datetime) -> list[Novelty]:
        """Publish what a look that was ended meant to; a part of it may be on the log already, under the same ids."""
        meant = await self._state.intended(watched.settings.id)
        if meant:
            log.info("look resumed", source=watched.settings.id, versions=len(meant))
            await self._bring_out(watched, meant, now)
        return meant

    async def _bring_out(self, watched: Watched, news: Sequence[Novelty], now: datetime) -> None:
        """Write down what is meant, append it and remember it, batch by batch."""
        source = watched.settings.id
        for batch in _portions(news, BATCH_WITH_ARTICLES if watched.articles else BATCH):
            async with self._state.saving() as saving:
                await saving.intend(source, batch, now)
            pages = await self._append(watched, batch)
            async with self._state.saving() as saving:
                await saving.items(source, [novelty.remembered for novelty in batch], now)
                await saving.pages([page for page in pages if page])

    async def _append(self, watched: Watched, batch: Sequence[Novelty]) -> list[Page | None]:
        """Append every version, whatever becomes of the others; return the pages to read again."""
        tasks = [asyncio.create_task(self._append_one(watched, one)) for one in batch]
        await asyncio.gather(*tasks, return_exceptions=True)
        return [task.result() for task in tasks]

    async def _append_one(self, watched: Watched, novelty: Novelty) -> Page | None:
        page = None
        if watched.articles and wants_article(novelty.entry, watched.settings.full_text):
            completed = await watched.articles.complete(novelty.entry)
            page = page_of(novelty, completed, watched.settings.id, self._clock.now())
            novelty = replace(novelty, entry=completed.entry)
        await publish(self._log, novelty, watched.settings.ref, self._clock.now())
        return page

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
        async with self._state.saving() as saving:
            await saving.source(failed)
            await saving.vitals(source, lambda vitals: vitals.failed(trouble, now))
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
        await self._state.keep(state)
        return self._clock.now() + timedelta(seconds=reason.after or watched.pace.interval)

    async def _put_off(self, watched: Watched, state: SourceState, reason: HostPaused) -> datetime:
        """Leave the source for when its host may be asked again; it did nothing wrong."""
        due = self._clock.now() + timedelta(seconds=(reason.after or 0.0) + watched.pace.shortest * _chance())
        await self._state.keep(replace(state, next_due_at=due))
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
                        due = (await self._state.load(source)).next_due_at
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


def _portions(news: Iterable[Novelty], size: int) -> Iterator[list[Novelty]]:
    rest = iter(news)
    while batch := list(islice(rest, size)):
        yield batch


async def sleep(stop: asyncio.Event, seconds: float) -> None:
    """Wait for *seconds*, or until *stop* is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
