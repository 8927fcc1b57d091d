"""Pure: who. The phrases that name victims, each where it stands in the document and with what was weighed of it."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.network.heads import Weighed
from services.classifier.reading import Reading


@dataclass(frozen=True, slots=True)
class Figure:
    """A phrase that names victims: words *first* to *last* (exclusive) of the document, in *sentence*.

    *offset* is the word that its window begins with, *length* how many words that has; *weighed* is what the network
    thinks of every question about it; *names* are the victims' names in it, as word ranges.
    """

    first: int
    last: int
    sentence: int
    offset: int
    length: int
    weighed: Weighed
    names: tuple[tuple[int, int], ...] = ()

    @property
    def chance(self) -> float:
        """How likely it is that the phrase names victims a claim is about."""
        return self.weighed.phrase.chance


def figure_of(reading: Reading, offset: int, length: int, weighed: Weighed) -> Figure:
    """Return the figure that a phrase of the window at word *offset* is."""
    first, last = offset + weighed.phrase.first, offset + weighed.phrase.last
    return Figure(first, last, reading.sentence_of[first], offset, length, weighed)
