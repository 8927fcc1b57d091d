"""Figures as the network might have weighed them, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import numpy as np

from services.classifier.claims.figures import Figure
from services.classifier.data import Theatre, load_lexicon, load_theatre
from services.classifier.lexicon import Lexicon
from services.classifier.network.heads import CHOICES, OUTCOMES, POINTERS, Weighed
from services.classifier.network.tags import Phrase
from services.classifier.reading import Reading, read_document

WHEN = datetime(2018, 2, 9, 12, tzinfo=UTC)
SURE = 8.0
"""A score that leaves no doubt."""


@cache
def theatre() -> Theatre:
    """Return the product's theatre, read once."""
    return load_theatre()


@cache
def lexicon(language: str) -> Lexicon:
    """Return the product's lexicon of *language*, compiled once."""
    return load_lexicon(language, theatre())


def reading_of(text: str, language: str = "en", title: str = "") -> Reading:
    """Return *text* as the claim modules see it."""
    document = f"{title}\n{text}"
    return read_document(document, language, lexicon(language), WHEN, len(title))


def figure_in(
    reading: Reading,
    words: str,
    *,
    outcome: str = "killed",
    pointers: dict[str, int] | None = None,
    chance: float = 0.95,
    telling: float = 0.5,
    **answers: str,
) -> Figure:
    """Return the figure that *words* are, sure of *answers* and pointing at the words of *pointers* (by position)."""
    start = reading.document.index(words)
    inside = [at for at, token in enumerate(reading.tokens) if token.start < start + len(words) and token.end > start]
    told = {"force": "ARMED", "stance": "reported", "cause": "none", "range": "exact", "value": "0"} | answers
    choices = {name: np.full(len(kept), 0.01, dtype=np.float32) for name, kept in CHOICES.items()}
    for name, answer in told.items():
        choices[name][CHOICES[name].index(answer)] = 0.9
    scores = {name: np.zeros(len(reading.tokens) + 1, dtype=np.float32) for name in POINTERS}
    for name in POINTERS:
        scores[name][(pointers or {}).get(name, -1) + 1] = SURE
    weighed = Weighed(
        Phrase(inside[0], inside[-1] + 1, chance),
        {name: 0.95 if name == outcome else 0.02 for name in OUTCOMES},
        0.0,
        0.0,
        choices,
        scores,
    )
    sentence = reading.sentence_of[inside[0]]
    return Figure(inside[0], inside[-1] + 1, sentence, 0, len(reading.tokens), weighed, telling)
