"""Pure: whether a number stands in a quote, where, and what range the words around it make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.classifier.claims.numbers import Count, bounded, counts
from services.classifier.reading import Reading

DIGITS = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,\u00a0\u202f]\d{3})+(?![\w])|(?<![\w.,])\d{1,6}(?!\w)")
GLUED = re.compile(r"\w[-/:.№$€]\Z|[$€№]\s?\Z")
MEASURES = ("%", "$", "€")
HEDGES = ("atleast", "morethan", "upto", "nearly", "about")
APART = re.compile(r"\D")
BARE = {(1, 1): "sg", (2, 2): "du", (2, None): "pl"}
"""Ranges that people without a number stand for, by the number of the noun: a pilot, two pilots in Arabic, pilots."""


@dataclass(frozen=True)
class Numeral:
    """A number in a quote: its range by the number table, where it stands in characters from the start, its hedge."""

    low: int | None
    high: int | None
    start: int
    end: int
    hedge: str = ""


def numeral(quote: str, low: int | None, high: int | None, reading: Reading | None) -> Numeral | None:
    """Return the numeral of *quote* that a claim of *low* to *high* rests on; None when there is none.

    *reading* is the quote as the first reader sees it; without one, only digits count. The first reader's own table
    decides what range a hedge it knows makes of a number ("more than 200" is 201 and open). Where it sees no hedge the
    claim's range holds if it is one that the table could make of the number: the hedge may be one it does not know.
    """
    found = list(_counted(reading)) if reading is not None else list(_digits(quote))
    for one in found:
        if (one.low, one.high) == (low, high):
            return one
    for one in found:
        if not one.hedge and one.low is not None and (low, high) in {bounded(one.low, hedge) for hedge in HEDGES}:
            return replace(one, low=low, high=high)
    for one in found:
        if one.hedge and _means(one, {low, high} - {None}):
            return one
    return _bare(reading, low, high) if reading is not None else None


def _means(one: Numeral, claimed: set[int | None]) -> bool:
    """Whether a claim of one number means this one, whose hedge it has missed or misread."""
    if len(claimed) != 1:
        return False
    (number,) = claimed
    return number is not None and (number in (one.low, one.high) or bounded(number, one.hedge) == (one.low, one.high))


def _counted(reading: Reading) -> Iterator[Numeral]:
    for count in counts(reading, 0, len(reading.tokens)):
        if not _of_calendar_or_measure(reading, count):
            start, end = reading.span(count.opens, count.last)
            yield Numeral(
                count.low, count.high, start, end, hedge=count.hedge or ("vague" if count.kind == "vague" else "")
            )


def _of_calendar_or_measure(reading: Reading, count: Count) -> bool:
    """Whether a number belongs to a date, a measure, a share or a name like T-90: such never count people."""
    if any(reading.has(at, kind) for at in (count.first - 1, count.last) for kind in ("month", "unit")):
        return True
    start, end = reading.span(count.first, count.last)
    before, after = reading.document[max(0, start - 2) : start], reading.document[end : end + 2].lstrip()
    return bool(GLUED.search(before)) or after[:1] in MEASURES


def _digits(quote: str) -> Iterator[Numeral]:
    for match in DIGITS.finditer(quote):
        value = int(APART.sub("", match.group()))
        yield Numeral(value, value, match.start(), match.end())


def _bare(reading: Reading, low: int | None, high: int | None) -> Numeral | None:
    """Return people without a number, when that is what the range says: the officer, soldiers."""
    if low is None or (low, high) not in BARE:
        return None
    ending = BARE[low, high]
    for mark in reading.kinds.get("role", []):
        kind, _, number = mark.value.partition(".")
        if number == ending and kind != "civ":
            start, end = reading.span(mark.first, mark.last)
            return Numeral(low, high, start, end)
    return None
