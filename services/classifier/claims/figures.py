"""Pure: who. Victim phrases: every number of people, and every soldier, crew or named man without one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.classifier.claims.numbers import Count, bounded, counts
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

YEARS = range(1900, 2100)
REACH = 6
STRAY = 2
HEAD = 2
"""How far into a sentence the words stand that make it page furniture: "Related article: ..."."""
UNTOLD = frozenset({"person", "victim", "pron"})
"""Roles that do not tell what people are: a later word of the phrase may, as in "14 dead soldiers"."""
STOPS = ("say", "clause", "agent", "sub", "deny", "month", "weekday", "party", "unit")
LETTER = re.compile(r"[^\W\d_]")
MARKS = re.compile(r"[^\w\s]")
LONGEST_NAME = 5


@dataclass(slots=True)
class Figure:
    """A phrase that may name victims: tokens *first* to *last*, its *head*, its range, and what it says of itself.

    *account* is the cause in another account of how victims counted before met their end.
    """

    first: int
    last: int
    head: int
    low: int | None
    high: int | None
    kind: str
    hedge: str
    sentence: int
    role: str = ""
    number: str = ""
    account: str = ""
    others: tuple[str, ...] = ()
    forces: list[Mark] = field(default_factory=list)
    names: list[tuple[int, int]] = field(default_factory=list)


def figures(reading: Reading) -> list[Figure]:
    """Return the figures of a document in the order they stand in."""
    found: list[Figure] = []
    for number, sentence in enumerate(reading.sentences):
        if reading.find("furniture", sentence.first, min(sentence.last, sentence.first + HEAD)):
            continue
        own = _of_sentence(reading, number, sentence.first, sentence.last)
        found.extend(sorted(own, key=lambda figure: (figure.head, figure.first)))
    return found


def _of_sentence(reading: Reading, number: int, first: int, last: int) -> list[Figure]:
    found: list[Figure] = []
    taken: set[int] = set()
    for count in counts(reading, first, last):
        if not _counts_people(reading, count, last):
            continue
        figure = _counted(reading, count, number, last)
        if figure is not None:
            found.append(figure)
            taken.update(range(figure.first, figure.last))
    running = _ordinals(reading, number, first, last)
    taken.update(at for figure in running for at in range(figure.first, figure.last))
    for role in reading.find("role", first, last):
        if role.first not in taken:
            figure = _bare(reading, role, number, first, last)
            found.append(figure)
            taken.update(range(figure.first, figure.last))
    found.extend(running)
    found.extend(_nones(reading, number, first, last))
    found.extend(_named(reading, number, first, last, taken))
    return found


def _counts_people(reading: Reading, count: Count, last: int) -> bool:
    """Return whether a number may count people: no date, year, calibre, model, time, share."""
    here = reading.tokens[count.first]
    before = reading.document[here.start - 1 : here.start]
    after = reading.tokens[count.last] if count.last < last else None
    if before in {"-", "/", ":", ".", "$", "€", "№"} and here.start > 1 and reading.document[here.start - 2].isalnum():
        return False
    if after and (
        after.text in {"%", "/", ":", "$", "€"} or reading.has(count.last, "unit") or reading.has(count.last, "month")
    ):
        return False
    if reading.has(count.first - 1, "month") and count.kind == "digit":
        return False
    if count.kind == "digit" and (count.high or 0) in YEARS and not count.hedge:
        return bool(after and reading.has(count.last, "role"))
    glued = reading.document[reading.tokens[count.last - 1].end : reading.tokens[count.last - 1].end + 2]
    return not (
        count.kind == "digit" and glued[:1] == "-" and glued[1:].isalpha() and not reading.has(count.last, "role")
    )


def _counted(reading: Reading, count: Count, number: int, last: int) -> Figure | None:
    figure = Figure(count.opens, count.last, count.first, count.low, count.high, count.kind, count.hedge, number)
    end = _extend(reading, count.last, last, figure)
    if end is None:
        return None
    figure.last = max(figure.last, end)
    _before(reading, figure)
    return figure


def _extend(reading: Reading, index: int, last: int, figure: Figure) -> int | None:
    """Walk right from a number or a role over the phrase; None when it turns out to count things."""
    end, stray, seen = index, 0, bool(figure.role)
    while index < min(last, figure.head + REACH + 8):
        marks = reading.at[index]
        role, force = marks.get("role"), marks.get("force")
        if role is None and force is None:
            if "thing" in marks and not figure.role:
                return None
            joins = "and" in marks and not figure.role and figure.forces and _goes_on(reading, index + 1)
            stop = any(kind in marks for kind in STOPS) and "of" not in marks and not joins
            out = marks.get("out")
            if (
                stop
                or MARKS.match(reading.tokens[index].text)
                or (out and not out.value.endswith(".a"))
                or "num" in marks
            ):
                break
            if "det" not in marks and "of" not in marks and not (out and not seen):
                stray += 1
                if stray > STRAY or (seen and "prep" in marks):
                    break
            index += 1
            continue
        if stray and seen and not _linked(reading, end, index):
            break
        if role:
            _take_role(figure, role)
            seen = True
        if force and all(known.first != force.first for known in figure.forces):
            figure.forces.append(force)
        index = max(mark.last for mark in (role, force) if mark)
        end = index
        stray = 0
    return _with_name(reading, end, last, figure)


def _goes_on(reading: Reading, index: int) -> bool:
    """Return whether the phrase goes on behind "and": "Russian and Syrian", "Russian and other citizens"."""
    return bool(reading.has(index, "force") or reading.has(index + 1, "role"))


def _linked(reading: Reading, end: int, index: int) -> bool:
    return any("of" in reading.at[at] for at in range(end, index))


def _take_role(figure: Figure, role: Mark) -> None:
    kind, _, number = role.value.partition(".")
    if not figure.role or (figure.role in UNTOLD and kind not in UNTOLD and kind != "civ"):
        figure.role, figure.number = kind, number
    elif kind != figure.role:
        figure.others = (*figure.others, kind)


def _with_name(reading: Reading, end: int, last: int, figure: Figure) -> int:
    """Take the capitalised words that follow a singular role as a name."""
    if not figure.role or figure.number != "sg":
        return end
    stop = end
    while stop < min(last, end + LONGEST_NAME) and _nameable(reading, stop):
        stop += 1
    if stop > end:
        figure.names.append((end, stop))
    return stop


def _nameable(reading: Reading, index: int) -> bool:
    token = reading.tokens[index]
    if not token.capital or not LETTER.match(token.text):
        return (
            token.text == "."
            and index > 0
            and len(reading.tokens[index - 1].text) == 1
            and reading.tokens[index - 1].capital
        )
    marks = reading.at[index]
    return not any(
        kind in marks for kind in ("party", "force", "role", "weekday", "month", "say", "syria", "num", "source")
    )


def _before(reading: Reading, figure: Figure) -> None:
    """Take in an article, a force or an adjective right before the phrase."""
    index = figure.first - 1
    start = reading.sentences[figure.sentence].first
    while index >= max(start, figure.first - STRAY):
        marks = reading.at[index]
        if "force" in marks and marks["force"].value.endswith(("nat", "org")) and "num" not in marks:
            figure.forces.append(marks["force"])
            figure.first = marks["force"].first
        elif "det" in marks:
            figure.first = index
        else:
            break
        index = figure.first - 1


def _bare(reading: Reading, role: Mark, number: int, first: int, last: int) -> Figure:
    plural = role.value.endswith(".pl")
    dual = role.value.endswith(".du")
    low, high = (2, None) if plural else (2, 2) if dual else (1, 1)
    figure = Figure(role.first, role.last, role.first, low, high, "bare", "", number)
    _take_role(figure, role)
    if force := reading.has(role.first, "force"):
        figure.forces.append(force)
    index, stray = role.first - 1, 0
    while index >= max(first, role.first - REACH):
        marks = reading.at[index]
        if "force" in marks:
            figure.forces.append(marks["force"])
            figure.first = marks["force"].first
            stray = 0
        elif "det" in marks:
            figure.first = index
            figure.hedge = marks["det"].value
            break
        elif "and" in marks and figure.forces and reading.has(index - 1, "force"):
            pass
        elif any(
            kind in marks
            for kind in ("num", "out", "say", "clause", "prep", "role", "agent", "sub", "party", "vague", "neg")
        ) or (MARKS.match(reading.tokens[index].text)):
            break
        else:
            stray += 1
            if stray > STRAY:
                break
        index -= 1
    end = _extend(reading, role.last, last, figure)
    figure.last = max(role.last, end or role.last)
    return figure


def _ordinals(reading: Reading, number: int, first: int, last: int) -> list[Figure]:
    """Return running totals: "the third casualty", "the sixth serviceman"."""
    found = []
    for mark in reading.find("ord", first, last):
        near = range(mark.last, min(last, mark.last + REACH))
        head = next((at for at in near if "out" in reading.at[at] or "role" in reading.at[at]), None)
        if head is None or reading.has(mark.last, "unit") or any(reading.find("say", mark.last, head)):
            continue
        value = int(mark.value)
        figure = Figure(mark.first, head + 1, mark.first, value, value, "ordinal", "", number)
        figure.forces.extend(reading.find("force", mark.first, head + 4))
        if role := reading.has(head, "role"):
            _take_role(figure, role)
        found.append(figure)
    return found


def _nones(reading: Reading, number: int, first: int, last: int) -> list[Figure]:
    """Return what a denial speaks of: "no losses", "all are alive"."""
    found = []
    spoken = [mark for mark in reading.find("deny", first, last) if not _of_another(reading, mark, last)]
    for mark in reading.find("neg", first, last):
        near = range(mark.last, min(last, mark.last + REACH))
        if any("out" in reading.at[at] for at in near) or (mark.first > first and "out" in reading.at[mark.first - 1]):
            spoken.append(mark)
    for mark in spoken:
        figure = Figure(mark.first, mark.last, mark.first, None, None, "none", mark.kind, number)
        figure.forces.extend(reading.find("force", max(first, mark.first - REACH), min(last, mark.last + REACH)))
        found.append(figure)
    return found


def _of_another(reading: Reading, mark: Mark, last: int) -> bool:
    """Return whether the outcome behind a denial is another's statement: "denied any link, the ministry said ..."."""
    outcomes = reading.find("out", mark.last, last)
    if not outcomes:
        return False
    between = range(mark.last, outcomes[0].first)
    comma = next((at for at in between if reading.tokens[at].text == ","), None)
    return comma is not None and bool(reading.find("say", comma, outcomes[0].first))


def _named(reading: Reading, number: int, first: int, last: int, taken: set[int]) -> list[Figure]:
    """Return people given by name alone, two capitalised words or more, in a sentence that speaks of an outcome."""
    if reading.language == "ar" or not reading.find("out", first, last):
        return []
    found, index = [], first
    while index < last:
        stop = index
        while stop < last and stop not in taken and _nameable(reading, stop) and not reading.has(stop, "place"):
            stop += 1
        if stop - index > 1 and index - 1 not in taken:
            figure = Figure(index, stop, index, *bounded(1, ""), "name", "", number)
            figure.names.append((index, stop))
            found.append(figure)
        index = max(stop, index + 1)
    return found
