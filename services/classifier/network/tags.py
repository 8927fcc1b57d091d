"""Pure: the phrases that tags mark: where one begins, and how far it goes."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.network.chances import Floats

BEGINS, GOES_ON, OUTSIDE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words *first* to *last* (exclusive) of a window, and the chance that a phrase begins there."""

    first: int
    last: int
    chance: float


def phrases(chances: Floats, least: float) -> list[Phrase]:
    """Return the phrases in *chances* (n, 3) whose first word is at least that likely to begin one, in order."""
    found: list[Phrase] = []
    at, count = 0, len(chances)
    while at < count:
        if chances[at, BEGINS] < least:
            at += 1
            continue
        last = at + 1
        while last < count and chances[last, GOES_ON] > max(chances[last, BEGINS], chances[last, OUTSIDE]):
            last += 1
        found.append(Phrase(at, last, float(chances[at, BEGINS])))
        at = last
    return found
