"""Feeds for the bench, served by a process of its own: ``python -m tests.bench.feed_server`` prints its port.

``/same/N`` is a feed that never changes and answers 304 to its ETag; ``/new/N`` has one more item with every request
and no validator; ``/count`` says how many feeds were asked for so far.
"""

from __future__ import annotations

import asyncio
import sys

ITEMS = 20
WORDS = "Two soldiers were killed and four wounded when a shell hit their post near the road to the town. "
ETAG = '"bench"'


def feed(number: int, newest: int) -> bytes:
    """Return an RSS feed of some 19 KB whose newest item is *newest*."""
    items = "".join(
        f"<item><guid>{number}-{one}</guid><link>http://e.org/{number}/{one}</link>"
        f"<title>Report {one}: two killed</title>"
        f"<pubDate>Mon, 01 Feb 2016 {one // 60 % 24:02}:{one % 60:02}:00 GMT</pubDate>"
        f"<description>&lt;p&gt;{WORDS * 8} ({number}, {one})&lt;/p&gt;</description></item>"
        for one in range(newest, newest - ITEMS, -1)
    )
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
    return f"{head}<title>Bench {number}</title>{items}</channel></rss>".encode()


class _Answering(asyncio.Protocol):
    answered = 0
    newest: dict[str, int] = {}  # noqa: RUF012 - one server, one count

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        target = request.split(b" ", 2)[1].decode()
        if target == "/count":
            return _response(b"200 OK", str(_Answering.answered).encode())
        _Answering.answered += 1
        _, kind, number = target.split("/")
        if kind == "new":
            _Answering.newest[number] = newest = _Answering.newest.get(number, ITEMS) + 1
            return _response(b"200 OK", feed(int(number), newest))
        if f"if-none-match: {ETAG}".encode() in request.lower():
            return f"HTTP/1.1 304 Not Modified\r\nETag: {ETAG}\r\n\r\n".encode()
        return _response(b"200 OK", feed(int(number), ITEMS), f"ETag: {ETAG}\r\n".encode())


def _response(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/rss+xml\r\n%bContent-Length: %d\r\n\r\n"
    return head % (status, more, len(body)) + body


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answering, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
