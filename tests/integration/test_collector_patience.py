"""How long a source stays with one collector, and how long it is left alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from structlog.testing import capture_logs

from services.collector import schedule
from services.collector.collect import FIRST_PAUSE, LEASE, RENEW, Collector, Watched
from services.collector.sources import Cursor, Entry, Fetched
from services.collector.state import State
from shared.clock import SystemClock
from shared.errors import Retry
from tests.support.collecting import CollectorWorld, feed_source, world

__all__ = ["world"]


@dataclass
class SlowSource:
    """Answers when it is told to, or refuses and asks for patience."""

    refuse: Retry | None = None
    entries: tuple[Entry, ...] = ()
    looks: int = 0
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, cursor: Cursor) -> Fetched:
        self.looks += 1
        self.looked.set()
        if self.refuse:
            raise self.refuse
        await self.answer.wait()
        return Fetched(self.entries, cursor)

    async def close(self) -> None:
        """Hold nothing."""


def watch(world: CollectorWorld, source: SlowSource, stop: asyncio.Event) -> tuple[Watched, asyncio.Task[None]]:
    """Begin to watch *source* in real time."""
    collector = Collector(log=world.log, state=State(world.runtime.engine), clock=SystemClock())
    watched = Watched(feed_source("http://127.0.0.1:9/"), source, schedule.Pace(interval=1, longest=60))
    return watched, asyncio.create_task(collector.watch(watched, stop))


async def test_a_long_look_keeps_its_source(world: CollectorWorld) -> None:
    source, stop, clock = SlowSource(), asyncio.Event(), SystemClock()
    watched, watching = watch(world, source, stop)
    await source.looked.wait()
    state = State(world.runtime.engine)
    first_end = clock.now() + LEASE
    await asyncio.sleep(RENEW + 1)
    assert not await state.take(watched.settings.id, first_end, first_end), "the look under way lost its source"
    stop.set()
    source.answer.set()
    await watching


async def test_a_source_that_asks_for_patience_is_not_woken(world: CollectorWorld) -> None:
    source, stop = SlowSource(refuse=Retry("flood wait", after=3600)), asyncio.Event()
    watched, watching = watch(world, source, stop)
    await source.looked.wait()
    while not (await State(world.runtime.engine).load(watched.settings.id)).failures:  # noqa: ASYNC110 - a database
        await asyncio.sleep(0.01)
    watched.wake.set()
    await asyncio.sleep(0.2)
    stop.set()
    await watching
    assert source.looks == 1


async def test_a_look_that_could_not_be_published_is_not_repeated_beside_another_collectors(
    world: CollectorWorld,
) -> None:
    source, stop, clock = SlowSource(entries=(Entry("a", None, "One", ""),)), asyncio.Event(), world.clock
    source.answer.set()
    world.log.fail_after(0)
    state = State(world.runtime.engine)
    collector = Collector(log=world.log, state=State(world.runtime.engine), clock=clock)
    watched = Watched(feed_source("http://127.0.0.1:9/"), source, schedule.Pace(interval=1, longest=60))
    watching = asyncio.create_task(collector.watch(watched, stop))
    with capture_logs() as logs:
        while "nothing can be published" not in {line["event"] for line in logs}:  # noqa: ASYNC110 - a log
            await asyncio.sleep(0.01)
    clock.advance(2 * LEASE)
    assert await state.take(watched.settings.id, clock.now(), clock.now() + LEASE)
    await asyncio.sleep(FIRST_PAUSE + 0.5)
    stop.set()
    await watching
    assert source.looks == 1
