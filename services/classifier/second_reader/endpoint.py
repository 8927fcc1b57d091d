"""One bounded question to an endpoint that speaks OpenAI's chat completions.

Requests go straight to the transport: redirects are not followed, cookies not kept, the environment's proxies not used,
and httpx writes nothing into a log. No error holds the request, and with it the key and the text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Literal

import httpx

from services.classifier.second_reader.settings import SecondReaderSettings
from shared.clock import Clock
from shared.errors import ClaimwatchError
from shared.retry_after import seconds_asked

ANSWER_BYTES = 1024 * 1024
"""More than this is no answer: 100,000 tokens of four bytes and what is around them stay below it."""
LONGEST_PAUSE = 6 * 3600.0
"""Seconds; a longer ``Retry-After`` is a mistake more often than a wish."""
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
USER_AGENT = f"claimwatch/{version('claimwatch')}"

Failure = Literal["timeout", "unreachable", "busy", "refused", "failed", "oversized", "malformed"]


class Unanswered(ClaimwatchError):
    """The endpoint gave no answer that can be used. ``after``: seconds for which it asked to be left alone."""

    def __init__(self, failure: Failure, reason: str, *, after: float | None = None) -> None:
        super().__init__(reason)
        self.failure: Failure = failure
        self.reason = reason
        self.after = after


@dataclass(frozen=True)
class Completion:
    """What the model wrote, and the tokens it was billed with, question and answer; None when the bill is missing."""

    content: str
    tokens: int | None


class Endpoint:
    """Asks over *transport*; ``repr`` and errors hold no more of the address than its host."""

    def __init__(self, transport: httpx.AsyncBaseTransport, clock: Clock, settings: SecondReaderSettings) -> None:
        self._transport = transport
        self._clock = clock
        self._url = f"{(settings.base_url or '').rstrip('/')}/chat/completions"
        self._key = settings.api_key
        self._timeout = settings.timeout

    async def ask(self, body: bytes) -> Completion:
        """Send one question and return the answer. The caller bounds the whole; each wait inside is bounded too.

        Raises:
            Unanswered: no answer, an HTTP error, or something that is no chat completion.

        """
        headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        timeout = httpx.Timeout(self._timeout).as_dict()
        request = httpx.Request("POST", self._url, headers=headers, content=body, extensions={"timeout": timeout})
        host = request.url.host
        try:
            status, after, answer = await self._exchange(request)
        except httpx.TimeoutException:
            raise Unanswered("timeout", f"{host} gave no answer in time") from None
        except httpx.HTTPError as error:
            raise Unanswered("unreachable", f"{host} cannot be reached ({type(error).__name__})") from None
        if status in BUSY:
            raise Unanswered("busy", f"{host} is busy (HTTP {status})", after=after)
        if status != HTTPStatus.OK:
            failure: Failure = "refused" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "failed"
            raise Unanswered(failure, f"{host} answered HTTP {status}")
        return read_completion(answer)

    async def close(self) -> None:
        """Let connections go."""
        await self._transport.aclose()

    async def _exchange(self, request: httpx.Request) -> tuple[int, float | None, bytes]:
        response = await self._transport.handle_async_request(request)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > ANSWER_BYTES:
                    raise Unanswered("oversized", f"{request.url.host} sent more than {ANSWER_BYTES} bytes")
        finally:
            await response.aclose()
        after = seconds_asked(response.headers.get("retry-after"), self._clock.now(), LONGEST_PAUSE)
        return response.status_code, after, bytes(body)


def read_completion(body: bytes) -> Completion:
    """Return what the *body* of an answer says. Pure.

    Raises:
        Unanswered: it is no chat completion with a text.

    """
    try:
        value = json.loads(body)
        content = value["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Unanswered("malformed", "the answer is no chat completion") from None
    if not isinstance(content, str):
        raise Unanswered("malformed", "the model wrote nothing")
    # JSON can spell halves of surrogate pairs, which nothing here could store.
    return Completion(content.encode("utf-8", "replace").decode(), _tokens(value))


def _tokens(value: dict[str, Any]) -> int | None:
    usage = value.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if type(total) is int and 0 <= total < 2**40 else None
