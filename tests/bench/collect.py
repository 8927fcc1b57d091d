"""How fast the collector polls, beside the same addresses fetched barely: httpx in a loop, and feedparser behind it.

Measured twice: in polls a second, and in processor time a poll, which other work on the machine changes little.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import feedparser
import httpx

from services.collector.app import run
from services.collector.settings import CollectorSettings
from shared.database import create_engine
from shared.eventlog.opening import create_topics, open_log
from shared.migrations import upgrade
from shared.runtime import Runtime
from shared.topics import TOPICS
from tests.bench.feed_server import ETAG
from tests.bench.figures import Figure, middle
from tests.bench.processor import spent

AT_ONCE = 32
"""Requests in flight, ours and theirs."""
WORKERS = 2
"""Processes that parse, ours and theirs."""
WARM = 4 * AT_ONCE
"""Polls that are not counted: connections and processes begin."""
INTERVAL = 0.02
"""Seconds after which a feed is due again, less than can be configured: a few hundred feeds are always due then."""
FEWEST = 150
"""Polls of a round at least, however long they take."""
FIRST_LOOKS = 180.0
"""Seconds that all feeds together may take to be looked at for the first time."""
TOLD_EVERY = 5.0
"""Seconds between two words on how far the first looks are."""


@dataclass(frozen=True)
class Size:
    """How much is measured: feeds that do not change and feeds that do, rounds, least seconds of each.

    Few feeds, because the first look at each takes longest of all: every entry is new.
    """

    same: int
    new: int
    rounds: int
    seconds: float


FULL = Size(same=400, new=200, rounds=5, seconds=4.0)
QUICK = Size(same=200, new=100, rounds=1, seconds=2.0)


@dataclass(frozen=True)
class Feeds:
    """The feed server, its process, and which of its feeds are meant."""

    port: int
    process: int
    kind: str
    count: int

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{self.port}/{self.kind}/{number}" for number in range(self.count)]

    async def asked(self) -> int:
        """Return how many feeds the server was asked for so far."""
        return await asyncio.to_thread(self._asked)

    def _asked(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=30) as answer:
            return int(answer.read())


@dataclass(frozen=True)
class Pace:
    """Polls a second, and polls a second of processor time."""

    rate: float
    thrift: float

    @property
    def cost(self) -> float:
        """Milliseconds of processor time that a poll takes."""
        return 1000 / self.thrift


Tell = Callable[[str], None]


def measure(folder: Path, size: Size, tell: Tell) -> Iterator[Figure]:
    """Measure polls of unchanged and of changed feeds, each beside its yardstick, in turn; *tell* how far it is."""
    bare = "httpx.AsyncClient in a loop, as many in flight"
    yield from _measure(
        folder, size, tell, Feeds(0, 0, "same", size.same), f"{size.same:,} unchanged feeds (304)", bare
    )
    parsing = "httpx and feedparser.parse in two processes"
    what = f"{size.new:,} changed feeds, one new item of 20 each"
    yield from _measure(folder, size, tell, Feeds(0, 0, "new", size.new), what, parsing)


def _measure(folder: Path, size: Size, tell: Tell, feeds: Feeds, what: str, against: str) -> Iterator[Figure]:
    place = folder / feeds.kind
    place.mkdir()
    with _serving() as (port, process):
        pairs = asyncio.run(_in_turn(replace(feeds, port=port, process=process), place, size, tell))
    group = "polling feeds of one host"
    yield middle(group, what, "polls/s", [(ours.rate, theirs.rate) for ours, theirs in pairs], against)
    thrift = [(ours.thrift, theirs.thrift) for ours, theirs in pairs]
    yield middle(group, what, "polls/s of processor time", thrift, against)


async def _in_turn(feeds: Feeds, folder: Path, size: Size, tell: Tell) -> list[tuple[Pace, Pace]]:
    await upgrade(f"sqlite:///{folder}/state.db")
    await create_topics(f"sqlite:///{folder}/log.db", TOPICS)
    async with _collecting(feeds, folder):
        await _first_looks(feeds, tell)
    bare = {"same": _bare_polls, "new": _bare_parses}[feeds.kind]
    pairs = []
    for number in range(1, size.rounds + 1):
        async with _collecting(feeds, folder):
            ours = await _pace(feeds, size)
        theirs = await bare(feeds, size)
        tell(
            f"round {number} of {size.rounds}: {ours.rate:.0f} polls/s of {ours.cost:.1f} ms, "
            f"barely {theirs.rate:.0f} of {theirs.cost:.1f} ms"
        )
        pairs.append((ours, theirs))
    return pairs


async def _first_looks(feeds: Feeds, tell: Tell) -> None:
    """Wait until every feed has been looked at, which takes longer than to look again: all of it is new."""
    started = told = perf_counter()
    async with asyncio.timeout(FIRST_LOOKS):
        while (asked := await feeds.asked()) < feeds.count:
            await asyncio.sleep(0.2)
            if perf_counter() - told >= TOLD_EVERY:
                told = perf_counter()
                tell(f"{asked:,} of {feeds.count:,} feeds were looked at for the first time")
    tell(f"{feeds.count:,} first looks took {perf_counter() - started:.0f} s")


@asynccontextmanager
async def _collecting(feeds: Feeds, folder: Path) -> AsyncIterator[None]:
    """Run the collector."""
    settings = _always_due(_settings(feeds))
    engine = create_engine(f"sqlite:///{folder}/state.db")
    log = await open_log(f"sqlite:///{folder}/log.db", client="bench")
    runtime = Runtime(log, engine)
    collecting = asyncio.create_task(run(runtime, settings))
    try:
        yield
    finally:
        runtime.stop.set()
        await collecting
        await log.close()
        await engine.dispose()


def _settings(feeds: Feeds) -> CollectorSettings:
    source = {"full_text": "never", "allow_private": True}
    return CollectorSettings.model_validate(
        {
            "sources": [
                source | {"id": f"feed{number}", "name": "Bench", "url": url} for number, url in enumerate(feeds.urls)
            ],
            "spread": 0,
            "active_for": 0,
            "limits": {"at_once": AT_ONCE, "private_per_host": AT_ONCE},
        }
    )


def _always_due(settings: CollectorSettings) -> CollectorSettings:
    """Return *settings* under which every feed is always due: what is measured is how soon its turn comes."""
    pace = {"interval": INTERVAL, "floor": INTERVAL, "ceiling": INTERVAL}
    return settings.model_copy(update={"sources": [one.model_copy(update=pace) for one in settings.sources]})


async def _pace(feeds: Feeds, size: Size) -> Pace:
    """Return how the polls go that the server sees, once what polls is warm."""
    begun = await feeds.asked()
    while await feeds.asked() < begun + WARM:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    before, started, taken = await feeds.asked(), perf_counter(), spent(but={feeds.process})
    await asyncio.sleep(size.seconds)
    while (polls := await feeds.asked() - before) < FEWEST:  # noqa: ASYNC110 - another process
        await asyncio.sleep(1)
    return Pace(polls / (perf_counter() - started), polls / (spent(but={feeds.process}) - taken))


async def _bare_polls(feeds: Feeds, size: Size) -> Pace:
    async def poll(client: httpx.AsyncClient, url: str) -> None:
        answer = await client.get(url, headers={"If-None-Match": ETAG})
        assert answer.status_code == 304

    return await _bare(feeds, size, poll)


async def _bare_parses(feeds: Feeds, size: Size) -> Pace:
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as parsers:

        async def poll(client: httpx.AsyncClient, url: str) -> None:
            answer = await client.get(url)
            entries = await asyncio.get_running_loop().run_in_executor(parsers, _parse, answer.content)
            assert entries

        return await _bare(feeds, size, poll)


def _parse(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body)).entries)


async def _bare(feeds: Feeds, size: Size, poll: Callable[[httpx.AsyncClient, str], Awaitable[None]]) -> Pace:
    async with httpx.AsyncClient(timeout=30) as client:

        async def work(first: int) -> None:
            while True:
                for url in feeds.urls[first::AT_ONCE]:
                    await poll(client, url)

        workers = [asyncio.create_task(work(first)) for first in range(AT_ONCE)]
        pace = await _pace(feeds, size)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return pace


@contextmanager
def _serving() -> Iterator[tuple[int, int]]:
    """Run the feed server; give its port and its process."""
    command = [sys.executable, "-m", "tests.bench.feed_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield int(server.stdout.readline()), server.pid
        finally:
            server.stdin.close()
