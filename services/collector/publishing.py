"""Versions out: what is written down is given its article, appended, counted and crossed out.

Looks at sources and re-reads of pages both publish this way and no other: decide, one transaction (items, cursor or
page, intents), and only then :meth:`Publisher.publish`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from services.collector.intents import Intent
from services.collector.novelty import raw_item
from services.collector.recall import portions
from services.collector.rereading import page_of
from services.collector.settings import SourceSettings
from services.collector.sources.article import Articles
from services.collector.sources.completing import wants_article
from services.collector.state import State
from shared import codec
from shared.clock import Clock
from shared.eventlog import EventLog
from shared.messages import SourceRef
from shared.metrics import ITEMS
from shared.topics import RAW

log = structlog.get_logger(__name__)

STAGE = "collect"
BATCH, BATCH_WITH_ARTICLES = 50, 10
"""Versions that are appended side by side and then crossed out together; fewer where each may have a page to fetch."""


class Publisher:
    """Appends what is written down, and crosses it out."""

    def __init__(self, event_log: EventLog, state: State, clock: Clock) -> None:
        self._log = event_log
        self._state = state
        self._clock = clock

    async def resume(self, source: SourceSettings, articles: Articles | None) -> None:
        """Append what an ended look or re-read left of *source*; some of it may be there, under the same ids.

        Raises:
            Retry: the log or the database cannot be reached; what is left stays written down.

        """
        left = await self._state.outstanding(source.id)
        if left:
            log.info("versions left by an ended look are published", source=source.id, versions=len(left))
            await self.publish(source, articles, left)

    async def publish(self, source: SourceSettings, articles: Articles | None, meant: Sequence[Intent]) -> None:
        """Append *meant*, which is written down, batch by batch in its order.

        Raises:
            Retry: the log or the database cannot be reached; what is left stays written down.

        """
        for batch in portions(meant, BATCH_WITH_ARTICLES if articles else BATCH):
            tasks = [asyncio.create_task(self._publish(source, articles, one)) for one in batch]
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in tasks:
                task.result()
            await self._state.settle([one.id for one in batch])

    async def _publish(self, source: SourceSettings, articles: Articles | None, intent: Intent) -> None:
        if not intent.whole and articles and wants_article(intent.novelty.entry, source.full_text):
            intent = await self._completed(source, articles, intent)
        await _append(self._log, intent, source.ref)

    async def _completed(self, source: SourceSettings, articles: Articles, intent: Intent) -> Intent:
        """Return *intent* with its article's text, written down: a repeat must not say anything else."""
        novelty = intent.novelty
        completed = await articles.complete(novelty.entry)
        whole = replace(intent, novelty=replace(novelty, entry=completed.entry), whole=True)
        await self._state.complete(whole, page_of(novelty, completed, source.id, self._clock.now()))
        return whole


async def _append(event_log: EventLog, intent: Intent, source: SourceRef) -> None:
    """Append *intent*; a repeat is the same message with the same id."""
    item = raw_item(intent.novelty, source, intent.meant_at)
    value, headers = codec.encode(item, source="collector", time=intent.meant_at)
    await event_log.append(RAW.name, RAW.key(item), value, headers)
    ITEMS.labels(stage=STAGE, status=intent.novelty.change).inc()
