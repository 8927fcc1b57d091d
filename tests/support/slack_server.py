"""Slack at the socket: the Web API methods we use and incoming webhooks, with Slack's limits, errors and threads."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from shared.listening import listening
from tests.support.slack_limits import refuse

TOKEN = "xoxb-1111-2222-testtoken"
HOOK = "/services/T0000/B0000/hiddenpath"
HISTORY = "channels:history"
PAGE = 100


@dataclass
class Posted:
    """One message as Slack keeps it. ``versions`` are its earlier texts, oldest first."""

    ts: str
    channel: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: dict[str, Any] | None = None
    versions: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """Everything a reader sees."""
        return json.dumps(self.blocks, ensure_ascii=False)


@dataclass(frozen=True)
class _Plan:
    """How to answer the next call of one method: before it is carried out, or after."""

    method: str
    response: Response | None = None
    silent: bool = False


class SlackServer:
    """Listens while its ``async with`` block runs; ``messages`` are those in all channels, in the order they came."""

    def __init__(self, *, channels: tuple[str, ...] = ("C0000000001",), page: int = PAGE) -> None:
        self.messages: list[Posted] = []
        self.calls: list[str] = []
        self.channels = set(channels)
        self.scopes = {"chat:write", HISTORY}
        self._page = page
        self._plans: list[_Plan] = []
        self._numbers = count(1)
        self._arrived = asyncio.Condition()
        self._leaving = asyncio.Event()
        self._stack = AsyncExitStack()
        self._listener = socket.socket()

    @property
    def url(self) -> str:
        """Base address of the Web API, in place of ``https://slack.com/api/``."""
        return f"{self._origin}/api/"

    @property
    def webhook_url(self) -> str:
        """An incoming webhook into the first channel."""
        return f"{self._origin}{HOOK}"

    @property
    def threads(self) -> dict[str, list[Posted]]:
        """The replies below each message that has any, or none yet."""
        roots = [message.ts for message in self.messages if message.thread_ts is None]
        return {root: [one for one in self.messages if one.thread_ts == root] for root in roots}

    def limit_next(self, method: str, after: int) -> None:
        """Answer the next call of *method* with 429 and ``Retry-After``."""
        response = JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(after)})
        self._plans.append(_Plan(method, response))

    def refuse_next(self, method: str, code: str) -> None:
        """Answer the next call of *method* with the error *code*."""
        self._plans.append(_Plan(method, JSONResponse({"ok": False, "error": code})))

    def break_next(self, method: str, status: int = 503, body: str = "upstream") -> None:
        """Answer the next call of *method* with an HTTP error."""
        self._plans.append(_Plan(method, PlainTextResponse(body, status)))

    def fall_silent_after(self, method: str) -> None:
        """Carry the next call of *method* out and never say so."""
        self._plans.append(_Plan(method, silent=True))

    def delete(self, ts: str) -> None:
        """Let somebody delete a message."""
        self.messages = [message for message in self.messages if message.ts != ts]

    async def until(self, number: int) -> list[Posted]:
        """Wait until *number* messages stand there, and return them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.messages) >= number)
        return self.messages[:number]

    async def __aenter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        self._origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
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
            body = (await request.body()).decode()
        except ClientDisconnect:
            return
        path = request.url.path
        method = "webhook" if path.startswith("/services/") else path.removeprefix("/api/")
        self.calls.append(method)
        plan = next((one for one in self._plans if one.method == method), None)
        if plan is not None:
            self._plans.remove(plan)
        response = plan.response if plan and plan.response else await self._carry_out(request, method, body)
        if plan is not None and plan.silent:
            await self._leaving.wait()
        await response(scope, receive, send)

    async def _carry_out(self, request: Request, method: str, body: str) -> Response:
        if method == "webhook":
            return await self._webhook(request.url.path, json.loads(body))
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error("invalid_auth")
        given = dict(parse_qsl(body, keep_blank_values=True))
        if given.get("channel") not in self.channels:
            return _error("channel_not_found")
        return await self._call(method, given)

    async def _call(self, method: str, given: Mapping[str, str]) -> Response:
        if method == "chat.postMessage":
            return await self._post(given)
        if method == "chat.update":
            return self._update(given)
        if method in ("conversations.history", "conversations.replies"):
            return self._read(method, given)
        return _error("unknown_method")

    async def _webhook(self, path: str, given: Mapping[str, Any]) -> Response:
        if path != HOOK:
            return PlainTextResponse("no_service", 404)
        blocks = list(given.get("blocks", []))
        if error := refuse(given.get("text", ""), blocks):
            return PlainTextResponse(error, 400)
        await self._keep(Posted(self._ts(), min(self.channels), given["text"], blocks))
        return PlainTextResponse("ok")

    async def _post(self, given: Mapping[str, str]) -> Response:
        blocks = json.loads(given.get("blocks", "[]"))
        if error := refuse(given.get("text", ""), blocks):
            return _error(error)
        if given.get("parse") != "none" or given.get("link_names") == "true":
            return _error("test_server_would_find_names_in_text")
        metadata = json.loads(given["metadata"]) if "metadata" in given else None
        broadcast = given.get("reply_broadcast") == "true"
        message = Posted(
            self._ts(), given["channel"], given["text"], blocks, given.get("thread_ts"), broadcast, metadata
        )
        await self._keep(message)
        return JSONResponse({"ok": True, "channel": message.channel, "ts": message.ts})

    def _update(self, given: Mapping[str, str]) -> Response:
        message = next((one for one in self.messages if one.ts == given["ts"]), None)
        if message is None:
            return _error("message_not_found")
        blocks = json.loads(given.get("blocks", "[]"))
        if error := refuse(given.get("text", ""), blocks):
            return _error(error)
        message.versions.append(message.text)
        message.text, message.blocks = given["text"], blocks
        return JSONResponse({"ok": True, "ts": message.ts})

    def _read(self, method: str, given: Mapping[str, str]) -> Response:
        if HISTORY not in self.scopes:
            return _error("missing_scope")
        inside = [one for one in self.messages if one.channel == given["channel"]]
        if method == "conversations.replies":
            found = [one for one in inside if given["ts"] in (one.ts, one.thread_ts)]
        else:
            found = [one for one in reversed(inside) if one.thread_ts is None or one.broadcast]
        found = [one for one in found if float(one.ts) >= float(given.get("oldest", "0"))]
        start = int(given.get("cursor") or 0)
        end = start + min(int(given.get("limit", "100")), self._page)
        shown = [_as_slack(one, metadata=given.get("include_all_metadata") == "true") for one in found[start:end]]
        cursor = str(end) if end < len(found) else ""
        return JSONResponse({"ok": True, "messages": shown, "response_metadata": {"next_cursor": cursor}})

    async def _keep(self, message: Posted) -> None:
        async with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    def _ts(self) -> str:
        return f"{1_800_000_000 + next(self._numbers)}.000100"


def _error(code: str) -> Response:
    return JSONResponse({"ok": False, "error": code})


def _as_slack(message: Posted, *, metadata: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks}
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown
