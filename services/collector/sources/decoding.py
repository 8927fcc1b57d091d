"""Content encodings undone within a limit. Pure.

httpx decodes a whole network chunk at once: of a 1 MB gzip bomb the first piece had 67 MB. Here no piece is larger than
``PIECE``, and the sum never exceeds the limit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

PIECE = 65_536
_GZIP = 31
"""``wbits`` of zlib: a gzip header is expected."""


class TooLarge(Exception):
    """More bytes than the limit."""


class UnknownEncoding(Exception):
    """An encoding that was not offered, or data that is not in the one declared."""


class Decoder(Protocol):
    """Takes network chunks, gives decoded pieces.

    Raises:
        TooLarge: the limit was exceeded.
        UnknownEncoding: the data cannot be decoded, or ends too early.

    """

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decode *chunk*."""
        ...

    def finish(self) -> Iterator[bytes]:
        """Say that there are no more chunks."""
        ...


def decoder_for(encoding: str, limit: int) -> Decoder:
    """Return a decoder for the value of a ``Content-Encoding`` header; *limit* is in decoded bytes."""
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain(limit)
        case "gzip" | "x-gzip":
            return _Gzip(limit)
        case other:
            raise UnknownEncoding(f"Content-Encoding {other[:40]!r} was not asked for")


class _Plain:
    def __init__(self, limit: int) -> None:
        self._left = limit

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge
        yield chunk

    def finish(self) -> Iterator[bytes]:
        yield from ()


class _Gzip:
    def __init__(self, limit: int) -> None:
        self._left = limit
        self._stream = zlib.decompressobj(_GZIP)
        self._began = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        rest = chunk
        while rest or self._stream.unconsumed_tail:
            if self._stream.eof:
                if not rest.strip(b"\0"):  # some servers pad
                    return
                self._stream = zlib.decompressobj(_GZIP)  # a further member, RFC 1952, 2.2
            if piece := self._take(rest):
                yield piece
            rest = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def finish(self) -> Iterator[bytes]:
        while piece := self._take(self._stream.unconsumed_tail):
            yield piece
        if self._began and not self._stream.eof:
            raise UnknownEncoding("the compressed data ends too early")

    def _take(self, data: bytes) -> bytes:
        piece = self._inflate(data)
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge
        self._began = self._began or bool(piece)
        return piece

    def _inflate(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data, PIECE)
        except zlib.error as error:
            raise UnknownEncoding(str(error)) from error
