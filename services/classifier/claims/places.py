"""Pure: where. Places of Syria, and the one a figure points to; an ambiguous name counts only beside another sign."""

from __future__ import annotations

from services.classifier.claims.choices import best, pointed
from services.classifier.claims.figures import Figure
from services.classifier.data import Place
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

SURE = 0.8
"""How sure the network must be of a governorate that no name in the text gives."""


def places(reading: Reading, gazetteer: tuple[Place, ...]) -> list[Mark]:
    """Return the place marks of a document that can be trusted."""
    marks = reading.kinds.get("place", [])
    signs = len(reading.kinds.get("syria", ()))
    sure = [mark for mark in marks if not gazetteer[int(mark.value)].ambiguous]
    return list(marks) if sure or signs else sure


def place_of(figure: Figure, marks: list[Mark]) -> tuple[Mark | None, float]:
    """Return the place mark that *figure* points to, if to one, and the chance."""
    at, chance = pointed(figure, "place", [mark.first for mark in marks])
    return (None if at is None else marks[at]), chance


def governorate_of(figure: Figure, marks: list[Mark]) -> tuple[str | None, float]:
    """Return the governorate of a place the gazetteer does not have, when no known place stands near and it is sure."""
    if any(0 <= mark.first - figure.offset < figure.length for mark in marks):
        return None, 0.0
    name, chance = best(figure, "governorate")
    return (name, chance) if name != "none" and chance >= SURE else (None, chance)
