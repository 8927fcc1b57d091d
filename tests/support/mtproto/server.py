"""The server: its channels, its keys, what it answers, and everything a test may make go wrong."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.sessions import StringSession
from telethon.tl import functions, types

from tests.support.channel import Change, Channel, Stored
from tests.support.mtproto import login, wire
from tests.support.mtproto.connection import Connection, Refusal, Silence, key_id
from tests.support.mtproto.secrecy import server_key

ACCOUNT_REQUESTS = (
    functions.users.GetUsersRequest,
    functions.updates.GetStateRequest,
    functions.updates.GetDifferenceRequest,
)
FREE = (functions.help.GetConfigRequest,)
LONGEST_DIFFERENCE = 100
"""Changes of one channel that a difference carries; beyond, the client is told that it is too long."""


class MtprotoServer:
    """An async context manager: a data centre on a free loopback port.

    A key that is used over two sockets at a time is answered as Telegram answers it: never again.

    ``calls`` counts the requests by name; ``silent`` holds updates back, as Telegram does when it sees fit; ``mute``
    leaves requests for channels without an answer.
    """

    def __init__(self, *channels: Channel, dc: int = 2, port: int = 0) -> None:
        self.channels = {channel.name.casefold(): channel for channel in channels}
        self.keys: dict[int, bytes] = {}
        self.calls: Counter[str] = Counter()
        self.silent = False
        self.mute = False
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.trusts_new_keys = False
        self.dc = dc
        self.port = port
        self.others: dict[int, int] = {}
        self.login = login.Login()
        self._authorised: set[int] = set()
        self._refusal: Refusal | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        for channel in channels:
            self._listen(channel)

    async def __aenter__(self) -> Self:
        TelegramClient._config = None  # Telethon remembers the first server's data centres for the whole process
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Go down with every connection."""
        if self._server:
            self._server.close()
            self.drop()
            await asyncio.gather(*self._tasks)
            await self._server.wait_closed()
            self._server = None

    def channel(self, name: str) -> Channel:
        """Return the channel called *name*, created when it is new."""
        if name.casefold() not in self.channels:
            self.channels[name.casefold()] = Channel(name, id=1_000_000_001 + len(self.channels))
            self._listen(self.channels[name.casefold()])
        return self.channels[name.casefold()]

    def session(self) -> str:
        """Return the string session of a logged-in account."""
        key = os.urandom(256)
        self.admit(key)
        self._authorised.add(key_id(key))
        return self._string_session(key)

    def new_session(self) -> str:
        """Return a string session without a key: the client will have to shake hands."""
        server_key()
        return self._string_session(bytes(256))

    def admit(self, key: bytes) -> None:
        """Remember the key of a handshake; it is logged in only where ``trusts_new_keys``."""
        self.keys[key_id(key)] = key
        if self.trusts_new_keys:
            self._authorised.add(key_id(key))

    def revoke(self) -> None:
        """End every login, as the owner does from another device."""
        self._authorised.clear()

    def duplicate(self) -> None:
        """Answer as Telegram does once one key was used from two places."""
        self._refusal = Refusal(406, "AUTH_KEY_DUPLICATED")

    def refuse(self, code: int | None, message: str = "") -> None:
        """Answer every request with one error; None: with none any more."""
        self._refusal = None if code is None else Refusal(code, message)

    def forget_keys(self) -> None:
        """Know no key any more."""
        self.keys.clear()

    def drop(self) -> None:
        """Close every socket."""
        for connection in tuple(self._connections):
            connection.drop()

    @property
    def connected(self) -> int:
        """How many sockets are open."""
        return len(self._connections)

    async def called(self, name: str) -> None:
        """Wait until the request *name* has been made."""
        await self._events[name].wait()

    def respond(self, connection: Connection, request: Any) -> Any:
        """Return the result of one request."""
        name = type(request).__name__.removesuffix("Request")
        self.calls[name] += 1
        self._events[name].set()
        if any(other.open and other.key_id == connection.key_id for other in self._connections - {connection}):
            self.duplicate()
        if self._refusal:
            raise self._refusal
        if isinstance(request, FREE):
            return wire.config_object(self.dc, {self.dc: self.port, **self.others})
        if isinstance(request, login.REQUESTS):
            result, logged_in = self.login.answer(request)
            if logged_in:
                self._authorised.add(connection.key_id)
            return result
        if connection.key_id not in self._authorised:
            raise Refusal(401, "AUTH_KEY_UNREGISTERED")
        if self.mute and type(request) not in ACCOUNT_REQUESTS:
            raise Silence
        handler = HANDLERS.get(type(request))
        if handler is None:
            raise Refusal(400, f"METHOD_{type(request).__name__.upper()}_UNKNOWN")
        connection.updates = True
        return handler(self, request)

    def addressed(self, peer: Any) -> Channel:
        """Return the channel that *peer* addresses, or refuse; a flooded one makes the client wait."""
        for channel in self.channels.values():
            if (channel.id, wire.access_hash(channel)) == (peer.channel_id, peer.access_hash):
                if channel.flood_seconds:
                    raise Refusal(420, f"FLOOD_WAIT_{channel.flood_seconds}")
                if channel.refusal:
                    raise Refusal(*channel.refusal)
                return channel
        raise Refusal(400, "CHANNEL_INVALID")

    def _string_session(self, key: bytes) -> str:
        session = StringSession()
        session.set_dc(self.dc, "127.0.0.1", self.port)
        session.auth_key = AuthKey(key)
        return str(session.save())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._tasks.discard(task)

    def _listen(self, channel: Channel) -> None:
        def tell(change: Change) -> None:
            if not self.silent:
                self._push(channel, change)

        channel.listeners.append(tell)

    def _push(self, channel: Channel, change: Change) -> None:
        update = types.Updates(
            [wire.update_object(channel, channel.pts, change)],
            [],
            wire.chats_of(channel, [change.message]),
            datetime.now(UTC),
            0,
        )
        for connection in self._connections:
            connection.push(update)


def resolve(server: MtprotoServer, request: Any) -> Any:
    """``contacts.resolveUsername``."""
    channel = server.channels.get(request.username.casefold())
    if channel is None:
        raise Refusal(400, "USERNAME_NOT_OCCUPIED")
    if channel.flood_seconds:
        raise Refusal(420, f"FLOOD_WAIT_{channel.flood_seconds}")
    return types.contacts.ResolvedPeer(types.PeerChannel(channel.id), [wire.channel_object(channel)], [])


def history(server: MtprotoServer, request: Any) -> Any:
    """``messages.getHistory``: newest first, from below ``offset_id``, moved by ``add_offset``, at most 100."""
    channel = server.addressed(request.peer)
    newest_first = [channel.messages[number] for number in sorted(channel.messages, reverse=True)]
    above = sum(message.id >= request.offset_id for message in newest_first) if request.offset_id else 0
    start = above + request.add_offset
    end = start + min(request.limit, 100)
    shown = newest_first[max(0, start) : max(0, end)]
    return wire.messages_object(channel, [message for message in shown if _within(message, request)])


def _within(message: Stored, request: Any) -> bool:
    return message.id > request.min_id and (not request.max_id or message.id < request.max_id)


def messages_by_id(server: MtprotoServer, request: Any) -> Any:
    """``channels.getMessages``."""
    channel = server.addressed(request.channel)
    asked = [item.id for item in request.id]
    return wire.messages_object(channel, [channel.messages.get(number) or number for number in asked])


def channel_difference(server: MtprotoServer, request: Any) -> Any:
    """``updates.getChannelDifference``: what happened since ``pts``, or that it was too much."""
    channel = server.addressed(request.channel)
    missed = [(pts, change) for pts, change in channel.changes if pts > request.pts]
    if len(missed) > LONGEST_DIFFERENCE:
        return _too_long(channel)
    if not missed:
        return types.updates.ChannelDifferenceEmpty(channel.pts, final=True)
    new = [change.message for _, change in missed if change.kind == "new" and change.message.id in channel.messages]
    other = [wire.update_object(channel, pts, change) for pts, change in missed if change.kind != "new"]
    return types.updates.ChannelDifference(
        channel.pts,
        [wire.message_object(channel, message) for message in new],
        other,
        wire.chats_of(channel, new),
        [],
        final=True,
    )


def _too_long(channel: Channel) -> Any:
    newest = max(channel.messages, default=0)
    dialog = types.Dialog(
        types.PeerChannel(channel.id), newest, 0, 0, 0, 0, 0, 0, types.PeerNotifySettings(), pts=channel.pts
    )
    last = [channel.messages[newest]] if newest else []
    return types.updates.ChannelDifferenceTooLong(
        dialog,
        [wire.message_object(channel, message) for message in last],
        wire.chats_of(channel, last),
        [],
        final=True,
    )


HANDLERS: dict[type, Callable[[MtprotoServer, Any], Any]] = {
    functions.users.GetUsersRequest: lambda _server, _request: [wire.user_object()],
    functions.updates.GetStateRequest: lambda _server, _request: wire.state_object(),
    functions.updates.GetDifferenceRequest: lambda _server, _request: types.updates.DifferenceEmpty(wire.OPENED, 1),
    functions.updates.GetChannelDifferenceRequest: channel_difference,
    functions.contacts.ResolveUsernameRequest: resolve,
    functions.messages.GetHistoryRequest: history,
    functions.channels.GetMessagesRequest: messages_by_id,
}
