"""A WebSub hub on the loopback: verifies who asks, and pushes what it is told, over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.listening import listening


@dataclass(frozen=True)
class Subscriber:
    """Who asked to be pushed, and what was found when that was verified."""

    callback: str
    topic: str
    secret: str
    verified: bool


class Hub:
    """Listens while its ``async with`` block runs. ``status`` is what requests are answered with, ``lease`` seconds."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.subscribers: list[Subscriber] = []
        self.status = 202
        self.lease = 864_000
        self._changed = asyncio.Condition()
        self._verifying: set[asyncio.Task[None]] = set()
        self._stack = AsyncExitStack()
        self._listener = socket.socket()
        self._client = httpx.AsyncClient(timeout=5)

    @property
    def url(self) -> str:
        """Where to subscribe."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/hub"

    async def until_asked(self, times: int) -> None:
        """Wait until so many requests were answered and, where they were accepted, verified."""
        async with self._changed:
            done = self.subscribers if self.status < 300 else self.requests
            await self._changed.wait_for(lambda: len(done) >= times)

    async def verify(self, callback: str, topic: str, **more: str) -> httpx.Response:
        """Ask *callback* whether it wants *topic*, as for a request that was made."""
        query = {
            "hub.mode": "subscribe",
            "hub.topic": topic,
            "hub.challenge": secrets.token_hex(8),
            "hub.lease_seconds": str(self.lease),
        }
        return await self._client.get(callback, params=query | more)

    async def push(
        self, subscriber: Subscriber, body: bytes, *, method: str = "sha256", secret: str | None = None
    ) -> int:
        """Push *body*, signed with *method* and the subscriber's or another *secret*; return the answer's status."""
        key = (subscriber.secret if secret is None else secret).encode()
        signature = hmac.new(key, body, getattr(hashlib, method)).hexdigest()
        headers = {"X-Hub-Signature": f"{method}={signature}", "Content-Type": "application/rss+xml"}
        return (await self._client.post(subscriber.callback, content=body, headers=headers)).status_code

    async def __aenter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        app = Starlette(routes=[Route("/hub", self._subscribe, methods=["POST"])])
        await self._stack.enter_async_context(self._client)
        await self._stack.enter_async_context(listening(app, self._listener))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._verifying:
            task.cancel()
        await self._stack.aclose()
        self._listener.close()

    async def _subscribe(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.requests.append(form)
        if self.status < 300:
            task = asyncio.create_task(self._confirm(form))
            self._verifying.add(task)
            task.add_done_callback(self._verifying.discard)
        async with self._changed:
            self._changed.notify_all()
        return Response(status_code=self.status)

    async def _confirm(self, form: dict[str, str]) -> None:
        callback, topic = form["hub.callback"], form["hub.topic"]
        answer = await self.verify(callback, topic)
        verified = answer.status_code == 200 and answer.text == answer.request.url.params["hub.challenge"]
        self.subscribers.append(Subscriber(callback, topic, form.get("hub.secret", ""), verified))
        async with self._changed:
            self._changed.notify_all()
