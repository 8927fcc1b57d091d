"""Serves a world over real HTTP, every host at an address of its own on the loopback, and writes down who asked what.

A host can be all that a real one is: busy, silent, broken, away. What it does depends on the simulated time only.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from hashlib import sha256
from time import monotonic
from urllib.parse import parse_qs, urlsplit

from tests.support.channel import Channel
from tests.support.preview_site import history
from tests.support.simulation.outlets import TOKEN, Broadcast, Outlet, Server, Story, Trouble, World
from tests.support.simulation.rendering import TYPES, render
from tests.support.simulation.time import START, SharedClock

LONGEST_WAIT = 1800.0
"""Most seconds of a ``Retry-After``; whose trouble lasts longer says it again."""
LOOKED_AFTER = 0.01
"""Seconds between two looks at which hosts are to be away."""
STALLED = 0.3
"""Seconds (of ours) without a turn of the processor, after which the times of requests do not tell their distance."""


@dataclass(slots=True)
class Exchange:
    """One request and what became of it.

    ``conditional``: it showed a validator; ``older``: it asked for an older page; ``beside``: how many others the host
    had in hand. ``status`` is 0 for no answer. ``phase`` is the phase of the feed that was served, ``posts`` what a
    channel's page showed; ``whole``: all of it was sent. ``shut`` is until when the server wants to be left alone.
    """

    at: float
    life: int
    host: str
    source: str
    conditional: bool
    older: bool
    beside: int
    status: int = 0
    phase: int | None = None
    posts: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    shut: float | None = None
    trouble: str | None = None


@dataclass
class Site:
    """The servers of a *world*; ``exchanges`` is their common log. ``heard`` is called after every answer.

    ``stalls`` are when this process had no turn of the processor: what came meanwhile was written down together.
    """

    world: World
    clock: SharedClock
    life: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)
    heard: Callable[[Exchange], None] | None = None
    ports: dict[str, int] = field(default_factory=dict)
    _open: Counter[str] = field(default_factory=Counter)
    _connections: dict[str, set[asyncio.StreamWriter]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._outlets = {f"/{one.name}": one for one in self.world.outlets}
        self._channels = {one.name: _Told(one) for one in self.world.channels}
        self._rendered: dict[str, tuple[int, bytes, str]] = {}
        every = [one.server for one in self.world.outlets] + [self.world.telegram]
        self._servers = list({one.address: one for one in every}.values())

    def url(self, outlet: Outlet) -> str:
        """Return the address of the feed of *outlet*."""
        return f"http://{outlet.server.address}:{self.ports[outlet.server.address]}/{outlet.name}"

    @property
    def telegram_url(self) -> str:
        """Where channels have their preview pages."""
        address = self.world.telegram.address
        return f"http://{address}:{self.ports[address]}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve while the block runs."""
        running = {one.address: await self._listen(one) for one in self._servers}
        self.ports = {address: one.sockets[0].getsockname()[1] for address, one in running.items()}
        care = asyncio.create_task(self._go_and_come(running))
        try:
            yield
        finally:
            care.cancel()
            await asyncio.wait([care])
            for address, server in running.items():
                server.close()
                self._cut(address)

    async def _listen(self, server: Server) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._connected(server, reader, writer)

        return await asyncio.start_server(connected, server.address, self.ports.get(server.address, 0))

    async def _go_and_come(self, running: dict[str, asyncio.Server]) -> None:
        """Close the sockets of hosts that are to be away, and open them again; write down when we ourselves stalled."""
        goings = [one for server in self._servers for one in server.troubles if one.kind == "down"]
        turns = sorted({moment for one in goings for moment in (one.since, one.until)}, reverse=True)
        while True:
            awake, since = monotonic(), self.clock.seconds()
            await asyncio.sleep(LOOKED_AFTER)
            moment = self.clock.seconds()
            if monotonic() - awake > STALLED:
                self.stalls.append((since, moment))
            if not turns or moment < turns[-1]:
                continue
            while turns and turns[-1] <= moment:
                turns.pop()
            for server in self._servers:
                away = _is(server.trouble(moment), "down")
                if away and running[server.address].is_serving():
                    running[server.address].close()
                    self._cut(server.address)
                elif not away and not running[server.address].is_serving():
                    running[server.address] = await self._listen(server)

    def _cut(self, address: str) -> None:
        for writer in self._connections.pop(address, ()):
            writer.transport.abort()

    async def _connected(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = self._connections.setdefault(server.address, set())
        mine.add(writer)
        try:
            while not _is(server.trouble(self.clock.seconds()), "down"):
                head = await reader.readuntil(b"\r\n\r\n")
                await self._exchange(server, head.decode("latin-1"), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            mine.discard(writer)
            writer.transport.abort()

    async def _exchange(
        self, server: Server, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        first, *rest = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        target = urlsplit(first.split(" ")[1])
        done = Exchange(
            self.clock.seconds(),
            self.life,
            server.address,
            target.path.rpartition("/")[2],
            "if-none-match" in headers or "if-modified-since" in headers,
            "before" in target.query,
            self._open[server.address],
        )
        self.exchanges.append(done)
        self._open[server.address] += 1
        try:
            answer = self._answer(server, target.path, target.query, headers, done)
            if answer is None:
                await reader.read()  # for ever, until the other side gives up
                raise ConnectionResetError
            if done.trouble in ("cut", "reset"):
                writer.write(answer[: len(answer) // 2 if done.trouble == "cut" else 0])
                await writer.drain()
                raise ConnectionResetError
            writer.write(answer)
            await writer.drain()
            done.whole = True
        finally:
            self._open[server.address] -= 1
            if self.heard:
                self.heard(done)

    def _answer(self, server: Server, path: str, query: str, headers: dict[str, str], done: Exchange) -> bytes | None:
        trouble = server.trouble(done.at)
        done.trouble = trouble.kind if trouble else None
        match done.trouble:
            case "busy" | "busy-date" | "unavailable":
                return self._busy(trouble, done)  # type: ignore[arg-type]
            case "silent":
                return None
            case "missing" | "broken":
                done.status = 404 if done.trouble == "missing" else 500
                return _response(done.status, {}, b"no")
            case "page":
                done.status = 200
                return _response(
                    200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><body>Back soon</body></html>"
                )
        if path.startswith("/s/"):
            return self._preview(done, query)
        return self._feed(self._outlets[path], headers, done)

    def _busy(self, trouble: Trouble, done: Exchange) -> bytes:
        seconds = min(trouble.until - done.at, LONGEST_WAIT)
        whole = int(seconds) + 1
        done.status = 503 if trouble.kind == "unavailable" else 429
        done.shut = done.at + whole
        asked = str(whole)
        if trouble.kind == "busy-date":
            until = (START + timedelta(seconds=int(done.at) + whole)).replace(microsecond=0)
            done.shut, asked = (until - START).total_seconds(), format_datetime(until, usegmt=True)
        return _response(done.status, {"Retry-After": asked}, b"later")

    def _feed(self, outlet: Outlet, headers: dict[str, str], done: Exchange) -> bytes:
        done.phase = outlet.phase(done.at)
        body, etag = self._body(outlet, done.phase)
        changed = START + timedelta(seconds=int(outlet.changes[done.phase]) + 1)
        sent = {"ETag": etag, "Last-Modified": format_datetime(changed, usegmt=True)}
        allowed = {"both": ("ETag", "Last-Modified"), "date": ("Last-Modified",), "none": ()}
        sent = {name: sent[name] for name in allowed.get(outlet.validators, ("ETag",))}
        asked = [headers.get("if-none-match"), headers.get("if-modified-since")]
        fresh = (
            asked[0] == sent["ETag"]
            if "ETag" in sent
            else asked[1] is not None and asked[1] == sent.get("Last-Modified")
        )
        lies = done.trouble == "stale" and done.conditional
        if fresh or lies:
            done.status, done.whole = 304, True
            return _response(304, {} if lies else sent, b"")
        done.status = 200
        return _response(200, sent | {"Content-Type": TYPES[outlet.form]}, body)

    def _body(self, outlet: Outlet, phase: int) -> tuple[bytes, str]:
        """Return the feed and its ETag, made once for each phase."""
        made = self._rendered.get(outlet.name)
        if made is None or made[0] != phase:
            body = render(outlet, phase)
            etag = '"for ever"' if outlet.validators == "frozen" else f'"{sha256(body).hexdigest()[:20]}"'
            made = self._rendered[outlet.name] = (phase, body, etag)
        return made[1:]

    def _preview(self, done: Exchange, query: str) -> bytes:
        told = self._channels[done.source]
        told.go_on(done.at)
        before = parse_qs(query).get("before")
        page = history(told.channel, int(before[0]) if before else None)
        done.status = 200
        done.posts = tuple((token, told.texts[token]) for token in TOKEN.findall(page))
        return _response(200, {"Content-Type": "text/html; charset=utf-8"}, page.encode())


class _Told:
    """A channel as far as its story has been told."""

    def __init__(self, broadcast: Broadcast) -> None:
        self.channel = Channel(broadcast.name)
        if broadcast.birth_shown:
            self.channel.post("Channel created", at=START - timedelta(days=30), service=True)
        self.texts: dict[str, str] = {}
        self._ids: dict[str, int] = {}
        steps = [(text.since, story, text.body) for story in broadcast.posts for text in story.texts]
        steps += [(story.gone, story, None) for story in broadcast.posts if story.gone]
        by_token = {story.token: story for story in broadcast.posts}
        steps += [(at, by_token[token], "") for at, token in broadcast.reactions]
        self._left: list[tuple[float, Story, str | None]] = sorted(steps, key=lambda step: step[0], reverse=True)

    def go_on(self, moment: float) -> None:
        """Let happen what happens until *moment*."""
        while self._left and self._left[-1][0] <= moment:
            at, story, text = self._left.pop()
            token, when = story.token, START + timedelta(seconds=at)
            if text and token not in self._ids:
                self._ids[token] = self.channel.post(text, at=when)
            elif (number := self._ids[token]) not in self.channel.messages:
                continue
            elif text is None:
                self.channel.delete(number)
            elif text:
                self.channel.edit(number, text, at=when)
            else:
                self.channel.react(number)
            self.texts[token] = text or self.texts[token]


def _is(trouble: Trouble | None, kind: str) -> bool:
    return trouble is not None and trouble.kind == kind


def _response(status: int, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} As told", *(f"{name}: {value}" for name, value in headers.items())]
    if status != 304:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
