"""A whole collector over real parts: its database, the embedded log, local servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from services.collector.app import pace, run
from services.collector.collect import Collector, Watched
from services.collector.health import SourceHealth, health
from services.collector.settings import CollectorSettings, SourceSettings
from services.collector.sources.gate import Gate
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.rss import RssSource
from services.collector.state import State
from shared import codec
from shared.clock import FixedClock
from shared.database import create_engine
from shared.errors import Retry
from shared.eventlog import EventLog, Subscription
from shared.eventlog.opening import create_topics, open_log
from shared.messages import RawItem
from shared.migrations import upgrade
from shared.runtime import Runtime
from shared.topics import RAW, TOPICS
from tests.support.reading import local_fetcher

_readers = count()
NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def feed_source(url: str, name: str = "feed", **more: object) -> SourceSettings:
    """Return a source on the loopback, which is read as it stands unless *more* says otherwise."""
    values: dict[str, object] = {"id": name, "name": name.title(), "url": url, "allow_private": True}
    return SourceSettings.model_validate(values | {"full_text": "never"} | more)


def rss(*items: str, title: str = "News", head: str = "") -> str:
    """Return an RSS feed of *items*, each the inside of an ``item`` element."""
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{head}{inside}</channel></rss>'


def item(guid: str, title: str, text: str = "", link: str = "", date: str = "Tue, 02 Feb 2016 10:00:00 GMT") -> str:
    """Return the inside of an ``item`` element; an empty argument leaves its element out."""
    parts = {"guid": guid, "title": title, "description": text, "link": link, "pubDate": date}
    return "".join(f"<{name}>{value}</{name}>" for name, value in parts.items() if value)


@dataclass
class CollectorWorld:
    """Runs the collector's own composition root, and reads what it published."""

    folder: Path
    runtime: Runtime
    log: FaultyLog
    clock: FixedClock
    sources: list[SourceSettings] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    gate: Gate | None = None

    @property
    def settings(self) -> CollectorSettings:
        """The settings as they are now."""
        return CollectorSettings.model_validate({"sources": tuple(self.sources)} | self.options)

    async def look(self) -> None:
        """Look at every source once, a minute later than the last time."""
        self.clock.advance(timedelta(minutes=1))
        await run(self.runtime, self.settings, once=True, gate=self.gate)

    async def published(self) -> list[RawItem]:
        """Return every version published so far, in the order of the log's partitions."""
        found: list[RawItem] = []
        group = f"reader-{next(_readers)}"
        async with self.runtime.log.subscribe(RAW.name, group) as subscription:
            records = aiter(subscription)
            while sum(lag.records for lag in await subscription.lag()):
                async with asyncio.timeout(10):
                    record = await anext(records)
                found.append(codec.decode(RawItem, record.value, record.headers))
                await subscription.commit(record)
        return sorted(found, key=lambda one: (one.seen_at, one.item, one.version))

    async def wait_for(self, ids: int) -> None:
        """Wait until so many different versions were published."""
        found: set[str] = set()
        async with self.runtime.log.subscribe(RAW.name, f"waiter-{id(found)}") as subscription:
            async for record in subscription:
                found.add(codec.decode(RawItem, record.value, record.headers).id)
                if len(found) >= ids:
                    return

    async def health(self) -> dict[str, SourceHealth]:
        """Return the health of every source by id."""
        return {one.id: one for one in await health(self.runtime.engine, self.sources)}


@asynccontextmanager
async def patient(
    world: CollectorWorld, settings: SourceSettings, *, taken: tuple[str, ...] = ()
) -> AsyncIterator[Callable[[timedelta], Awaitable[None]]]:
    """Give what looks at one feed, as late after the last time as is said; its parser lives through all the looks."""
    fetcher, parsers, clock = local_fetcher(), ParserPool(workers=1), world.clock
    collector = Collector(log=world.log, state=State(world.runtime.engine), clock=clock)
    source = RssSource(settings.url or "", fetcher=fetcher, parsers=parsers, clock=clock, taken=taken)
    watched = Watched(settings, source, pace(settings, CollectorSettings(sources=(settings,))))
    world.sources.append(settings)

    async def look(later: timedelta = MINUTE) -> None:
        clock.advance(later)
        await collector.look(watched)

    try:
        yield look
    finally:
        await parsers.close()
        await fetcher.close()


@asynccontextmanager
async def collector_world(folder: Path) -> AsyncIterator[CollectorWorld]:
    """Give a collector without sources, on files in *folder* that are kept from one world to the next."""
    database, log_url = f"sqlite:///{folder}/state.db", f"sqlite:///{folder}/log.db"
    await upgrade(database)
    await create_topics(log_url, TOPICS)
    engine = create_engine(database)
    log = FaultyLog(await open_log(log_url, client="test"))
    clock = FixedClock(NOW)
    try:
        yield CollectorWorld(folder, Runtime(log, engine, clock), log, clock)
    finally:
        await log.close()
        await engine.dispose()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CollectorWorld]:
    """A collector without sources, on files of its own."""
    async with collector_world(tmp_path) as opened:
        yield opened


class FaultyLog:
    """An event log that goes away after so many appends: the last one arrives, its caller never hears of it.

    ``before`` is called before each append; ``refused`` counts those that failed at once.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._left: int | None = None
        self.refused = 0
        self.before: Callable[[], None] = lambda: None

    def fail_after(self, appends: int) -> None:
        """Let so many appends pass, then fail with every one until told otherwise."""
        self._left = appends

    def recover(self) -> None:
        """Work again."""
        self._left = None

    async def append(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Append, and fail if that was said."""
        self.before()
        if self._left == 0:
            self.refused += 1
            raise Retry("log: away")
        last = self._left == 1
        if self._left is not None:
            self._left -= 1
        await self._log.append(topic, key, value, headers)
        if last:
            raise Retry("log: went away before it answered")

    def subscribe(self, topic: str, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Subscribe as ever."""
        return self._log.subscribe(topic, group)

    async def close(self) -> None:
        """Close the log."""
        await self._log.close()
