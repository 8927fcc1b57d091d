"""A receiver of webhooks on loopback: keeps every request, checks signatures, answers as told."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.listening import listening


@dataclass(frozen=True)
class Received:
    """One request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of the signatures is the one that Standard Webhooks asks for with *secret*."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body])
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        return any(hmac.compare_digest(expected, given) for given in self.headers["webhook-signature"].split(" "))


@dataclass(frozen=True)
class Reply:
    """What to answer. A ``silent`` reply takes the request and never answers."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    silent: bool = False


class HttpReceiver:
    """Listens while its ``async with`` block runs; ``requests`` are those taken. Answers 200 unless told else."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.always: Reply = Reply()
        self._planned: list[Reply] = []
        self._arrived = asyncio.Condition()
        self._leaving = asyncio.Event()
        self._stack = AsyncExitStack()
        self._listener = socket.socket()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"

    def answer_next(self, *replies: Reply) -> None:
        """Answer the next requests with *replies*, in this order."""
        self._planned.extend(replies)

    async def until(self, number: int) -> list[Received]:
        """Wait until *number* requests have been taken, and return them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= number)
        return self.requests[:number]

    async def __aenter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        await self._stack.enter_async_context(listening(self, self._listener))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self._stack.aclose()
        self._listener.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        async with self._arrived:
            self.requests.append(Received(request.method, request.url.path, dict(request.headers), body))
            self._arrived.notify_all()
        reply = self._planned.pop(0) if self._planned else self.always
        if reply.silent:
            await self._leaving.wait()
        await Response(reply.body, reply.status, dict(reply.headers))(scope, receive, send)
