"""Pure: when. Weekdays, dates and "yesterday" read against the dateline or the day of publication."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from services.classifier.claims.calendar import (
    FIRST_YEAR,
    WEEK,
    Moment,
    by_clock,
    in_month,
    in_numbers,
    of_month,
    of_night,
    of_suffix,
    weekday_before,
    weekday_of_last_week,
)
from services.classifier.claims.figures import Figure
from services.classifier.claims.proximity import distance
from services.classifier.claims.relation import relation
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, near

__all__ = ["Moment", "candidates", "moments"]

MOST = 12
DATELINE = 14
FURNITURE = 40
REACH = 14
BESIDE = 2
SATURDAY = 5
DATED = frozenset({"calendar", "numeric", "weekday", "weekday-night", "calendar-night", "eve"})
NAMED = frozenset({"calendar", "numeric", "weekday", "ofmonth", "day-1", "day-2", "day-3"})
COUNTED = frozenset(
    {"span", "night", "weekend", "eve", "before", "later", "ofmonth", "clock", "day-2", "day-3", "weekday-night"}
)
SPOKEN = frozenset({"say", "rite", "release"})
GOVERNORS = (
    ("out", "event"),
    ("cause", "event"),
    ("say", "say"),
    ("rite", "rite"),
    ("release", "release"),
    ("clause", "clause"),
    ("event", "attack"),
)
STOPS = frozenset({"–", "-", ".", "/", ")"})


def moments(reading: Reading) -> tuple[list[Moment], date]:
    """Return the date expressions of a document and the day they are read against."""
    published = reading.when.date()
    named = [in_month(reading, mark, published) for mark in _months(reading)]
    found = sorted([*filter(None, named), *in_numbers(reading, published)], key=_first)
    line = next((m for m in found if _is_dateline(reading, m, published)), None)
    anchor = line.day if line and line.day else published
    found = [m for m in found if m is not line and not _is_furniture(reading, m, published)]
    kept = {m.mark for m in found}
    dropped = {
        at for m in named if m and m.mark not in kept for at in range(m.mark.first - BESIDE, m.mark.last + BESIDE)
    }
    found += [
        Moment(mark, "weekday", _weekday(reading, mark, anchor))
        for mark in reading.kinds.get("weekday", ())
        if mark.first not in dropped
    ]
    found += _counted(reading, anchor)
    found += _relative(reading, sorted(found, key=_first), anchor)
    found = _with_nights(reading, _without_parts(sorted(found, key=_first)), anchor)
    return sorted([*found, *_clocks(reading, found)], key=_first), anchor


def _first(moment: Moment) -> int:
    return moment.mark.first


def _is_dateline(reading: Reading, moment: Moment, published: date) -> bool:
    """Return whether a date is the dateline: near the top, nothing told yet, before a dash, bracket or stop."""
    if moment.day is None or abs((moment.day - published).days) > WEEK:
        return False
    if not 0 <= moment.mark.first - reading.title_last < DATELINE:
        return False
    if reading.between("out", reading.title_last, moment.mark.first):
        return False
    last = moment.mark.last
    after = reading.tokens[last : last + 3]
    if not after:
        return False
    gap = reading.document[reading.tokens[last - 1].end : after[0].start]
    return "-" in gap or any(token.text in STOPS for token in after)


def _is_furniture(reading: Reading, moment: Moment, published: date) -> bool:
    """Return whether a date is the page's own: near the top, with its year, of these days, no words after it."""
    if not moment.year or moment.day is None or abs((moment.day - published).days) > 1:
        return False
    after = next((t for t in reading.tokens[moment.mark.last :] if not t.text.isdigit()), None)
    if after is not None and reading.document[after.start].islower():
        return False
    return moment.mark.first - reading.title_last < FURNITURE


def _without_parts(found: list[Moment]) -> list[Moment]:
    """Return *found* without the parts of a day that is named beside them: "the evening of 3 August" is not today."""
    parts = {
        part.mark
        for pair in pairwise(found)
        for part, other in (pair, pair[::-1])
        if part.form == "day-0" and other.form in NAMED and _near(part.mark, other.mark)
    }
    return [moment for moment in found if moment.mark not in parts]


def _near(mark: Mark, other: Mark) -> bool:
    return len(_gap(mark, other)) <= 1


def _months(reading: Reading) -> list[Mark]:
    """Return the months named, without the second name of the same one: "كانون الثاني/يناير"."""
    marks = reading.kinds.get("month", [])
    again = {
        second.first
        for first, second in pairwise(marks)
        if first.value == second.value and second.first - first.last == 1
    }
    return [mark for mark in marks if mark.first not in again]


def _weekday(reading: Reading, mark: Mark, anchor: date) -> date:
    around = (*range(mark.first - BESIDE, mark.first), *range(mark.last, mark.last + BESIDE))
    if any(reading.has(at, "lastweek") for at in around):
        return weekday_of_last_week(anchor, int(mark.value))
    return weekday_before(anchor, int(mark.value), latest=_latest(reading, mark))


def _clocks(reading: Reading, found: list[Moment]) -> list[Moment]:
    """Return the bare times of day in sentences that name no day."""
    dated = {reading.sentence_of[m.mark.first] for m in found}
    timed = (by_clock(reading, at) for at in range(len(reading.tokens)) if reading.sentence_of[at] not in dated)
    return [moment for moment in timed if moment]


def _latest(reading: Reading, mark: Mark) -> bool:
    return any(reading.has(at, "latest") for at in (mark.first - 1, mark.last))


def _counted(reading: Reading, anchor: date) -> list[Moment]:
    """Return the moments words count from the anchor: yesterday, the last 24 hours, the weekend, New Year's Eve."""
    found = []
    for mark in reading.kinds.get("day", ()):
        back = 2 if mark.value == "-9" else -int(mark.value)
        found.append(Moment(mark, f"day-{min(back, 3)}", anchor - timedelta(days=back)))
    found += [Moment(mark, "span", anchor - timedelta(days=int(mark.value))) for mark in reading.kinds.get("span", ())]
    found += [
        Moment(mark, "weekend", weekday_before(anchor, SATURDAY, latest=False))
        for mark in reading.kinds.get("weekend", ())
    ]
    for mark in reading.kinds.get("eve", ()):
        month, day = (int(part) for part in mark.value.split("-"))
        feast = date(anchor.year, month, day)
        found.append(Moment(mark, "eve", feast if feast <= anchor else feast.replace(year=anchor.year - 1)))
    found.extend(filter(None, (of_month(reading, mark, anchor) for mark in reading.kinds.get("ofmonth", ()))))
    found.extend(filter(None, (of_night(reading, mark, anchor) for mark in reading.kinds.get("night", ()))))
    return found + of_suffix(reading, anchor)


def _relative(reading: Reading, found: list[Moment], anchor: date) -> list[Moment]:
    """Return "a day earlier", "two days later": counted from the day named last in the sentence, else the anchor.

    What is later needs a day to be counted from.
    """
    told = []
    for mark in (*reading.kinds.get("before", ()), *reading.kinds.get("later", ())):
        sentence = reading.sentence_of[mark.first]
        close = near(found, mark.first, MOST, _first)
        named = [m for m in close if m.day and reading.sentence_of[m.mark.first] == sentence and m.form != "span"]
        earlier = [m for m in named if m.mark.first < mark.first]
        base = (earlier[-1:] or [m for m in named if m.mark.first - mark.last <= BESIDE])[:1]
        start = base[0].day if base and base[0].day else anchor
        if mark.kind == "before" or base:
            back = int(mark.value) if mark.kind == "before" else -int(mark.value)
            told.append(Moment(mark, mark.kind, start - timedelta(days=back)))
    return told


def _with_nights(reading: Reading, found: list[Moment], anchor: date) -> list[Moment]:
    """Return *found* with nights: the night of a day named beside it, the one before a day it leads to, or the last."""
    nights: dict[Mark, Moment] = {}
    for mark in reading.kinds.get("night", ()):
        beside = next((m for m in near(found, mark.first, BESIDE, _first) if m.day and _touch(m.mark, mark)), None)
        last_night = Moment(mark, "night", anchor - timedelta(days=1))
        if beside is None or beside.day is None:
            nights[mark] = last_night
        elif any(reading.has(at, "after") for at in _gap(mark, beside.mark)):
            nights[beside.mark] = replace(beside, form="night", day=beside.day - timedelta(days=1))
        elif beside.form == "day-0":
            nights[beside.mark] = replace(beside, form="night", day=last_night.day)
        else:
            nights[beside.mark] = replace(beside, form=f"{beside.form}-night")
    told = [nights.pop(m.mark, m) for m in found]
    return sorted([*told, *nights.values()], key=_first)


def _gap(mark: Mark, other: Mark) -> range:
    return range(mark.last, other.first) if mark.first < other.first else range(other.last, mark.first)


def _touch(mark: Mark, night: Mark) -> bool:
    return (
        -1 <= mark.first - night.last <= 1 or 0 <= night.first - mark.last <= 1 or mark.first <= night.first < mark.last
    )


def candidates(reading: Reading, figure: Figure, found: list[Moment]) -> list[tuple[Moment, list[str]]]:
    """Return the dates that may be the day of *figure*, with features: of its sentence, and the inherited one."""
    closest = near(found, figure.first, MOST, _first)
    own = [m for m in closest if m.day and reading.sentence_of[m.mark.first] == figure.sentence]
    elsewhen = _elsewhen(reading, figure, closest)
    own = [m for m in own if not elsewhen or m.form in DATED]
    settled = elsewhen or any(_governor(reading, m.mark)[0] == "event" for m in own)
    handed = None if settled else _inherited(reading, figure, closest)
    scene = _scene(reading, figure, closest)
    days = len({moment.day for moment in own})
    rows = []
    for moment in [*own, handed] if handed else own:
        row = relation(reading, figure, moment.mark)
        where = row[1] if moment is not handed else "before" if moment.mark.first < figure.first else "after"
        row = [x for x in row if moment is not handed or x.startswith(("b1=", "b2=", "a="))]
        verb, side, steps = _governor(reading, moment.mark)
        row += [
            *(where, f"form={moment.form}", f"form={moment.form}/{where}", f"sort={_sort(moment)}/{verb}"),
            *(f"days={min(3, days)}/{where}", f"kind={figure.kind}", f"kind={figure.kind}/{where}"),
            *(f"age={_age(reading, moment)}/{where}", f"{reading.language}verb={verb}{side}"),
            *(f"verb={verb}{side}", f"verb={verb}/{where}", f"verb={verb}{side}/{steps}", f"verb={verb}/{moment.form}"),
        ]
        row += [f"form={moment.form}/{x}" for x in row if x.startswith(("b1=", "b2=", "a="))]
        row += [f"{cue}/{where}" for cue in scene]
        if moment is handed:
            apart = abs(reading.sentence_of[moment.mark.first] - figure.sentence)
            row += [
                f"apart={min(apart, 4)}/{where}",
                f"handed={verb}/{where}/{days}",
                f"{reading.language}handed={where}",
                *(f"{cue}/{where}" for cue in _since(reading, figure, moment, closest)),
            ]
        else:
            row += _words(reading, moment.mark)
        rows.append((moment, row))
    return rows


def _elsewhen(reading: Reading, figure: Figure, closest: list[Moment]) -> bool:
    """Return whether the sentence tells of another time, without its day: "in April", "in 2016"."""
    sentence = reading.sentences[figure.sentence]
    if any(m.day is None and reading.sentence_of[m.mark.first] == figure.sentence for m in closest):
        return True
    dated = any(m.day and reading.sentence_of[m.mark.first] == figure.sentence for m in closest)
    years = {str(year) for year in range(FIRST_YEAR, reading.when.year)}
    return not dated and any(token.text in years for token in reading.tokens[sentence.first : sentence.last])


def _inherited(reading: Reading, figure: Figure, closest: list[Moment]) -> Moment | None:
    """Return the day the text goes on speaking of: of the last sentence before with one, else of the next after."""
    dated = [m for m in closest if m.day and reading.sentence_of[m.mark.first] != figure.sentence]
    before = [m for m in reversed(dated) if m.mark.first < figure.first]
    after = [m for m in dated if m.mark.first > figure.first]
    told = [m for m in (*before, *after) if _governor(reading, m.mark)[0] not in SPOKEN]
    return next(iter(told or before or after), None)


def _since(reading: Reading, figure: Figure, moment: Moment, closest: list[Moment]) -> list[str]:
    """Return whether the text has gone on to another incident between a date and a figure."""
    there, here = reading.sentence_of[moment.mark.first], figure.sentence
    first, last = reading.sentences[min(there, here) + 1].first, reading.sentences[max(there, here)].last
    turned = reading.between("turn", first, last) > 0
    stood, stands = _places(reading, there), _places(reading, here)
    moved = "moved" if stood and stands and not stood & stands else "stayed" if stood & stands else "open"
    told = {m.day for m in closest if m.day and _governor(reading, m.mark)[0] not in SPOKEN}
    return [f"turned{turned}", f"place={moved}", f"lone{len(told) == 1}", f"lone{len(told) == 1}/{moved}/{turned}"]


def _places(reading: Reading, number: int) -> set[str]:
    sentence = reading.sentences[number]
    return {mark.value for mark in reading.find("place", sentence.first, sentence.last)}


def _scene(reading: Reading, figure: Figure, closest: list[Moment]) -> list[str]:
    """Return what the figure's own sentence says of time: another month, the past, a day of its own."""
    sentence = reading.sentences[figure.sentence]
    own = [m for m in closest if reading.sentence_of[m.mark.first] == figure.sentence]
    title = reading.tokens[figure.head].start < reading.title_end
    past = bool(reading.find("past", sentence.first, sentence.last))
    vague = any(m.day is None for m in own)
    dated = len({m.day for m in own if m.day})
    return [
        f"own={min(dated, 2)}/vague{vague}",
        f"past{past}/own{min(dated, 2)}",
        f"title{title}",
        f"ord{bool(reading.find('ord', sentence.first, sentence.last))}",
    ]


def _governor(reading: Reading, mark: Mark) -> tuple[str, str, str]:
    """Return the verb a date stands by, its side and distance: of the event, the speaking, a burial, a text."""
    sentence = reading.sentences[reading.sentence_of[mark.first]]
    left = _nearest(reading, range(mark.first - 1, max(sentence.first - 1, mark.first - REACH), -1))
    right = _nearest(reading, range(mark.last, min(sentence.last, mark.last + REACH)))
    (verb, steps), side = min((left, "L"), (right, "R"), key=lambda pair: pair[0][1])
    return verb, side, distance(steps)


def _nearest(reading: Reading, span: range) -> tuple[str, int]:
    for steps, at in enumerate(span):
        for kind, governor in GOVERNORS:
            if kind in reading.at[at]:
                return governor, steps
    return "none", REACH


def _words(reading: Reading, mark: Mark) -> list[str]:
    before = reading.tokens[mark.first - 1].text if mark.first else "^"
    after = reading.tokens[mark.last].text if mark.last < len(reading.tokens) else "$"
    own = reading.tokens[mark.first].text[:6]
    return [f"{reading.language}w={own}", f"{reading.language}w-={before}", f"{reading.language}w+={after}"]


def _sort(moment: Moment) -> str:
    return "counted" if moment.form in COUNTED else "named"


def _age(reading: Reading, moment: Moment) -> str:
    days = (reading.when.date() - moment.day).days if moment.day else 0
    return "new" if days <= 1 else "week" if days <= WEEK else "old"
