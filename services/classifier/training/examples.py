"""Pure: what there is to learn in a labelled passage: the words of each window, and what is said of its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.classifier.claims.dates import moments
from services.classifier.claims.numbers import plain_numbers
from services.classifier.claims.places import places
from services.classifier.claims.ranges import LARGE
from services.classifier.data import Theatre
from services.classifier.lexicon import Lexicon
from services.classifier.network import features
from services.classifier.network.heads import FORCES, GREATEST
from services.classifier.network.subwords import Subwords
from services.classifier.network.windows import Window, windows
from services.classifier.reading import Reading, read_document
from services.classifier.training.passages import Passage

Spans = tuple[tuple[int, int], ...]
TEN = 10


@dataclass(slots=True)
class Figure:
    """One phrase that names victims, words *first* to *last* (exclusive) of its window, and the right answers about it.

    A pointer is None when it should point nowhere, and empty when what it should point to is not in the window.
    """

    first: int
    last: int
    outcomes: set[str]
    forces: set[str]
    answers: dict[str, str]
    total: bool
    part: bool
    speaker: Spans | None
    day: tuple[int, ...] | None
    place: tuple[int, ...] | None
    is_placed: bool


@dataclass(slots=True)
class Example:
    """One window of a passage: the pieces and features of its words, and what is to be found in it."""

    id: str
    source: list[int]
    pieces: list[tuple[int, ...]]
    features: list[list[str]]
    sentences: list[int]
    dates: list[int]
    places: list[int]
    names: list[tuple[int, int]]
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Teacher:
    """Turns passages into examples."""

    theatre: Theatre
    lexicons: dict[str, Lexicon]
    subwords: Subwords

    def examples(self, passage: Passage) -> Iterator[Example]:
        """Return the windows of *passage*; a claim whose words are not found raises ValueError."""
        reading = read_document(
            passage.document, passage.language, self.lexicons[passage.language], passage.when, len(passage.title)
        )
        pieces = self.subwords.words(reading.document, reading.tokens)
        source = self.subwords.source(passage.source)
        told = _Told.of(reading, passage, self.theatre)
        named = features.named(reading, self.theatre)
        bounds = [(sentence.first, sentence.last) for sentence in reading.sentences]
        for window in windows(bounds, [len(word) for word in pieces]):
            inside = slice(window.first, window.last)
            yield Example(
                passage.id, source, pieces[inside], named[inside], reading.sentence_of[inside], **told.within(window)
            )


@dataclass(frozen=True, slots=True)
class _Told:
    """What a passage's labels say, in words of the whole document."""

    figures: list[Figure]
    names: list[tuple[int, int]]
    dates: list[int]
    places: list[int]

    @classmethod
    def of(cls, reading: Reading, passage: Passage, theatre: Theatre) -> _Told:
        found: dict[tuple[int, int], Figure] = {}
        known = [moment for moment in moments(reading)[0] if moment.day]
        marks = places(reading, theatre.places)
        names: list[tuple[int, int]] = []
        for claim in passage.claims:
            days = [moment.mark.first for moment in known if str(moment.day) == claim["date"]]
            spots = [
                mark.first
                for mark in marks
                if theatre.places[int(mark.value)].governorate == claim["governorate"]
                and theatre.places[int(mark.value)].name.lower() == str(claim["place"]).lower()
            ] or [m.first for m in marks if theatre.places[int(m.value)].governorate == claim["governorate"]]
            for first, last in _mentions(reading, claim):
                figure = _figure(reading, claim, first, last, days, spots)
                twin = found.setdefault((first, last), figure)
                twin.outcomes |= figure.outcomes
                twin.forces |= figure.forces
            names += [span for name in claim.get("names") or () for span in stretches(reading, name)]
        return cls(list(found.values()), names, [m.mark.first for m in known], [mark.first for mark in marks])

    def within(self, window: Window) -> dict[str, Any]:
        """Return what lies inside *window*, counted from its first word."""
        low, high = window.first, window.last
        return {
            "dates": [at - low for at in self.dates if low <= at < high],
            "places": [at - low for at in self.places if low <= at < high],
            "names": [(first - low, last - low) for first, last in self.names if low <= first and last <= high],
            "figures": [_moved(one, low, high) for one in self.figures if low <= one.first and one.last <= high],
        }


def _moved(figure: Figure, low: int, high: int) -> Figure:
    def inside(at: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if at is None else tuple(one - low for one in at if low <= one < high)

    speaker = figure.speaker
    if speaker is not None:
        speaker = tuple((a - low, b - low) for a, b in speaker if low <= a and b <= high)
    return Figure(
        figure.first - low, figure.last - low, figure.outcomes, figure.forces, figure.answers, figure.total,
        figure.part, speaker, inside(figure.day), inside(figure.place), figure.is_placed,
    )  # fmt: skip


def stretches(reading: Reading, words: str, around: str | None = None) -> Spans:
    """Return where *words* stand as ranges of tokens: everywhere, or inside the stretch *around* alone."""
    low = reading.document.find(around) if around else 0
    high = low + len(around) if around else len(reading.document)
    found: list[tuple[int, int]] = []
    at = reading.document.find(words, low, high)
    while at >= 0:
        end = at + len(words)
        touched = [i for i, token in enumerate(reading.tokens) if token.start < end and token.end > at]
        if touched:
            found.append((touched[0], touched[-1] + 1))
        at = reading.document.find(words, at + 1, high)
    return tuple(found)


def _mentions(reading: Reading, claim: dict[str, Any]) -> Iterator[tuple[int, int]]:
    main = stretches(reading, claim["figure"], claim.get("at"))
    if not main:
        raise ValueError(f"“{claim['figure']}” names victims, but does not stand in “{reading.document[:60]}…”")
    yield main[0]
    for words in claim.get("also") or ():
        yield from (span for span in stretches(reading, words)[:1] if span != main[0])


def _figure(  # noqa: PLR0917 - one claim and what its document offers
    reading: Reading, claim: dict[str, Any], first: int, last: int, days: list[int], spots: list[int]
) -> Figure:
    kind, value = range_kind(claim["min"], claim["max"], plain_numbers(reading, first, last))
    speaker = claim.get("attributed_to")
    force = claim["force"]
    return Figure(
        first,
        last,
        {claim["outcome"]},
        {force if force in FORCES else "OTHER"},
        {
            "stance": claim["stance"],
            "cause": claim["cause"] or "none",
            "range": kind,
            "value": str(value if value <= GREATEST else 0),
            "governorate": claim["governorate"] or "none",
        },
        total=claim.get("incident") is None,
        part=bool(claim.get("part")),
        speaker=stretches(reading, speaker) if speaker else None,
        day=tuple(days) if claim["date"] else None,
        place=tuple(spots) if claim["governorate"] else None,
        is_placed=bool(claim["place"]),
    )


def range_kind(low: int | None, high: int | None, numbers: Sequence[int]) -> tuple[str, int]:
    """Return the kind of a range and the number it is built on (0: none), given the *numbers* in the figure's words."""
    if low is None:
        return ("none", 0) if high is None else ("up-to", high)
    if high is None:
        return _open_kind(low, numbers)
    if low == high:
        return "exact", low
    for number in numbers:
        if (number * 9 // 10, -(-number * 11 // 10)) == (low, high):
            return "about", number
    if low == high * 9 // 10 and low not in numbers:
        return "nearly", high
    return "between", high


def _open_kind(low: int, numbers: Sequence[int]) -> tuple[str, int]:
    if low in LARGE and low not in numbers and low - 1 not in numbers:
        return LARGE[low], 0
    if low - 1 in numbers and low not in numbers:
        return "more-than", low - 1
    if low in numbers:
        return "at-least", low
    if low == 2:  # noqa: PLR2004 - a plural without a number
        return "few", 0
    return ("more-than", low - 1) if low % TEN == 1 and low > TEN else ("at-least", low)
