"""What hubs reach: the verification of a subscription, and pushes.

Answers tell nothing apart that a stranger should not know: a wrong signature is accepted and ignored, as the
specification allows.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.collector.websub.store import Subscriptions
from services.collector.websub.subscription import Subscription, denied, is_confidential, is_signed, verified, was_asked
from shared.clock import Clock
from shared.errors import Retry
from shared.metrics import PUSHES

MOST_BODY = 10_485_760
"""Bytes of a push that are taken; it carries the feed, or what is new in it."""
MOST_CHALLENGE = 2_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,9}")

Pushed = Callable[[Subscription], Awaitable[None]]
"""Called for a push that is signed with the subscription's secret, or whose hub was told none."""


def application(subscriptions: Subscriptions, clock: Clock, pushed: Pushed) -> Starlette:
    """Return the callback of every subscription: the last part of its path is the token."""
    callbacks = _Callbacks(subscriptions, clock, pushed)
    return Starlette(routes=[Route("/{path:path}", callbacks.answer, methods=["GET", "POST"])])


class _Callbacks:
    def __init__(self, subscriptions: Subscriptions, clock: Clock, pushed: Pushed) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._pushed = pushed

    async def answer(self, request: Request) -> Response:
        try:
            subscription = await self._known(str(request.path_params["path"]).rpartition("/")[2])
            if request.method == "POST":
                return await self._receive(request, subscription)
            return await self._verify(request, subscription) if subscription else _said(HTTPStatus.NOT_FOUND)
        except ClientDisconnect:
            return _said(HTTPStatus.BAD_REQUEST)
        except Retry:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE)

    async def _known(self, token: str) -> Subscription | None:
        """Return the subscription of *token*; the database is not asked for what strangers made up."""
        return await self._subscriptions.by_token(token) if _TOKEN.fullmatch(token) else None

    async def _verify(self, request: Request, subscription: Subscription) -> Response:
        said, now = request.query_params, self._clock.now()
        mode, topic, challenge = (said.get(f"hub.{name}", "") for name in ("mode", "topic", "challenge"))
        if mode == "denied" and topic == subscription.topic and subscription.state == "asked":
            await self._subscriptions.change(subscription, denied(subscription, now))
            return _said(HTTPStatus.OK)
        if not was_asked(subscription, mode, topic, now) or not 0 < len(challenge) <= MOST_CHALLENGE:
            return _said(HTTPStatus.NOT_FOUND)
        lease = said.get("hub.lease_seconds", "")
        seconds = int(lease) if _NUMBER.fullmatch(lease) else None
        await self._subscriptions.change(subscription, verified(subscription, seconds, now))
        return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def _receive(self, request: Request, subscription: Subscription | None) -> Response:
        if subscription is None:
            PUSHES.labels(status="unknown").inc()
            return _said(HTTPStatus.GONE)  # a hub that still pushes it may stop
        body = await _body(request)
        if body is None:
            PUSHES.labels(status="too-large").inc()
            return _said(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        status = _standing(body, request.headers.get("x-hub-signature", ""), subscription)
        PUSHES.labels(status=status).inc()
        if status != "unsigned":
            await self._pushed(subscription)
        return _said(HTTPStatus.ACCEPTED)


def _standing(body: bytes, signature: str, subscription: Subscription) -> str:
    """Return what a push is: ``accepted``, ``unsigned``, or a ``hint`` from a hub that was told no secret."""
    if not is_confidential(subscription.hub):
        return "hint"
    return "accepted" if is_signed(body, signature, subscription.secret) else "unsigned"


async def _body(request: Request) -> bytes | None:
    """Return the request's body; None as soon as it is too large."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > MOST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _said(status: HTTPStatus) -> Response:
    return PlainTextResponse("", status_code=status)
