"""The loop that reads articles' pages again, source by source, each held by one collector at a time.

::

    due pages ─▶ conditional GET ─▶ rereading.settle ─▶ state (version, page, intent) ─▶ publishing

As with a look, what a page came to is one transaction, and what it says is to be appended is appended afterwards.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import structlog

from services.collector.collect import LEASE, Collector, Watched, sleep
from services.collector.intents import meant
from services.collector.pages import Pages
from services.collector.publishing import Publisher
from services.collector.rereading import Page, settle, validators
from services.collector.state import State
from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import EventLog
from shared.metrics import PAGES

log = structlog.get_logger(__name__)

EVERY = 30.0
"""Seconds between two searches for what is due; the first step is thirty times as long."""
PORTION = 10
"""Pages of one source in a row, after which its looks have their turn."""
SOURCES = 8
"""Sources whose pages are read side by side."""


class Rereader:
    """Reads the pages that are due."""

    def __init__(
        self,
        *,
        log: EventLog,
        state: State,
        pages: Pages,
        clock: Clock,
        collector: Collector,
        watched: Sequence[Watched],
    ) -> None:
        self._publisher = Publisher(log, state, clock)
        self._state = state
        self._pages = pages
        self._clock = clock
        self._collector = collector
        self._watched = {one.settings.id: one for one in watched if one.articles}
        self._turn = asyncio.Semaphore(SOURCES)

    async def watch(self, stop: asyncio.Event) -> None:
        """Read pages when they are due, until *stop* is set."""
        while not stop.is_set():
            pause = EVERY
            try:
                pause = 0.0 if await self.round() else EVERY
            except Retry as reason:
                log.warning("pages cannot be read again now", reason=reason.reason)
            await sleep(stop, max(pause, 1.0))

    async def round(self) -> int:
        """Read a portion of each source's pages that are due; return how many that were.

        Raises:
            Retry: the log or the database cannot be reached; nothing is lost.

        """
        due = [one for source in await self._pages.sources_due(self._clock.now()) if (one := self._watched.get(source))]
        results = await asyncio.gather(*(self._portion(one) for one in due), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum(result for result in results if isinstance(result, int))

    async def _portion(self, watched: Watched) -> int:
        source = watched.settings.id
        async with self._turn:
            now = self._clock.now()
            if (state := await self._state.take(source, now, now + LEASE)) is None:
                return 0
            fates: Counter[str] = Counter()
            async with self._collector.holding(source):
                try:
                    if state.outstanding:
                        await self._publisher.resume(watched.settings, watched.articles)
                    for page in await self._pages.due(source, self._clock.now(), PORTION):
                        fates[await self._reread(watched, page)] += 1
                finally:
                    await self._state.extend(source, self._clock.now())
            if fates:
                log.info("articles read again", source=source, pages=dict(fates))
            return fates.total()

    async def _reread(self, watched: Watched, page: Page) -> str:
        """Ask for *page*, remember what it came to, publish what changed; return what it came to."""
        seen = None
        if watched.articles:
            try:
                seen = await watched.articles.see(page.url, **validators(page))
            except Retry as reason:
                log.info("article could not be read again", url=page.url, reason=reason.reason)
        now = self._clock.now()
        settled = settle(page, seen, (await self._state.known([page.item])).get(page.item), now)
        intents = meant([settled.novelty] if settled.novelty else [], now, whole=True)
        async with self._state.saving() as saving:
            await saving.versions(page.source, intents, now)
            await saving.pages([settled.page] if settled.page else [], forget=[] if settled.page else [page.item])
        await self._publisher.publish(watched.settings, watched.articles, intents)
        PAGES.labels(status=settled.fate).inc()
        return settled.fate
