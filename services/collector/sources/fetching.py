"""One polite, bounded HTTP GET: what every source that reads the web fetches with."""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from types import TracebackType
from typing import Self

import httpx

from services.collector.sources.challenges import challenger
from services.collector.sources.decoding import Decoder, TooLarge, UnknownEncoding, decoder_for
from services.collector.sources.hosts import Hosts
from shared.clock import Clock, SystemClock
from shared.errors import Retry
from shared.http_guard import AddressRefused, NameUnknown, guarded_transport
from shared.retry_after import seconds_asked

FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json;q=0.9, application/json;q=0.8, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
LONGEST_PAUSE = 86_400.0
"""Seconds; a longer ``Retry-After`` is a mistake more often than a wish."""
_SHORTEST_PAUSE = 60.0
"""Seconds to leave a host alone after 429 or 503, even if it names fewer or none."""
_VALIDATORS = frozenset({"etag", "last-modified"})
_PORTS = {"http": 80, "https": 443}

Paused = Callable[[str, float], Awaitable[None]]
"""Told the name of a host and the seconds it wants to be left alone for, before anything else is done about it."""


@dataclass(frozen=True)
class Limits:
    """How long and how much. Times in seconds, sizes in bytes after decompression."""

    connect: float = 10.0
    total: float = 30.0
    body: int = 10_485_760
    redirects: int = 5


@dataclass(frozen=True)
class Response:
    """The answer to one request, redirects followed. ``headers`` have lower-case names.

    ``moved_permanently_to`` is where 301 and 308 led before any temporary redirect; ``retry_after`` is in seconds, when
    the server named them.
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    moved_permanently_to: str | None = None
    retry_after: float | None = None


class Fetcher:
    """Fetches within limits, host by host in turn, public addresses only unless *allow_private*.

    ``contact`` goes into the User-Agent, so that a publisher can write to somebody before blocking.
    """

    def __init__(
        self,
        *,
        contact: str | None = None,
        limits: Limits | None = None,
        hosts: Hosts | None = None,
        allow_private: bool = False,
        clock: Clock | None = None,
        verify: ssl.SSLContext | None = None,
        paused: Paused | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._hosts = hosts or Hosts()
        self._clock = clock or SystemClock()
        self._paused = paused
        # Without httpx's client around it: cookies, redirects and decoding are not wanted of it, and cost time.
        self._transport = guarded_transport(allow_private=allow_private, verify=verify)
        self._headers = {
            b"User-Agent": f"claimwatch/{version('claimwatch')} (+{contact or 'no contact given'})".encode(),
            b"Accept-Encoding": b"gzip",
            b"Connection": b"keep-alive",
        }
        self._timeout = httpx.Timeout(self._limits.total, connect=self._limits.connect).as_dict()

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, accept: str = FEED_ACCEPT
    ) -> Response:
        """Fetch *url*, following redirects; *etag* and *last_modified* are sent back as they were received.

        Any status but 429 and 503 is returned, 304 included, and these too where they carry a page for people.

        Raises:
            HostPaused: the host asked for a pause before; nothing was sent.
            Retry: no usable answer; the message names the host, the cause and the fix. ``after`` is set when the server
                asked for a pause, which then holds for its whole host.

        """
        headers = self._headers | {b"Accept": accept.encode()}
        if etag:
            headers[b"If-None-Match"] = etag.encode("latin-1", "replace")
        if last_modified:
            headers[b"If-Modified-Since"] = last_modified.encode("latin-1", "replace")
        permanent, moved = True, None
        here = _parsed(url)
        for _ in range(self._limits.redirects + 1):
            response = await self._one(here, headers)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or not target:
                return Response(
                    response.status, response.url, response.headers, response.body, moved, response.retry_after
                )
            here = _target(here, target)
            permanent = permanent and response.status in _PERMANENT
            moved = str(here) if permanent else moved
        raise Retry(f"{here.host}: more than {self._limits.redirects} redirects, beginning at {_shown(url)}")

    async def close(self) -> None:
        """Let connections go."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _one(self, url: httpx.URL, headers: dict[bytes, bytes]) -> Response:
        async with self._hosts.turn(host_name(url)):
            try:
                async with asyncio.timeout(self._limits.total):
                    response = await self._exchange(url, headers)
            except TimeoutError as error:
                raise Retry(f"{url.host}: no complete answer in {self._limits.total:g} seconds") from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Retry(_in_words(url.host, error, self._limits)) from error
            except TooLarge as error:
                limit = f"{self._limits.body:,} bytes"
                raise Retry(
                    f"{url.host}: the answer is over {limit} after decompression. Raise collector.limits.body "
                    "if the source is really that large"
                ) from error
            except UnknownEncoding as error:
                raise Retry(f"{url.host}: the answer cannot be decompressed ({error})") from error
        if response.status in _BUSY and not challenger(response.headers, response.body):
            raise await self._busy(url, response)
        return response

    async def _busy(self, url: httpx.URL, response: Response) -> Retry:
        """Leave the whole host alone for as long as it asks, and return what to tell who wanted something of it."""
        pause = max(response.retry_after or 0.0, _SHORTEST_PAUSE)
        self._hosts.close_for(host_name(url), pause)
        if self._paused:
            await self._paused(host_name(url), pause)
        text = f"{url.host}: the server is busy (HTTP {response.status}) and asks for {pause:.0f} seconds"
        return Retry(text, after=pause)

    async def _exchange(self, url: httpx.URL, headers: dict[bytes, bytes]) -> Response:
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": self._timeout})
        if url.userinfo:
            request.headers["Authorization"] = _basic(url)
        answer = await self._transport.handle_async_request(request)
        async with aclosing(answer):
            body = b""
            if answer.status_code not in _REDIRECTS:
                body = await _read(answer, decoder_for(answer.headers.get("content-encoding", ""), self._limits.body))
            return Response(
                answer.status_code,
                str(url),
                _headers(answer.headers),
                body,
                retry_after=seconds_asked(answer.headers.get("retry-after"), self._clock.now(), LONGEST_PAUSE),
            )


def host_name(url: httpx.URL) -> str:
    """Return by what a host is known: its name, and its port if that is not the scheme's own, a server of its own."""
    return url.host if url.port in {None, _PORTS.get(url.scheme)} else f"{url.host}:{url.port}"


def _basic(url: httpx.URL) -> str:
    """Return name and password in *url* as the header that carries them (RFC 7617)."""
    return f"Basic {b64encode(f'{url.username}:{url.password}'.encode()).decode()}"


def _headers(headers: httpx.Headers) -> dict[str, str]:
    """Return *headers* by lower-case names; validators byte by byte (ISO 8859-1), whatever text they may be."""
    exact = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in headers.raw}
    return {name.lower(): exact[name] if name in _VALIDATORS else value for name, value in headers.items()}


async def _read(answer: httpx.Response, decoder: Decoder) -> bytes:
    parts = [part async for chunk in answer.aiter_raw() for part in decoder.feed(chunk)]
    return b"".join((*parts, *decoder.finish()))


@lru_cache(maxsize=4096)
def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Retry(f"{_shown(url)}: not a web address ({error})") from error
    return _checked(parsed)


def _target(here: httpx.URL, location: str) -> httpx.URL:
    try:
        return _checked(here.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise Retry(f"{here.host}: redirects to something that is not a web address") from error


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in ("http", "https") or not url.host:
        raise Retry(f"{_shown(str(url))}: only http and https addresses are read")
    return url.copy_with(fragment=None) if url.fragment else url


def _in_words(host: str, error: Exception, limits: Limits) -> str:
    if isinstance(error, NameUnknown):
        return f"{host}: the server's name does not resolve. Check the address and this machine's network"
    if isinstance(error, AddressRefused):
        return f"{error}. If this source is in your own network, set allow_private = true on it"
    if isinstance(error, httpx.TimeoutException):
        connecting = isinstance(error, httpx.ConnectTimeout)
        what, seconds = ("connection", limits.connect) if connecting else ("complete answer", limits.total)
        return f"{host}: no {what} in {seconds:g} seconds"
    if isinstance(error, httpx.ConnectError):
        distrust = _distrust(error)
        return f"{host}: {distrust or f'the server does not accept connections ({error})'}"
    broke_off = isinstance(error, httpx.RemoteProtocolError)
    what = "the server broke off or does not speak HTTP" if broke_off else "the connection failed"
    return f"{host}: {what} ({error or type(error).__name__})"


def _distrust(error: BaseException | None) -> str | None:
    while error:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({error.verify_message})"
        error = error.__cause__ or error.__context__
    return None


def _shown(url: str) -> str:
    """Return *url* fit for an error text: bounded, and without a password."""
    return re.sub(r"//[^/@]*@", "//", url)[:200]
