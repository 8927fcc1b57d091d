"""Pure: when. Weekdays, dates and "yesterday" read against the dateline or the day of publication."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from services.classifier.claims.figures import Figure
from services.classifier.claims.relation import relation
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, near

NUMERIC = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$")
DAYS = 31
WEEK = 7
FIRST_YEAR = 2011
MOST = 12
DATELINE = 14


@dataclass(frozen=True, slots=True)
class Moment:
    """A date expression: where it stands, how it is written, the day it means; none: it names no single day."""

    mark: Mark
    form: str
    day: date | None


def moments(reading: Reading) -> tuple[list[Moment], date]:
    """Return the date expressions of a document and the day they are read against."""
    published = reading.when.date()
    calendar = [_calendar(reading, mark, published) for mark in reading.kinds.get("month", ())]
    found = [moment for moment in calendar if moment]
    line = next(
        (
            m
            for m in found
            if m.day and m.mark.first < DATELINE and abs((m.day - published).days) <= WEEK and _prints(reading, m)
        ),
        None,
    )
    anchor = line.day if line and line.day else published
    found = [m for m in found if m is not line]
    for mark in reading.kinds.get("weekday", ()):
        back = (anchor.weekday() - int(mark.value)) % WEEK
        found.append(Moment(mark, "weekday", anchor - timedelta(days=back)))
    for mark in reading.kinds.get("day", ()):
        back = 2 if mark.value == "-9" else -int(mark.value)
        found.append(Moment(mark, f"day{mark.value}", anchor - timedelta(days=back)))
    for mark in reading.kinds.get("night", ()):
        found.append(Moment(mark, "night", _night(reading, mark, anchor)))
    found.extend(_numeric(reading))
    return sorted(found, key=lambda moment: moment.mark.first), anchor


def _prints(reading: Reading, moment: Moment) -> bool:
    """Return whether a date is the dateline: near the top, and a dash, a bracket or an agency's stop follows."""
    after = [reading.tokens[at].text for at in range(moment.mark.last, min(len(reading.tokens), moment.mark.last + 5))]
    return (
        any(text in {"–", "-", ".", "/", ")"} for text in after[:3])
        and reading.tokens[moment.mark.first].start >= reading.title_end
    )


def _calendar(reading: Reading, mark: Mark, published: date) -> Moment | None:
    day = next(
        (
            at
            for at in (mark.first - 1, mark.last)
            if 0 <= at < len(reading.tokens) and _is_day(reading.tokens[at].text)
        ),
        None,
    )
    year = _year(reading, mark)
    first, last = mark.first, mark.last
    if day is None:
        return Moment(mark, "month", None)
    first, last = min(first, day), max(last, day + 1)
    number = int(reading.tokens[day].text)
    try:
        resolved = date(year or published.year, int(mark.value), number)
    except ValueError:
        return None
    if year is None and resolved > published + timedelta(days=2):
        resolved = resolved.replace(year=resolved.year - 1) if (resolved.month, resolved.day) != (2, 29) else resolved
    return Moment(Mark("date", mark.value, first, last), "calendar", resolved)


def _is_day(text: str) -> bool:
    return text.isdigit() and 1 <= int(text) <= DAYS


def _year(reading: Reading, mark: Mark) -> int | None:
    for at in range(mark.last, min(len(reading.tokens), mark.last + 4)):
        text = reading.tokens[at].text
        if text.isdigit() and len(text) == 4 and FIRST_YEAR - 100 < int(text) < FIRST_YEAR + 100:  # noqa: PLR2004
            return int(text)
    return None


def _night(reading: Reading, mark: Mark, anchor: date) -> date:
    """Return the first day of a night: the day before, or the weekday it is the night to."""
    for at in range(mark.first, min(len(reading.tokens), mark.last + 3)):
        weekday = reading.has(at, "weekday")
        if weekday:
            return anchor - timedelta(days=(anchor.weekday() - int(weekday.value)) % WEEK)
    return anchor - timedelta(days=1)


def _numeric(reading: Reading) -> list[Moment]:
    found = []
    for index, token in enumerate(reading.tokens):
        whole = reading.document[token.start : token.start + 10]
        if token.text[:1].isdigit() and (match := NUMERIC.match(whole)):
            try:
                day = date(int(match[3]), int(match[2]), int(match[1]))
            except ValueError:
                continue
            found.append(Moment(Mark("date", "x", index, index + 1), "numeric", day))
    return found


def candidates(reading: Reading, figure: Figure, found: list[Moment]) -> list[tuple[Moment, list[str]]]:
    """Return the dates that may be the day of *figure*, nearest sentences first, with features."""
    rows = []
    closest = sorted(
        near(found, figure.first, MOST, lambda moment: moment.mark.first),
        key=lambda moment: abs(reading.sentence_of[moment.mark.first] - figure.sentence),
    )[:MOST]
    days = {moment.day for moment in closest if moment.day}
    for moment in closest:
        if moment.day is None:
            continue
        row = relation(reading, figure, moment.mark)
        row += [
            f"form={moment.form}",
            f"form={moment.form}/{row[1]}",
            f"days={min(3, len(days))}/{row[1]}",
            f"kind={figure.kind}",
        ]
        row += [f"form={moment.form}/{x}" for x in row if x.startswith(("b1=", "b2=", "a="))]
        age = (reading.when.date() - moment.day).days
        row.append(f"age={_age(age)}/{row[1]}")
        rows.append((moment, row))
    return rows


def _age(days: int) -> str:
    if days in {0, 1}:
        return str(days)
    return "week" if days <= WEEK else "month" if days <= DAYS else "old"
