"""Pure: dates as texts write them. Days of a month, numeric dates, and the nights between two days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|(?<=[./])\d{2})(?![\d:])|(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
TWO_FIGURES = re.compile(r"(\d{1,2})\.(\d{2})(?![\d.:])")
SHORT = {"ru": TWO_FIGURES, "uk": TWO_FIGURES, "de": re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(?!\d)")}
"""How a day without a year is written in figures, where news write it so: "16.01", "3.5."."""
CLOCK = frozenset({"в", "о", "к", "до", "около", "после", "об", "близько", "um", "gegen", "ab", "seit"})
TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
LOCAL = timedelta(hours=3)
"""Syria's clock ahead of UTC: in summer until 2022, the whole year since."""
SUFFIXES = frozenset({"го", "е", "ого", "му", "ме", "те"})
"""Case endings of a day's number in Russian and Ukrainian: "28-го", "в ночь на 5-е"."""
CENTURY = 2000
MONTHS = 12
LONGEST = 10
DAYS = 31
WEEK = 7
RECENT = 60
FIRST_YEAR = 2005
FILLERS = frozenset({"of", "th", "st", "nd", "rd", "the", "го", "е", "من", ".", "-", "er", "de", "o"})
JOINTS = frozenset(
    {"-", "–", "and", "to", "и", "по", "на", "та", "і", "й", "و", "ile", "ve", "الي", "/", "und", "auf", "bis"}
    | {"et", "au", "y", "al", "e", "a", "à"}
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date expression: where it stands, how it is written, the day it means; none: it names no single day."""

    mark: Mark
    form: str
    day: date | None
    year: bool = False


def in_month(reading: Reading, mark: Mark, published: date) -> Moment | None:
    """Return the date around the name of a month; of a span of days the first; no day beside it: no single day."""
    found = _day_before(reading, mark) or _day_after(reading, mark)
    if found is None:
        return Moment(mark, "month", None)
    at, number = found
    first, last = min(mark.first, at), max(mark.last, at + 1)
    year = _year(reading, last if at >= mark.last else mark.last)
    day = _resolve(published, int(mark.value), number, year)
    return Moment(Mark("date", mark.value, first, last), "calendar", day, year is not None) if day else None


def _resolve(published: date, month: int, number: int, year: int | None) -> date | None:
    """Return the day meant: without a year the last such day that was not in the future when it was published."""
    try:
        day = date(year or published.year, month, number)
        late = year is None and day > published + timedelta(days=2)
        return day.replace(year=day.year - 1) if late else day
    except ValueError:
        return None


def _day_before(reading: Reading, mark: Mark) -> tuple[int, int] | None:
    at = mark.first - 1
    for _ in range(3):
        if at > 0 and reading.tokens[at].text in FILLERS and _same_sentence(reading, at - 1, mark.first):
            at -= 1
    number = _number(reading, at)
    if number is None:
        return None
    earlier = _number(reading, at - 2) if at >= 2 and reading.tokens[at - 1].text in JOINTS else None  # noqa: PLR2004
    joined = earlier is not None and reading.tokens[at - 2].text.isdigit() and earlier < number
    return (at - 2, earlier) if joined and earlier is not None else (at, number)


def _same_sentence(reading: Reading, at: int, other: int) -> bool:
    return reading.sentence_of[at] == reading.sentence_of[other]


def _day_after(reading: Reading, mark: Mark) -> tuple[int, int] | None:
    at = mark.last
    for _ in range(2):
        if at < len(reading.tokens) and reading.tokens[at].text in {".", "the"}:
            at += 1
    number = _number(reading, at)
    if number is None or reading.document[reading.tokens[at].start - 1] in "'’":
        return None
    following = reading.tokens[at + 1].text if at + 1 < len(reading.tokens) else ""
    return None if following in {":", "%"} else (at, number)


def _number(reading: Reading, at: int) -> int | None:
    if not 0 <= at < len(reading.tokens):
        return None
    text = reading.tokens[at].text
    ordinal = reading.has(at, "ord")
    value = text if text.isdigit() else ordinal.value if ordinal else ""
    short = value.isdecimal() and len(value) <= len(str(DAYS))
    return int(value) if short and 1 <= int(value) <= DAYS else None


def _year(reading: Reading, after: int) -> int | None:
    top = reading.when.year + 1
    for at in range(after, min(len(reading.tokens), after + 4)):
        text = reading.tokens[at].text
        if text.isdecimal() and len(text) == len(str(top)) and FIRST_YEAR <= int(text) <= top:
            return int(text)
    return None


def in_numbers(reading: Reading, published: date) -> list[Moment]:
    """Return the dates written in figures: "12.05.2014", "2014-05-12", in Russian and Ukrainian also "16.12"."""
    found: list[Moment] = []
    for index, token in enumerate(reading.tokens):
        if not token.text[:1].isdigit() or (found and token.start < reading.tokens[found[-1].mark.last - 1].end):
            continue
        moment = _figures(reading, index, published)
        if moment:
            found.append(moment)
    return found


def _figures(reading: Reading, index: int, published: date) -> Moment | None:
    start = reading.tokens[index].start
    if match := NUMERIC.match(reading.document, start, start + LONGEST):
        written = (match[5], match[6], match[7]) if match[5] else (match[4], match[3], match[1])
        year, month, day = (int(part) for part in written)
        if month > MONTHS and match[2] == "/":
            month, day = day, month
        resolved = _resolve(published, month, day, year if year >= CENTURY else CENTURY + year)
        last = index
        while last < len(reading.tokens) and reading.tokens[last].start < match.end():
            last += 1
        return Moment(Mark("date", "x", index, last), "numeric", resolved, year=True) if resolved else None
    before = reading.tokens[index - 1].text if index else ""
    short = SHORT.get(reading.language)
    if short and before not in CLOCK and (match := short.match(reading.document, start)):
        resolved = _resolve(published, int(match[2]), int(match[1]), None)
        if resolved and (published - resolved).days <= RECENT:
            return Moment(Mark("date", "x", index, index + 1), "numeric", resolved)
    return None


def of_month(reading: Reading, mark: Mark, anchor: date) -> Moment | None:
    """Return the date that "on the 21st of the month" means: the last such day up to the anchor."""
    at = mark.first - 1
    while at >= 0 and reading.tokens[at].text in FILLERS:
        at -= 1
    after = mark.last
    at = at if _number(reading, at) else after
    number = _number(reading, at)
    if number is None:
        return None
    return Moment(Mark("date", "x", min(at, mark.first), max(at + 1, mark.last)), "ofmonth", _last_day(number, anchor))


def of_suffix(reading: Reading, anchor: date) -> list[Moment]:
    """Return the bare days written with a case ending, "on the evening of 28-го": no month and no noun follows."""
    found = []
    for at, token in enumerate(reading.tokens[:-2]):
        number = _number(reading, at) if token.text.isdigit() else None
        written = number and reading.tokens[at + 1].text == "-" and reading.tokens[at + 2].text in SUFFIXES
        if number is None or not written:
            continue
        following = reading.tokens[at + 3] if at + 3 < len(reading.tokens) else None
        marks = reading.at[at + 3] if following else {}
        if following is None or not following.text.isalpha() or "prep" in marks or "clause" in marks:
            found.append(Moment(Mark("date", "x", at, at + 3), "ofmonth", _last_day(number, anchor)))
    return found


def of_night(reading: Reading, night: Mark, anchor: date) -> Moment | None:
    """Return the day that "in the night to the eighth" leads to, written as a bare ordinal."""
    at = night.last
    if not reading.has(at, "after"):
        return None
    ordinal = reading.has(at + 1, "ord")
    if ordinal is None or reading.has(ordinal.last, "month") or reading.has(ordinal.last, "ofmonth"):
        return None
    number = _number(reading, at + 1)
    return Moment(Mark("date", "x", at + 1, ordinal.last), "ofmonth", _last_day(number, anchor)) if number else None


def _last_day(number: int, anchor: date) -> date:
    """Return the last day up to *anchor* that is the *number*-th of a month."""
    return next(day for back in range(2 * DAYS + 1) if (day := anchor - timedelta(days=back)).day == number)


def by_clock(reading: Reading, index: int) -> Moment | None:
    """Return the day of a bare time of day: that of publication, or the one before if the hour was yet to come."""
    if not TIME.fullmatch(reading.tokens[index].text):
        return None
    local = reading.when + LOCAL
    hour, minute = (int(part) for part in reading.tokens[index].text.split(":"))
    late = (hour, minute) > (local.hour, local.minute)
    return Moment(Mark("date", "x", index, index + 1), "clock", local.date() - timedelta(days=1 if late else 0))


def weekday_before(anchor: date, weekday: int, *, latest: bool) -> date:
    """Return the last such weekday up to the anchor; with *latest* ("last Monday") before it."""
    back = (anchor.weekday() - weekday) % WEEK
    return anchor - timedelta(days=back or (WEEK if latest else 0))


def weekday_of_last_week(anchor: date, weekday: int) -> date:
    """Return such a weekday of the week before, weeks beginning on Monday: "on Tuesday last week"."""
    return anchor - timedelta(days=anchor.weekday() + WEEK - weekday)
