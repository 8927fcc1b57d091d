"""Decompression within a limit."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import suppress

import pytest

from services.collector.sources.decoding import PIECE, TooLarge, UnknownEncoding, decoder_for

TEXT = b"Four generals killed. " * 50_000


def pieces(data: bytes, encoding: str, limit: int = 10_000_000, chunk: int = 1000) -> Iterator[bytes]:
    decoder = decoder_for(encoding, limit)
    for start in range(0, len(data), chunk):
        yield from decoder.feed(data[start : start + chunk])
    yield from decoder.finish()


@pytest.mark.parametrize("chunk", [3, 10, 1000, 10_000_000])
@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("X-GZIP", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:500_000]) + gzip.compress(TEXT[500_000:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 100),
    ],
)
def test_what_was_encoded_comes_back(encoding: str, data: bytes, chunk: int) -> None:
    assert b"".join(pieces(data, encoding, chunk=chunk)) == TEXT


def test_a_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 100_000_000)
    with pytest.raises(TooLarge):
        list(pieces(bomb, "gzip", limit=1_000_000))
    decoder = decoder_for("gzip", 1_000_000)
    held = [len(piece) for piece in before_the_limit(decoder.feed(bomb))]
    assert max(held) <= PIECE
    assert sum(held) <= 1_000_000


def before_the_limit(source: Iterator[bytes]) -> Iterator[bytes]:
    with suppress(TooLarge):
        yield from source


def test_the_limit_holds_without_compression_too() -> None:
    with pytest.raises(TooLarge):
        list(pieces(TEXT, "", limit=len(TEXT) - 1))
    assert b"".join(pieces(TEXT, "", limit=len(TEXT))) == TEXT


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("br", TEXT),
        ("gzip, gzip", TEXT),
        ("gzip", b"nonsense"),
        ("gzip", gzip.compress(TEXT)[:-20]),
        ("deflate", TEXT),
    ],
)
def test_what_cannot_be_decoded_is_said(encoding: str, data: bytes) -> None:
    with pytest.raises(UnknownEncoding):
        list(pieces(data, encoding))
