"""How fast the collector polls, beside the same addresses fetched barely: httpx in a loop, and feedparser behind it."""

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

AT_ONCE = 32
"""Requests in flight, ours and theirs."""
WORKERS = 2
"""Processes that parse, ours and theirs."""
WARM = 4 * AT_ONCE
"""Polls that are not counted: connections and processes begin."""
FIRST_LOOKS = 180.0
"""Seconds that all feeds together may take to be looked at for the first time."""
TOLD_EVERY = 5.0
"""Seconds between two words on how far the first looks are."""


@dataclass(frozen=True)
class Size:
    """How much is measured: feeds that do not change and feeds that do, rounds, and seconds that each of them takes.

    Fewer feeds change, because the first look at each takes longest of all: every entry is new. There are more of them
    than polls a second, for none is due more often than that.
    """

    same: int
    new: int
    rounds: int
    seconds: float


FULL = Size(same=2000, new=500, rounds=3, seconds=4.0)
QUICK = Size(same=800, new=150, rounds=1, seconds=1.5)


@dataclass(frozen=True)
class Feeds:
    """The feed server, and which of its feeds are meant."""

    port: int
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


Tell = Callable[[str], None]


def measure(folder: Path, size: Size, tell: Tell) -> Iterator[Figure]:
    """Measure polls of unchanged and of changed feeds, each beside its yardstick, in turn; *tell* how far it is."""
    bare = "httpx.AsyncClient in a loop, as many in flight"
    yield _measure(folder, size, tell, Feeds(0, "same", size.same), f"{size.same:,} unchanged feeds (304)", bare)
    parsing = "httpx and feedparser.parse in two processes"
    what = f"{size.new:,} changed feeds, one new item of 20 each"
    yield _measure(folder, size, tell, Feeds(0, "new", size.new), what, parsing)


def _measure(folder: Path, size: Size, tell: Tell, feeds: Feeds, what: str, against: str) -> Figure:
    place = folder / feeds.kind
    place.mkdir()
    with _serving() as port:
        pairs = asyncio.run(_in_turn(replace(feeds, port=port), place, size, tell))
    return middle("polling feeds of one host", what, "polls/s", pairs, against)


async def _in_turn(feeds: Feeds, folder: Path, size: Size, tell: Tell) -> list[tuple[float, float]]:
    await upgrade(f"sqlite:///{folder}/state.db")
    await create_topics(f"sqlite:///{folder}/log.db", TOPICS)
    async with _collecting(feeds, folder):
        await _first_looks(feeds, tell)
    bare = {"same": _bare_polls, "new": _bare_parses}[feeds.kind]
    pairs = []
    for number in range(1, size.rounds + 1):
        async with _collecting(feeds, folder):
            ours = await _rate(feeds, size)
        theirs = await bare(feeds, size)
        tell(f"round {number} of {size.rounds}: {ours:.0f} polls/s, barely {theirs:.0f}")
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
    settings = _settings(feeds)
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
    """Return settings under which every feed is always due: what is measured is how soon its turn comes."""
    source = {"full_text": "never", "allow_private": True, "interval": 1, "ceiling": 1}
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


async def _rate(feeds: Feeds, size: Size) -> float:
    """Return the polls a second that the server sees, once what polls is warm."""
    begun = await feeds.asked()
    while await feeds.asked() < begun + WARM:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    before, started = await feeds.asked(), perf_counter()
    await asyncio.sleep(size.seconds)
    return (await feeds.asked() - before) / (perf_counter() - started)


async def _bare_polls(feeds: Feeds, size: Size) -> float:
    async def poll(client: httpx.AsyncClient, url: str) -> None:
        answer = await client.get(url, headers={"If-None-Match": ETAG})
        assert answer.status_code == 304

    return await _bare(feeds, size, poll)


async def _bare_parses(feeds: Feeds, size: Size) -> float:
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as parsers:

        async def poll(client: httpx.AsyncClient, url: str) -> None:
            answer = await client.get(url)
            entries = await asyncio.get_running_loop().run_in_executor(parsers, _parse, answer.content)
            assert entries

        return await _bare(feeds, size, poll)


def _parse(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body)).entries)


async def _bare(feeds: Feeds, size: Size, poll: Callable[[httpx.AsyncClient, str], Awaitable[None]]) -> float:
    async with httpx.AsyncClient(timeout=30) as client:

        async def work(first: int) -> None:
            while True:
                for url in feeds.urls[first::AT_ONCE]:
                    await poll(client, url)

        workers = [asyncio.create_task(work(first)) for first in range(AT_ONCE)]
        rate = await _rate(feeds, size)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return rate


@contextmanager
def _serving() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.bench.feed_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
