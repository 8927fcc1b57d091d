"""Pure: words to the pieces the encoder knows, by the likeliest split of a unigram vocabulary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from services.classifier.text import Token

START, PAD, END, UNKNOWN = 0, 1, 2, 3
SPECIAL = 4
"""Ids that are no piece; pieces count from here."""
SPACE = "\u2581"
TATWEEL = "\u0640"
LONGEST_PIECE = 16
MOST_PIECES = 8
"""Pieces of one word that are kept: a longer word is a hash or a joke."""
SOURCE_WORDS = 6
"""Words of a source's name that the network is told."""
PENALTY = 10.0
"""How much less likely than the least likely piece an unknown character is (as in SentencePiece)."""


def read_scores(path: Path) -> dict[str, float]:
    """Read a vocabulary: one piece a line, its log probability after a tab."""
    scores: dict[str, float] = {}
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            piece, _, score = line.rpartition("\t")
            scores[piece] = float(score)
    return scores


class Subwords:
    """Splits words into pieces, as the encoder was trained on them (Kudo 2018, unigram language model)."""

    def __init__(self, scores: dict[str, float]) -> None:
        self._scores = scores
        self._ids = {piece: number for number, piece in enumerate(scores, SPECIAL)}
        self._unknown = min(scores.values()) - PENALTY
        self._split = lru_cache(maxsize=100_000)(self._best)

    @classmethod
    def load(cls, path: Path) -> Subwords:
        """Read the vocabulary in the file at *path*."""
        return cls(read_scores(path))

    def __len__(self) -> int:
        return len(self._ids) + SPECIAL

    def pieces(self, word: str, *, spaced: bool) -> tuple[int, ...]:
        """Return the ids of the pieces of *word* as printed; *spaced*: it begins a line or follows a space."""
        plain = unicodedata.normalize("NFKC", word).replace(TATWEEL, "")
        return self._split(f"{SPACE}{plain}" if spaced else plain) or (UNKNOWN,)

    def words(self, document: str, tokens: Iterable[Token]) -> list[tuple[int, ...]]:
        """Return the pieces of each of the *tokens* of *document*."""
        return [
            self.pieces(
                document[token.start : token.end], spaced=token.start == 0 or document[token.start - 1].isspace()
            )
            for token in tokens
        ]

    def source(self, name: str) -> list[int]:
        """Return the pieces of an outlet's *name*, its first words only."""
        return [piece for word in name.split()[:SOURCE_WORDS] for piece in self.pieces(word, spaced=True)]

    def _best(self, text: str) -> tuple[int, ...]:
        """Return the likeliest split of *text*: Viterbi over its characters."""
        length = len(text)
        best = [0.0] + [float("-inf")] * length
        back = [0] * (length + 1)
        for start in range(length):
            for end in range(start + 1, min(length, start + LONGEST_PIECE) + 1):
                score = self._scores.get(text[start:end])
                if score is None:
                    if end > start + 1:
                        continue
                    score = self._unknown
                if best[start] + score > best[end]:
                    best[end], back[end] = best[start] + score, start
        cuts = [length]
        while cuts[-1] > 0:
            cuts.append(back[cuts[-1]])
        bounds = cuts[::-1]
        found = (self._ids.get(text[a:b], UNKNOWN) for a, b in pairwise(bounds))
        return tuple(found)[:MOST_PIECES]
