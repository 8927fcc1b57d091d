"""Pure: what became of them, as far as single words tell: the kind of the outcome word nearest to a phrase."""

from __future__ import annotations

from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

KINDS = ("out", "both", "neutral")
"""Words of one outcome, of two at once ("killed or wounded"), and of "neutralised"."""
NEAR = 4
"""Words between a phrase and an outcome that still belongs to it alone."""


def nearest_outcome(reading: Reading, first: int, last: int) -> str | None:
    """Return the kind of the outcome word nearest to words *first* to *last* (exclusive) in their sentence, if near.

    Where words of two kinds are as near ("neutralised" may be listed as both), the more particular kind is meant.
    """
    mark = _nearest(reading, first, last)
    return mark.kind if mark else None


def shared_outcomes(reading: Reading, first: int, last: int) -> tuple[str, ...]:
    """Return both outcomes of victims that two are told of at once: "killing and wounding scores"; else none."""
    mark = _nearest(reading, first, last)
    return tuple(mark.value.split(".")) if mark and mark.kind == "both" else ()


def outcome_marks(reading: Reading, sentence: int) -> list[Mark]:
    """Return the outcome words of the *sentence* with this number."""
    inside = reading.sentences[sentence]
    return [mark for kind in KINDS for mark in reading.find(kind, inside.first, inside.last)]


def _nearest(reading: Reading, first: int, last: int) -> Mark | None:
    found = outcome_marks(reading, reading.sentence_of[first])
    nearest = min(found, key=lambda mark: (_away(mark, first, last), -KINDS.index(mark.kind)), default=None)
    return nearest if nearest and _away(nearest, first, last) <= NEAR else None


def _away(mark: Mark, first: int, last: int) -> int:
    return max(mark.first - last + 1, first - mark.last + 1, 0)
