"""One bounded HTTP POST: what every channel on the web sends with.

Requests go straight to the transport: redirects are not followed, cookies not kept, and httpx writes no address (which
may be a password) into a log.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import httpx

from shared.clock import Clock
from shared.errors import Reject, Retry
from shared.http_guard import AddressRefused, NameUnknown
from shared.retry_after import seconds_asked

ANSWER_BYTES = 4 * 1024 * 1024
"""More than this is no answer to a notification; a page of Slack's history with its blocks stays below it."""
LONGEST_PAUSE = 6 * 3600.0
"""Seconds; a longer ``Retry-After`` is a mistake more often than a wish."""
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
USER_AGENT = f"claimwatch/{version('claimwatch')}"


@dataclass(frozen=True)
class Answer:
    """What came back. ``retry_after`` is in seconds, when the receiver named a time."""

    status: int
    body: bytes
    retry_after: float | None = None

    def json(self) -> Mapping[str, Any]:
        """Return the body as a JSON object; an empty one when it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Poster:
    """Posts over *transport*. No error text or ``repr`` holds more of an address than its host."""

    def __init__(self, transport: httpx.AsyncBaseTransport, clock: Clock, *, timeout: float) -> None:
        self._transport = transport
        self._clock = clock
        self._timeout = timeout

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send *body* to *url* and return whatever the receiver answers.

        Raises:
            Retry: no answer, or 429 or 503 with ``after`` when the receiver named a time.
            Reject: the address leads into the own network, which was not allowed.

        """
        request = httpx.Request(
            "POST",
            url,
            headers={"User-Agent": USER_AGENT, **headers},
            content=body,
            extensions={"timeout": httpx.Timeout(self._timeout).as_dict()},
        )
        host = request.url.host
        answer = await self._ask(request, host)
        if answer.status in BUSY:
            raise Retry(f"{host} is busy (HTTP {answer.status})", after=answer.retry_after)
        return answer

    async def close(self) -> None:
        """Let connections go."""
        await self._transport.aclose()

    async def _ask(self, request: httpx.Request, host: str) -> Answer:
        """Return the answer, or what its absence means. Causes are cut off: they hold the request with its address."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request)
        except (TimeoutError, httpx.TimeoutException):
            raise Retry(f"{host} gave no answer within {self._timeout:g} seconds") from None
        except AddressRefused:
            raise Reject(
                f"{host} leads to an address that is not public; set allow_private = true in the subscription "
                "if the receiver is in the own network"
            ) from None
        except NameUnknown:
            raise Retry(f"{host} does not resolve; check the address and the name server") from None
        except httpx.TransportError as error:
            raise Retry(f"{host} cannot be reached ({type(error).__name__})") from None

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._transport.handle_async_request(request)
        try:
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > ANSWER_BYTES:
                    break
        finally:
            await response.aclose()
        after = seconds_asked(response.headers.get("retry-after"), self._clock.now(), LONGEST_PAUSE)
        return Answer(response.status_code, body, after)
