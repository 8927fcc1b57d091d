"""Pure: how they met it. Mortar or mine, air strike or ambush, and the words that say so."""

from __future__ import annotations

from services.classifier.claims.choices import best
from services.classifier.claims.figures import Figure
from services.classifier.data import load_aside
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

REACH = 2
"""Sentences before a figure's own in which its cause may be named."""


def cause_of(reading: Reading, figure: Figure) -> tuple[str | None, Mark | None, float]:
    """Return the cause, the words nearest to the figure that name it, and the chance."""
    name, chance = best(figure, "cause")
    if name == "none":
        return None, None, chance
    named = [mark for mark in _named(reading, figure) if mark.value == name]
    return name, min(named, key=lambda mark: abs(mark.first - figure.first), default=None), chance


def _named(reading: Reading, figure: Figure) -> list[Mark]:
    """Return the words for causes around *figure*, the further phrases of its language among them."""
    low = reading.sentences[max(0, figure.sentence - REACH)].first
    high = reading.sentences[min(len(reading.sentences) - 1, figure.sentence + 1)].last
    further = [
        Mark(mark.kind, mark.value, low + mark.first, low + mark.last)
        for mark in load_aside(reading.language, "causes").marks(reading.tokens[low:high])
    ]
    return [*reading.find("cause", low, high), *further]
