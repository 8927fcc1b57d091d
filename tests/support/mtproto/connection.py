"""One client's socket: packets in and out, the handshake, and requests unwrapped down to what is really asked."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from typing import Any, Protocol
from zlib import crc32

from telethon.crypto import AuthKey
from telethon.extensions import BinaryReader
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked, MessageContainer

from tests.support.mtproto.secrecy import Handshake, Sealed, open_message, seal_message

RPC_RESULT = 0xF35C6D01
VECTOR = 0x1CB5C415
WRAPPERS = (
    functions.InvokeWithLayerRequest,
    functions.InitConnectionRequest,
    functions.InvokeWithoutUpdatesRequest,
    functions.InvokeAfterMsgRequest,
)
UNKNOWN_KEY = struct.pack("<i", -404)


class Refusal(Exception):
    """The server answers with an error of Telegram's own kind."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Silence(Exception):
    """The server gives no answer."""


class Keys(Protocol):
    """The authorisation keys a server knows, by their id."""

    keys: dict[int, bytes]

    def admit(self, key: bytes) -> None:
        """Remember the key a handshake ended with."""
        ...

    def respond(self, connection: Connection, request: Any) -> Any:
        """Return the result of *request*, or raise a Refusal."""
        ...


class Connection:
    """Reads packets until the client leaves; every request gets a result or an error, never silence."""

    def __init__(self, server: Keys, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.key_id = 0
        self.updates = False
        self._server = server
        self._reader = reader
        self._writer = writer
        self._handshake = Handshake()
        self._key = b""
        self._session = 0
        self._sent = 0
        self._last_id = 0

    async def serve(self) -> None:
        """Answer until the socket closes."""
        try:
            while packet := await self._packet():
                self._take(packet)
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.drop()

    @property
    def open(self) -> bool:
        """Whether the socket is, at both ends."""
        return not self._writer.is_closing() and not self._reader.at_eof()

    def drop(self) -> None:
        """Close the socket, as a network does."""
        self._writer.close()

    def push(self, update: Any) -> None:
        """Send *update*, if this client has asked for any."""
        if self.updates and not self._writer.is_closing():
            self._say(bytes(update))

    async def _packet(self) -> bytes:
        head = await self._reader.readexactly(8)
        length, _ = struct.unpack("<ii", head)
        rest = await self._reader.readexactly(length - 8)
        if struct.unpack("<I", rest[-4:])[0] != crc32(head + rest[:-4]):
            raise ConnectionError("broken packet")
        return rest[:-4]

    def _write(self, payload: bytes) -> None:
        head = struct.pack("<ii", len(payload) + 12, self._sent) + payload
        self._sent += 1
        self._writer.write(head + struct.pack("<I", crc32(head)))

    def _take(self, packet: bytes) -> None:
        (key_id,) = struct.unpack_from("<Q", packet)
        if key_id == 0:
            self._shake_hands(packet[20:])
        elif key_id not in self._server.keys:
            self._write(UNKNOWN_KEY)
        else:
            self.key_id, self._key = key_id, self._server.keys[key_id]
            sealed = open_message(self._key, packet)
            self._session = sealed.session
            self._handle(sealed)

    def _shake_hands(self, body: bytes) -> None:
        with BinaryReader(body) as reader:
            answer = bytes(self._handshake.answer(reader.tgread_object()))
        self._write(struct.pack("<qqi", 0, self._next_id(), len(answer)) + answer)
        if self._handshake.key:
            self._server.admit(self._handshake.key)
            self._handshake = Handshake()

    def _handle(self, sealed: Sealed) -> None:
        with BinaryReader(sealed.body) as reader:
            said = reader.tgread_object()
        messages = said.messages if isinstance(said, MessageContainer) else [None]
        for message in messages:
            number, request = (sealed.id, said) if message is None else (message.msg_id, message.obj)
            self._answer(number, unwrap(request))

    def _answer(self, number: int, request: Any) -> None:
        if isinstance(request, types.MsgsAck):
            return
        if isinstance(request, (functions.PingRequest, functions.PingDelayDisconnectRequest)):
            self._say(bytes(types.Pong(number, request.ping_id)))
            return
        result = result_of(lambda: self._server.respond(self, request))
        if result is not None:
            self._say(struct.pack("<Iq", RPC_RESULT, number) + result)

    def _say(self, body: bytes) -> None:
        self._write(seal_message(self._key, self._session, self._next_id(), 1, body))

    def _next_id(self) -> int:
        """Server ids are odd, rise, and carry the time."""
        self._last_id = max(self._last_id + 4, (int(time.time() * 2**32) & ~3) | 1)
        return self._last_id


def unwrap(request: Any) -> Any:
    """Return the request within *request*: clients wrap what they ask in layers, order and compression."""
    while True:
        if isinstance(request, GzipPacked):
            with BinaryReader(request.data) as reader:
                request = reader.tgread_object()
        elif isinstance(request, WRAPPERS):
            request = request.query
        else:
            return request


def result_of(respond: Callable[[], Any]) -> bytes | None:
    """Return the serialised result, or the serialised error: a connection that breaks makes the client try for ever."""
    try:
        result = respond()
    except Silence:
        return None
    except Refusal as refusal:
        return bytes(types.RpcError(refusal.code, refusal.message))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a handler must reach the test as an answer
        return bytes(types.RpcError(400, f"HANDLER_{type(error).__name__}_{error}".upper()))
    if isinstance(result, list):
        return struct.pack("<Ii", VECTOR, len(result)) + b"".join(bytes(item) for item in result)
    return bytes(result)


def key_id(key: bytes) -> int:
    """Return the id by which both ends name *key*."""
    return AuthKey(key).key_id
