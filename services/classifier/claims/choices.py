"""Pure: the likeliest answer to a question about a figure, and how likely it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.classifier.claims.figures import Figure
from services.classifier.network.chances import softmax
from services.classifier.network.heads import CHOICES


def best(figure: Figure, question: str) -> tuple[str, float]:
    """Return the likeliest answer to *question* and its chance."""
    chances = figure.weighed.choices[question]
    at = int(chances.argmax())
    return CHOICES[question][at], float(chances[at])


def likeliest_outcome(figure: Figure) -> str:
    """Return what most likely became of those *figure* names."""
    chances = figure.weighed.outcomes
    return max(chances, key=lambda name: chances[name])


def all_chances(figure: Figure, question: str) -> dict[str, float]:
    """Return every answer to *question* with its chance, to be weighed further."""
    return dict(zip(CHOICES[question], map(float, figure.weighed.choices[question]), strict=True))


def pointed(figure: Figure, question: str, words: Sequence[int]) -> tuple[int | None, float]:
    """Return which of *words* (of the document, inside the figure's window) it points to, none, and the chance."""
    scores = figure.weighed.pointers[question]
    inside = [at for at, word in enumerate(words) if 0 <= word - figure.offset < figure.length]
    rows = [0, *(1 + words[at] - figure.offset for at in inside)]
    chances = softmax(scores[np.array(rows)])
    chosen = int(chances.argmax())
    return (None if chosen == 0 else inside[chosen - 1]), float(chances[chosen])
