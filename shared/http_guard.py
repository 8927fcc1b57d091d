"""A transport for httpx that reaches public addresses only: what a feed or a configured hook may make us connect to.

The check happens where the connection is made, on the very address that is connected to. A name that resolves to
something else a moment later, an address in disguise or a redirect into the own network all meet it. Proxies named in
the environment are not used: behind one the address could not be checked.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpcore
import httpx

Address = IPv4Address | IPv6Address

_UNICAST = IPv6Network("2000::/3")
"""All that IANA has ever given out for the internet. What Python calls global beside it is site-local (fec0::/10), a
translator of the own network (64:ff9b:1::/48, RFC 8215), or IPv4 in an obsolete guise (::/96)."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 behind a translator, RFC 6052; the last 32 bits are the address that is reached."""

_MEANINGS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.NetworkError, httpx.NetworkError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
)


class AddressRefused(httpx.ConnectError):
    """The host is, or resolves to, an address that is not public."""


class NameUnknown(httpx.ConnectError):
    """The host's name does not resolve."""


def guarded_transport(
    *, allow_private: bool = False, verify: ssl.SSLContext | None = None, connections: int = 100
) -> httpx.AsyncBaseTransport:
    """Return a transport for ``httpx.AsyncClient(transport=…)``.

    *allow_private* switches the check off, for sources and hooks that the operator placed in the own network.
    *verify* defaults to httpx's own certificate store; *connections* is the most that are open at once.

    Requests raise httpx's errors; :class:`AddressRefused` and :class:`NameUnknown` are connection errors that say why.
    """
    return _GuardedTransport(allow_private=allow_private, verify=verify, connections=connections)


def is_public(address: Address) -> bool:
    """Whether *address*, taken out of IPv6 wrappings that lead to an IPv4 address, is on the public internet."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if address.teredo:
            return False
        if inner:
            return is_public(inner)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves, checks every address, and connects to one that was checked."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of *host* that answers, after all of them were checked."""
        try:
            async with asyncio.timeout(timeout):
                addresses = await _resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host}: resolving the name took over {timeout:g} seconds") from error
        if not self._allow_private:
            refused = [address for address in addresses if not is_public(address)]
            if refused:
                raise AddressRefused(f"{host}: refused, because {refused[0]} is not a public address")
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = await self._network.connect_tcp(
                    str(address),
                    port,
                    # Several addresses share the time, so that one dead address does not use it up.
                    timeout=timeout / len(addresses) if timeout else None,
                    local_address=local_address,
                    socket_options=socket_options,
                )
                return _Connected(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host}: no address")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore retries with it."""
        await self._network.sleep(seconds)


class _Connected(httpcore.AsyncNetworkStream):
    """A connection that knows by its own socket whether its server has closed it.

    The pool asks that of every idle connection before every request, and the library looks the socket up anew each
    time: with twenty of them that cost as much as the request.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._socket: socket.socket | None = stream.get_extra_info("socket")
        self._poll = select.poll()
        if self._socket and self._socket.fileno() >= 0:
            self._poll.register(self._socket.fileno(), select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as above
        """Return what has come, at most so much; nothing at the end."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Send *buffer*."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Let the connection go."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection with TLS begun on it."""
        return _Connected(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore wants to know of the connection."""
        return self._has_word() if info == "is_readable" else self._stream.get_extra_info(info)

    def _has_word(self) -> bool:
        """Whether something is to be read, which on an idle connection is its end; a closed one counts as ended."""
        return self._socket is None or self._socket.fileno() < 0 or bool(self._poll.poll(0))


class _GuardedTransport(httpx.AsyncBaseTransport):
    def __init__(self, *, allow_private: bool, verify: ssl.SSLContext | None, connections: int) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=verify or httpx.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=connections // 5,
            keepalive_expiry=30.0,
            network_backend=_GuardedNetwork(allow_private=allow_private),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        with _translated():
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Stream(response), extensions=response.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for chunk in self._response.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


async def _resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of *host*, IPv4 first: many machines have an IPv6 address and no way out on it."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NameUnknown(f"{host}: the name does not resolve") from error
    addresses = {ip_address(str(place[4][0]).partition("%")[0]) for place in found}
    return sorted(addresses, key=lambda address: (address.version, int(address)))


@contextmanager
def _translated() -> Iterator[None]:
    """Turn httpcore's errors into httpx's, which is what callers of a transport expect."""
    try:
        yield
    except Exception as error:
        for theirs, ours in _MEANINGS:
            if isinstance(error, theirs):
                raise ours(str(error)) from error
        raise
