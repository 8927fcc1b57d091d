"""Pure: which men. The victims' names, and what they were: role or rank."""

from __future__ import annotations

from collections.abc import Sequence

from services.classifier.claims.figures import Figure
from services.classifier.network.tags import Phrase
from services.classifier.reading import Reading

UNTOLD = frozenset({"person", "victim", "pron", "civ"})
"""Roles that do not tell what the men are."""


def names_of(figures: Sequence[Figure], found: Sequence[Phrase], offset: int) -> dict[int, list[tuple[int, int]]]:
    """Return the names of a window, as word ranges, by the position of the figure they stand nearest to."""
    owned: dict[int, list[tuple[int, int]]] = {}
    if not figures:
        return owned
    for phrase in found:
        first, last = offset + phrase.first, offset + phrase.last
        nearest = min(range(len(figures)), key=lambda at: _apart(figures[at], first, last))
        owned.setdefault(nearest, []).append((first, last))
    return owned


def _apart(figure: Figure, first: int, last: int) -> int:
    return max(0, first - figure.last, figure.first - last)


def role_of(reading: Reading, figure: Figure) -> str | None:
    """Return the role or rank that the figure's own words give: adviser, pilot, general."""
    for mark in reading.find("role", figure.first, figure.last):
        role = mark.value.partition(".")[0]
        if role not in UNTOLD:
            return role
    return None
