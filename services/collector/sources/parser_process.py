"""Parsing in processes of their own, with a limit of time and memory: what a hostile document can cost.

A worker reads requests from its standard input and answers on its standard output, both as a length (four bytes, big
endian) and that many bytes. One that takes too long is killed and replaced; nothing else notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO, Literal

from services.collector.sources import Challenged, NoFeed, sitemap_parsing
from services.collector.sources.article_parsing import Article, NotAnArticle, parse_article, parse_page
from services.collector.sources.feed_parsing import Feed, NotAFeed, as_json, from_json, parse_feed
from services.collector.sources.nesting import TooDeep
from services.collector.sources.sitemap_parsing import NotASitemap, Sitemap, parse_sitemap
from services.collector.sources.telegram import markup
from services.collector.sources.telegram.markup import Landing, Page, read_landing, read_page
from shared.errors import Retry

Task = Literal["feed", "page", "article", "sitemap", "preview", "landing"]
USES = 500
"""Documents after which a worker is replaced: parsers in C leak a little."""


_REFUSALS: dict[str, type[Retry]] = {kind.trouble: kind for kind in (Challenged, NoFeed)}


class ParserPool:
    """At most *workers* processes, begun when first needed. *seconds* and *memory* (bytes) are for one document."""

    def __init__(self, *, workers: int = 2, seconds: float = 20.0, memory: int = 1 << 30) -> None:
        self._seconds = seconds
        self._memory = memory
        self._turn = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []

    async def feed(self, body: bytes, content_type: str | None, url: str) -> Feed:
        """Return the feed in *body*.

        Raises:
            NoFeed, Challenged: it is none.
            Retry: it cannot be read within the limits.

        """
        return from_json(await self._ask("feed", body, content_type, url))

    async def page(self, body: bytes, content_type: str | None, url: str) -> str:
        """Return the markup in *body* as text, bounded, for a gate to look at.

        Raises:
            Retry: it cannot be read within the limits.

        """
        return str((await self._ask("page", body, content_type, url))["text"])

    async def article(self, body: bytes, content_type: str | None, url: str) -> Article:
        """Return the article in *body*.

        Raises:
            Retry: there is none, or it cannot be read within the limits.

        """
        return Article(**await self._ask("article", body, content_type, url))

    async def sitemap(self, body: bytes, content_type: str | None, url: str, *, since: datetime) -> Sitemap:
        """Return what the sitemap in *body* lists of *since* or later.

        Raises:
            Retry: it is none, or cannot be read within the limits.

        """
        answer = await self._ask("sitemap", body, content_type, url, since=since.isoformat())
        return sitemap_parsing.from_json(answer)

    async def preview(self, body: bytes, url: str, channel: str) -> Page:
        """Return what the page of *channel* in *body* shows.

        Raises:
            Retry: it cannot be read within the limits.

        """
        return markup.from_json(await self._ask("preview", body, None, url, channel=channel))

    async def landing(self, body: bytes, url: str) -> Landing:
        """Return what the page in *body* says about a channel that shows no history.

        Raises:
            Retry: it cannot be read within the limits.

        """
        return Landing(**await self._ask("landing", body, None, url))

    async def close(self) -> None:
        """End the idle workers."""
        while self._idle:
            await self._idle.pop().end()

    async def _ask(self, task: Task, body: bytes, content_type: str | None, url: str, **more: str) -> dict[str, Any]:
        head = json.dumps({"task": task, "content_type": content_type, "url": url} | more).encode()
        async with self._worker() as worker:
            try:
                async with asyncio.timeout(self._seconds):
                    answer = json.loads(await worker.ask(head, body))
            except TimeoutError as error:
                raise Retry(f"{url}: reading it took over {self._seconds:g} seconds, so it was given up") from error
            except (asyncio.IncompleteReadError, OSError) as error:
                raise Retry(f"{url}: reading it needed too much memory or broke the reader") from error
        if "error" in answer:
            text = f"{url}: {answer['error']}"
            raise _REFUSALS.get(answer.get("kind"), Retry)(text)
        return dict(answer)

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator[_Worker]:
        async with self._turn:
            worker = self._idle.pop() if self._idle else await _Worker.begin(self._memory)
            whole = False
            try:
                yield worker
                whole = worker.uses < USES
            finally:
                if whole:
                    self._idle.append(worker)
                else:
                    await worker.end()


class _Worker:
    def __init__(self, process: Process) -> None:
        self._process = process
        self.uses = 0

    @classmethod
    async def begin(cls, memory: int) -> _Worker:
        # Only what a parser needs: no secrets of the environment, and no signals of the terminal.
        environment = {name: value for name, value in os.environ.items() if name in {"PATH", "PYTHONPATH", "LANG"}}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            str(memory),
            stdin=PIPE,
            stdout=PIPE,
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        return cls(process)

    async def ask(self, head: bytes, body: bytes) -> bytes:
        self.uses += 1
        sink, source = self._process.stdin, self._process.stdout
        if sink is None or source is None:
            raise BrokenPipeError
        sink.write(b"".join((len(head).to_bytes(4), head, len(body).to_bytes(4), body)))
        await sink.drain()
        return await source.readexactly(int.from_bytes(await source.readexactly(4)))

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until *source* ends."""
    while (head := _read(source)) is not None and (body := _read(source)) is not None:
        answer = json.dumps(handle(json.loads(head), body)).encode()
        sink.write(len(answer).to_bytes(4) + answer)
        sink.flush()


def handle(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return the answer to one request; a document that cannot be read is an answer too."""
    try:
        return _READERS[request["task"]](body, request)
    except (NotAFeed, NotAnArticle, NotASitemap, TooDeep) as error:
        return {"error": str(error)} | _kind(error)
    except Exception as error:  # noqa: BLE001 - parsers of others' code, on hostile input, in a process of its own
        return {"error": f"the reader failed on it ({type(error).__name__})"}


def _sitemap(body: bytes, asked: dict[str, Any]) -> dict[str, Any]:
    since = datetime.fromisoformat(asked["since"])
    return sitemap_parsing.as_json(parse_sitemap(body, asked["content_type"], since))


_READERS: dict[Task, Callable[[bytes, dict[str, Any]], dict[str, Any]]] = {
    "feed": lambda body, asked: as_json(parse_feed(body, asked["content_type"], asked["url"])),
    "page": lambda body, asked: {"text": parse_page(body, asked["content_type"])},
    "article": lambda body, asked: asdict(parse_article(body, asked["content_type"], asked["url"])),
    "sitemap": _sitemap,
    "preview": lambda body, asked: markup.as_json(read_page(body, asked["channel"])),
    "landing": lambda body, _asked: asdict(read_landing(body)),
}
"""What each task makes of a document, given the request."""


def _kind(error: Exception) -> dict[str, str]:
    if not isinstance(error, NotAFeed):
        return {}
    return {"kind": (Challenged if error.challenged else NoFeed).trouble}


def _read(source: BinaryIO) -> bytes | None:
    length = source.read(4)
    return source.read(int.from_bytes(length)) if length else None


if __name__ == "__main__":
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    work(sys.stdin.buffer, sys.stdout.buffer)
