"""How fast the collector polls, beside the same addresses fetched barely: httpx in a loop, and feedparser behind it."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
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
WARMING = 2.0
"""Seconds that are not counted: connections and processes begin."""
FIRST_LOOKS = 120.0
"""Seconds that every feed may take to be looked at for the first time."""


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


def measure(folder: Path, rounds: int, feeds: int, seconds: float) -> Iterator[Figure]:
    """Measure polls of unchanged and of changed feeds, each beside its yardstick, in turn."""
    for kind, what, against, bare in (
        ("same", "unchanged feeds (304)", "httpx.AsyncClient in a loop, as many in flight", _bare_polls),
        ("new", "changed feeds, one new item of 20 each", "httpx and feedparser.parse in two processes", _bare_parses),
    ):
        place = folder / kind
        place.mkdir()
        with _serving() as port:
            pairs = asyncio.run(_in_turn(Feeds(port, kind, feeds), place, bare, rounds, seconds))
        yield middle(f"polling {feeds:,} feeds of one host", what, "polls/s", pairs, against)


Bare = Callable[[Feeds, float], Awaitable[float]]


async def _in_turn(feeds: Feeds, folder: Path, bare: Bare, rounds: int, seconds: float) -> list[tuple[float, float]]:
    await upgrade(f"sqlite:///{folder}/state.db")
    await create_topics(f"sqlite:///{folder}/log.db", TOPICS)
    await _collect(feeds, folder, None)
    return [(await _collect(feeds, folder, seconds), await bare(feeds, seconds)) for _ in range(rounds)]


async def _collect(feeds: Feeds, folder: Path, seconds: float | None) -> float:
    """Run the collector; return polls a second over *seconds*, or once every feed has been looked at."""
    settings = _settings(feeds)
    engine = create_engine(f"sqlite:///{folder}/state.db")
    log = await open_log(f"sqlite:///{folder}/log.db", client="bench")
    runtime = Runtime(log, engine)
    before = await feeds.asked()
    collecting = asyncio.create_task(run(runtime, settings))
    try:
        if seconds is None:
            async with asyncio.timeout(FIRST_LOOKS):
                while await feeds.asked() < before + feeds.count:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.5)
            return 0.0
        await asyncio.sleep(WARMING)
        return await _rate(feeds, seconds)
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


async def _rate(feeds: Feeds, seconds: float) -> float:
    before, started = await feeds.asked(), perf_counter()
    await asyncio.sleep(seconds)
    return (await feeds.asked() - before) / (perf_counter() - started)


async def _bare_polls(feeds: Feeds, seconds: float) -> float:
    async def poll(client: httpx.AsyncClient, url: str) -> None:
        answer = await client.get(url, headers={"If-None-Match": ETAG})
        assert answer.status_code == 304

    return await _bare(feeds, seconds, poll)


async def _bare_parses(feeds: Feeds, seconds: float) -> float:
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as parsers:

        async def poll(client: httpx.AsyncClient, url: str) -> None:
            answer = await client.get(url)
            entries = await asyncio.get_running_loop().run_in_executor(parsers, _parse, answer.content)
            assert entries

        return await _bare(feeds, seconds, poll)


def _parse(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body)).entries)


async def _bare(feeds: Feeds, seconds: float, poll: Callable[[httpx.AsyncClient, str], Awaitable[None]]) -> float:
    async with httpx.AsyncClient(timeout=30) as client:

        async def work(first: int) -> None:
            while True:
                for url in feeds.urls[first::AT_ONCE]:
                    await poll(client, url)

        workers = [asyncio.create_task(work(first)) for first in range(AT_ONCE)]
        await asyncio.sleep(WARMING)
        rate = await _rate(feeds, seconds)
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
