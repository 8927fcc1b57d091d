"""Pure: numbers told in two parts: "a commander and five of his men" are six, "three crew and two officers" five.

The former (guidelines) may be said in one phrase or in two. Of 157 phrases in the labelled passages that name one and a
number so, 147 are labelled so; others name two before the number. Of 38 phrases with two numbers joined by a plain
"and", 36 are labelled with their sum.
"""

from __future__ import annotations

from dataclasses import replace

from services.classifier.claims.choices import best, likeliest_outcome
from services.classifier.claims.figures import Figure
from services.classifier.claims.numbers import Count, counts, has_and
from services.classifier.claims.words_aside import marks_aside
from services.classifier.reading import Reading

COMMAS = ",،"
APART = 2
"""Words that may stand between the two phrases."""


def with_companions(reading: Reading, first: int, last: int) -> int | None:
    """Return how many words *first* to *last* (exclusive) name, if these are one person and a number of others."""
    found = counts(reading, first, last)
    if len(found) != 1 or found[0].kind == "vague":
        return None
    joint = _joint(reading, found[0], first)
    number = found[0].low if found[0].low is not None else found[0].high
    if joint is None or joint <= first or not number or number == 1:
        return None
    return None if _lists(reading, first, joint) else number + 1


def summed(reading: Reading, first: int, last: int) -> int | None:
    """Return how many words *first* to *last* (exclusive) name, if these are so many "and" so many others."""
    found = [count for count in counts(reading, first, last) if count.kind != "vague" and count.low is not None]
    if len(found) != 2 or found[0].opens > first:  # noqa: PLR2004 - a pair
        return None
    one, other = found
    plain = has_and(reading, other.opens) or reading.has(other.opens - 1, "and")
    roles = reading.find("role", one.last, last)
    if not plain or any(mark.value.startswith("civ") for mark in roles):
        return None
    return (one.low or 0) + (other.low or 0)


def _joint(reading: Reading, count: Count, first: int) -> int | None:
    """Return where the words begin, not before word *first*, that join *count* to what stands before it."""
    if has_and(reading, count.opens):
        return count.opens
    marks = marks_aside(reading, "companions", first, count.opens)
    return next((mark.first for mark in marks if mark.last == count.opens), None)


def _lists(reading: Reading, first: int, last: int) -> bool:
    """Return whether words *first* to *last* (exclusive) list several; commas around a description do not list."""
    told = reading.words(first, last)
    listed = any(mark in told for mark in COMMAS) and not _comma_before(reading, last)
    return listed or any(reading.has(at, "and") or has_and(reading, at) for at in range(first + 1, last))


def _comma_before(reading: Reading, at: int) -> bool:
    before, here = reading.tokens[at - 1], reading.tokens[at]
    return any(mark in reading.document[before.start : here.start] for mark in COMMAS)


def joined(reading: Reading, figures: list[Figure]) -> list[Figure]:
    """Return *figures*, in order, with one person and others named right behind as one: "officer" + "four aides"."""
    found: list[Figure] = []
    for figure in figures:
        if found and _belong(reading, found[-1], figure):
            one = found.pop()
            found.append(replace(figure, first=one.first, names=(*one.names, *figure.names)))
        else:
            found.append(figure)
    return found


def _belong(reading: Reading, one: Figure, others: Figure) -> bool:
    """Return whether *one* and the *others* behind, of one force and one outcome, make a single number."""
    if one.sentence != others.sentence or not one.first < one.last <= others.first <= one.last + APART:
        return False
    if counts(reading, one.first, one.last) or with_companions(reading, one.first, others.last) is None:
        return False
    alike = likeliest_outcome(one) == likeliest_outcome(others) and best(one, "force")[0] == best(others, "force")[0]
    return alike and best(one, "range")[0] == "exact"
