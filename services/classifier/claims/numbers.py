"""Pure: how many. Number expressions with their hedges, as closed ranges, open where the text leaves them open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil

from services.classifier.reading import Reading

DIGITS = re.compile(r"^\d+(?:[.,]\d{3})*$")
THOUSANDS = re.compile(r"[.,]")
MOST = 100_000
LONGEST = 9
"""Figures of the longest number that is read; longer ones count nobody, and Python refuses to read very long ones."""
REACH = 4
NOUN = 4
"""Words between a number and a hedge behind its noun."""
CUT = 4
"""Words of a number that may be cut off before a phrase: two hundred and fifty | one."""
TENS = 20
HUNDRED = 100
GROUP_DIGITS = 3
SIGNS = {"~": "about", "≈": "about", ">": "morethan", "<": "lessthan", "≥": "atleast", "≤": "upto"}
PLUS = "+"
AND = "و"
NAMED = re.compile(r"[A-Za-z\u0400-\u04ff]-?$")
"""What ends right before the figures of a type: Su-34, T-72, M5, БМП-1."""
ROUND = {
    "ru": ("с", re.compile("десят|сотн|полсотн|полусотн|дюжин|полдюжин|пар")),
    "uk": ("з", re.compile("десят|сотн|пів")),
}
"""A word that means "about" before collective numbers only: "с десяток"; elsewhere it is "with"."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number expression: tokens *first* to *last*, its range, how it is written, its hedge and where that begins."""

    first: int
    last: int
    low: int | None
    high: int | None
    kind: str
    hedge: str
    opens: int


def bounded(number: int, hedge: str) -> tuple[int | None, int | None]:
    """Return the range that *number* means under *hedge* (the number table of the guidelines)."""
    if hedge == "atleast":
        return number, None
    if hedge == "morethan":
        return number + 1, None
    if hedge in {"upto", "lessthan"}:
        return None, number
    if hedge == "nearly":
        return number * 9 // 10, number
    if hedge == "about":
        return number * 9 // 10, ceil(number * 11 / 10)
    return number, number


def has_and(reading: Reading, at: int) -> bool:
    """Return whether word *at* begins with the Arabic "and", which is written together with what it joins."""
    return reading.language == "ar" and reading.tokens[at].text.startswith(AND)


def counts(reading: Reading, first: int, last: int) -> list[Count]:
    """Return the number expressions in tokens *first* to *last* (exclusive), in order."""
    found: list[Count] = []
    index = first
    while index < last:
        count = _count_at(reading, index, first, last)
        if count is None:
            index += 1
        else:
            found.append(count)
            index = count.last
    return found


def _count_at(reading: Reading, index: int, first: int, last: int) -> Count | None:
    vague = reading.has(index, "vague")
    if vague and vague.first == index:
        return _vague(reading, index, vague.last, vague.value, first)
    value, end, kind = _number(reading, index, last)
    if value is None or value > MOST:
        return None
    hedge, opens = _hedge(reading, index, first)
    hedge = hedge or ("about" if reading.has(index, "round") else "")
    upper = _upper(reading, end, last, value=value, opens=opens, first=first)
    if upper is not None:
        high, end, low_open = upper
        return Count(index, end, value, high, kind, "range", low_open)
    if not hedge:
        hedge, end = _after(reading, end, last)
    low, high_or_none = bounded(value, hedge)
    return Count(index, end, low, high_or_none, kind, hedge, opens)


def _after(reading: Reading, end: int, last: int) -> tuple[str, int]:
    """Return the hedge behind a number that ends at *end*, and its end: 20+, or more; also behind the noun.

    There only "at least", and in Arabic any: "22 soldiers at least".
    """
    if end >= last:
        return "", end
    if reading.tokens[end].text == PLUS and reading.tokens[end].start == reading.tokens[end - 1].end:
        return "atleast", end + 1
    mark = reading.has(end, "posthedge")
    if mark and mark.first == end:
        return mark.value, mark.last
    late = reading.has(_past_noun(reading, end, last), "posthedge")
    if late is None or late.first >= last or (late.value != "atleast" and reading.language != "ar"):
        return "", end
    return late.value, end


def _past_noun(reading: Reading, at: int, last: int) -> int:
    """Return the word behind those that say who was counted: "22 Turkish soldiers | at least".

    In Arabic, where such a hedge stands there as a rule, these may be any words but numbers and marks.
    """
    end = min(at + NOUN, last)
    arabic = reading.language == "ar"
    while at < end and not reading.has(at, "posthedge"):
        if not (_is_name(reading, at) if arabic else reading.has(at, "role") or reading.has(at, "force")):
            break
        at += 1
    return at


def _is_name(reading: Reading, at: int) -> bool:
    return reading.tokens[at].text.isalpha() and not reading.has(at, "num")


def _vague(reading: Reading, index: int, end: int, value: str, first: int) -> Count:
    hedge, opens = _hedge(reading, index, first)
    low = int(value.rstrip("-"))
    if hedge == "upto":
        return Count(index, end, None, low, "vague", hedge, opens)
    return Count(index, end, low, None, "vague", hedge, opens)


def _number(reading: Reading, index: int, last: int) -> tuple[int | None, int, str]:
    """Return the number that begins at *index*, where it ends, and how it is written."""
    text = reading.tokens[index].text
    if DIGITS.match(text):
        start = reading.tokens[index].start
        named = NAMED.search(reading.document, max(0, start - 2), start)
        return (None, index, "") if named else _digits(reading, index, last)
    mark = reading.has(index, "num")
    mult = reading.has(index, "mult")
    if mark is None and mult is None:
        return None, index, ""
    total, end = 0, index
    while end < last and total <= MOST:
        mark, mult = reading.has(end, "num"), reading.has(end, "mult")
        if mark and mark.first == end:
            value = int(mark.value)
            if total and not _adds(total, value) and not _tens_after(reading, end, total, value):
                break
            total += value
            end = mark.last
        elif mult and mult.first == end:
            total = max(total, 1) * int(mult.value)
            end = mult.last
        elif total and _joins(reading, end, total, last):
            end += 1
        else:
            break
    return (total, end, "word") if end > index else (None, index, "")


def _adds(total: int, value: int) -> bool:
    """Return whether *value* continues a number that stands at *total*: forty two, not four two."""
    lowest: int = 10 ** (len(str(total)) - len(str(total).rstrip("0")))
    return value < lowest and (total >= TENS or lowest > TENS) and lowest >= 10  # noqa: PLR2004


def _tens_after(reading: Reading, at: int, total: int, value: int) -> bool:
    """Return whether *value* are the tens that Arabic says after the units: three and-twenty."""
    if not has_and(reading, at):
        return False
    return TENS <= value < HUNDRED and value % 10 == 0 and 0 < total % HUNDRED < 10  # noqa: PLR2004


def _joins(reading: Reading, index: int, total: int, last: int) -> bool:
    """Return whether *index* is an "and" inside a number: two hundred and fifty."""
    following = reading.has(index + 1, "num") if index + 1 < last else None
    joining = reading.has(index, "and")
    return bool(
        joining
        and following
        and total >= (HUNDRED if joining.value == "hundreds" or reading.language == "en" else TENS)
        and _adds(total, int(following.value))
    )


def _digits(reading: Reading, index: int, last: int) -> tuple[int | None, int, str]:
    figures = THOUSANDS.sub("", reading.tokens[index].text)
    if len(figures) > LONGEST:
        return None, index, ""
    value = int(figures)
    end = index + 1
    if end < last and value < HUNDRED * 10 and _spaced_group(reading, index):
        value, end = value * 1000 + int(reading.tokens[end].text), end + 1
    mult = reading.has(end, "mult") if end < last else None
    if mult and mult.first == end:
        value, end = value * int(mult.value), mult.last
        following = reading.tokens[end].text if end < last else ""
        if following.isdecimal() and len(following) <= LONGEST and int(following) < int(mult.value):
            value, end = value + int(following), end + 1
    return value, end, "digit"


def _spaced_group(reading: Reading, index: int) -> bool:
    here, following = reading.tokens[index], reading.tokens[index + 1]
    if len(here.text) > GROUP_DIGITS or len(following.text) != GROUP_DIGITS or not following.text.isdecimal():
        return False
    return following.start - here.end == 1 and reading.document[here.end] in " \u00a0\u202f"


def _hedge(reading: Reading, index: int, first: int) -> tuple[str, int]:
    """Return the hedge that ends right before *index* (an article may stand between), and where it begins."""
    for at in (index - 1, index - 2):
        if at < first:
            break
        mark = reading.has(at, "hedge")
        if mark and mark.last == at + 1:
            return mark.value, mark.first
        if not reading.has(at, "det"):
            break
    sign = SIGNS.get(reading.document[reading.tokens[index].start - 1 : reading.tokens[index].start])
    if sign:
        return sign, index
    word, collective = ROUND.get(reading.language, ("", None))
    if collective and index > first and reading.tokens[index - 1].text == word:
        return ("about", index - 1) if collective.match(reading.tokens[index].text) else ("", index)
    return "", index


def _upper(reading: Reading, end: int, last: int, *, value: int, opens: int, first: int) -> tuple[int, int, int] | None:
    """Return the upper number, its end and the beginning of a range such as 20-30, 20 to 30, from 20 to 30."""
    if end + 1 >= last:
        return None
    dash = reading.tokens[end].text in {"-", "–"}
    joined = reading.has(end, "range")
    before = reading.has(opens - 1, "between") if opens > first else None
    clitic = bool(before) and has_and(reading, end)
    if not dash and not joined and not clitic:
        return None
    attached = clitic and reading.tokens[end].text != AND
    high, after, _ = _number(reading, end if attached else end + 1, last)
    if high is None or not value < high <= max(value * 10, value + 2):
        return None
    if dash or before or (joined and joined.value == "x" and _tight(reading, end, joined.first)):
        return high, after, before.first if before else opens
    return None


def _tight(reading: Reading, end: int, at: int) -> bool:
    return end == at and reading.tokens[end].text not in {"and", "и", "و", "ve", "та", "і"}


def plain_numbers(reading: Reading, first: int, last: int) -> list[int]:
    """Return the numbers written in tokens *first* to *last* (exclusive), whatever hedges them, in order."""
    found: list[int] = []
    index = first
    while index < last:
        value, end, _ = _number(reading, index, last)
        if value is not None and value <= MOST:
            found.append(value)
        index = max(end, index + 1)
    return found


def around_numbers(reading: Reading, first: int, last: int) -> tuple[int, int]:
    """Return words *first* to *last* (exclusive) widened to the whole of a number that they cut: "twenty | two men"."""
    sentence = reading.sentences[reading.sentence_of[first]]
    index = max(sentence.first, first - CUT)
    while index < last:
        value, end, _ = _number(reading, index, sentence.last)
        if value is not None and end > first:
            first, last = min(first, index), max(last, end)
        index = max(end, index + 1)
    return first, last
