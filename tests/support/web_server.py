"""A programmable HTTP server on the loopback: what a feed, a page or a hook may answer, the wrong and the hostile too.

Use it as ``async with WebServer() as web:``, tell it what to answer with ``web.serve(path, …)``, read ``web.requests``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """One request as it came; header names in lower case. ``at`` is the loop's time."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass
class Page:
    """What is answered at one path.

    ``validate``: send an ETag and Last-Modified, and answer 304 to who sends them back. ``stubborn``: answer 304 to who
    sends validators, true or not. ``delay``: seconds before the first byte. ``drop_after``: bytes of the body after
    which the connection is cut. ``endless``: the body is repeated for ever.
    """

    body: bytes = b""
    status: int = 200
    content_type: str | None = "application/rss+xml"
    headers: dict[str, str] = field(default_factory=dict)
    validate: bool = False
    stubborn: bool = False
    last_modified: str = "Mon, 01 Feb 2016 10:00:00 GMT"
    compress: bool = False
    delay: float = 0.0
    drop_after: int | None = None
    endless: bool = False

    @property
    def etag(self) -> str:
        """The validator of the present body."""
        return f'"{sha256(self.body).hexdigest()[:16]}"'


class WebServer:
    """Serves pages by path, and remembers every request."""

    def __init__(self) -> None:
        self.pages: dict[str, list[Page]] = {}
        self.requests: list[Request] = []
        self.open = 0
        self.most_open = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked = asyncio.Condition()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str) -> str:
        """Return the address of *path*."""
        return f"http://{HOST}:{self.port}{path}"

    def serve(self, path: str, *pages: Page | bytes | str) -> None:
        """Answer *path* with *pages*, one after the other, the last one for ever."""
        self.pages[path] = [page if isinstance(page, Page) else Page(_bytes(page)) for page in pages]

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        """Send whoever asks for *path* to *target*."""
        self.serve(path, Page(status=status, headers={"Location": target}))

    def requests_to(self, path: str) -> list[Request]:
        """Return the requests for *path*, in order."""
        return [request for request in self.requests if request.path == path]

    async def wait_for(self, path: str, requests: int) -> None:
        """Wait until *path* was asked for so many times."""
        async with self._asked:
            await self._asked.wait_for(lambda: len(self.requests_to(path)) >= requests)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        self.requests.append(request)
        async with self._asked:
            self._asked.notify_all()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            page = self._page(request.path)
            if page.delay:
                await asyncio.sleep(page.delay)
            return await _answer(page, request, writer)
        finally:
            self.open -= 1

    def _page(self, path: str) -> Page:
        pages = self.pages.get(path) or [Page(b"nothing here", 404, "text/plain")]
        return pages.pop(0) if len(pages) > 1 else pages[0]


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body, asyncio.get_running_loop().time())


async def _answer(page: Page, request: Request, writer: asyncio.StreamWriter) -> bool:
    """Write the answer; False when the connection ends with it."""
    headers = dict(page.headers)
    body, status = page.body, page.status
    if page.content_type:
        headers.setdefault("Content-Type", page.content_type)
    if page.validate:
        headers |= {"ETag": page.etag, "Last-Modified": page.last_modified}
        if request.headers.get("if-none-match") == page.etag:
            status, body = 304, b""
    if page.stubborn:
        headers["ETag"] = '"ever the same"'
        if "if-none-match" in request.headers:
            status, body = 304, b""
    if page.compress and body:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    if not page.endless and status != 304:
        headers["Content-Length"] = str(len(body))
    lines = [f"HTTP/1.1 {status} As told", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
    if page.drop_after is not None:
        writer.write(body[: page.drop_after])
        await writer.drain()
        return False
    writer.write(body)
    await writer.drain()
    while page.endless:
        writer.write(body)
        await writer.drain()
    return True


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
