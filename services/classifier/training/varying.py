"""Pure: the same passage told of other numbers and other states, so that the network learns the words around them.

A network that sees "three Turkish soldiers" in one passage only learns the passage by heart. Each time a passage is
learnt, its numbers and the states it speaks of may be others, in the text and in its claims alike. What cannot be
exchanged safely (a number that a sum is made of, a minister's name) keeps its passage as it is.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from services.classifier.training.passages import Passage, Row

TABLES = Path(__file__).with_name("varying.toml")
DIGITS = r"(?<![\w.,:/–-])[1-9][0-9]{0,3}(?![\w%])(?![.,:/–-]\d)"
LARGEST = 400
"""Numbers above this are often years or totals that the passage speaks of in other words too."""
SLAVIC = ("ru", "uk")
QUOTED = ("figure", "at", "evidence", "attributed_to")
"""Fields of a claim that quote the text."""


def varied(passage: Passage, chance: random.Random) -> Passage:
    """Return *passage* with other states and other numbers, where they can be exchanged; never a changed original."""
    return other_numbers(other_states(passage, chance), chance)


def other_numbers(passage: Passage, chance: random.Random) -> Passage:
    """Return *passage* with other numbers in its figures; a number keeps its grammatical kind."""
    numerals = _numerals(passage.language)
    written: set[int] = set()
    for claim in passage.claims:
        numbers = [numerals.value(found) for found in numerals.found(claim["figure"])]
        if any(_kind(number, claim) is None for number in numbers):
            return passage
        if not numbers and (claim["min"] or 0) > 2:  # noqa: PLR2004 - reckoned from numbers elsewhere
            return passage
        written.update(number for number in numbers if 1 < number <= LARGEST)
    others = {number: _other(number, numerals.like(number, passage.document), chance) for number in sorted(written)}
    if all(number == other for number, other in others.items()):
        return passage
    claims = [_renumbered(claim, others, numerals) for claim in passage.claims]
    return _rewritten(passage, lambda text: numerals.exchanged(text, others), claims)


@dataclass(frozen=True)
class _Numerals:
    """Numbers as one language writes them: in digits, or as one of the *words* in *rows*."""

    rows: tuple[dict[int, str], ...]
    slavic: bool

    @cached_property
    def _values(self) -> dict[str, int]:
        return {word: number for row in self.rows for number, word in row.items()}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = "|".join(re.escape(word) for word in sorted(self._values, key=len)[::-1])
        return re.compile(rf"{DIGITS}|(?<!\w)(?:{words})(?!\w)" if words else DIGITS, re.IGNORECASE)

    def found(self, text: str) -> list[str]:
        """Return the numbers written in *text*."""
        return self._pattern.findall(text)

    def value(self, found: str) -> int:
        """Return what a number that was found is."""
        return int(found) if found.isdigit() else self._values.get(found.lower(), 0)

    def like(self, number: int, text: str) -> list[int]:
        """Return the numbers that *text* may write in place of *number*: as long, and of the same grammatical kind."""
        used = {found.lower() for found in self.found(text)}
        rows = [row for row in self.rows if row.get(number) in used]
        low, high = max(2, 10 ** (len(str(number)) - 1)), min(LARGEST, 10 ** len(str(number)) - 1)
        return [
            other
            for other in range(low, high + 1)
            if self._agreement(other) == self._agreement(number) and all(other in row for row in rows)
        ]

    def _agreement(self, number: int) -> tuple[bool, int]:
        """Return the grammatical kind: Arabic changes after ten; Slavic has 1, 2 to 4, and the rest."""
        last = number % 10
        if not self.slavic or 10 < number % 100 < 20 or last == 0 or last > 4:  # noqa: PLR2004
            return number > 10, 0  # noqa: PLR2004
        return number > 10, 1 if last == 1 else 2  # noqa: PLR2004

    def exchanged(self, text: str, others: dict[int, int]) -> str:
        """Return *text* with every number in *others* written as its other, in the same form."""

        def one(match: re.Match[str]) -> str:
            found = match[0]
            other = others.get(self.value(found))
            if other is None:
                return found
            if found.isdigit():
                return str(other)
            value = self.value(found)
            row = next((row for row in self.rows if row.get(value) == found.lower() and other in row), None)
            if row is None:
                return found
            return row[other].capitalize() if found[0].isupper() else row[other]

        return self._pattern.sub(one, text)


@cache
def _numerals(language: str) -> _Numerals:
    rows = _tables().get(language, {}).get("numbers", ())
    return _Numerals(tuple(dict(enumerate(row["words"], row["from"])) for row in rows), language in SLAVIC)


def _renumbered(claim: Row, others: dict[int, int], numerals: _Numerals) -> Row:
    for number in map(numerals.value, numerals.found(claim["figure"])):
        kind = _kind(number, claim)
        if kind is not None and number in others:
            low, high = kind(others[number])
            return {**claim, "min": low, "max": high}
    return claim


Ends = tuple[int | None, int | None]
KINDS: tuple[Callable[[int], Ends], ...] = (
    lambda n: (n, n),
    lambda n: (n, None),
    lambda n: (n + 1, None),
    lambda n: (None, n),
    lambda n: (n * 9 // 10, -(-n * 11 // 10)),
    lambda n: (n * 9 // 10, n),
)
"""Ranges by the number they are built on, as the guidelines' table has them."""


def _kind(number: int, claim: Row) -> Callable[[int], Ends] | None:
    """Return how the claim's range follows from *number*, or None where it does not."""
    return next((kind for kind in KINDS if kind(number) == (claim["min"], claim["max"])), None)


def _other(number: int, like: Sequence[int], chance: random.Random) -> int:
    return chance.choice(like) if like else number


def other_states(passage: Passage, chance: random.Random) -> Passage:
    """Return *passage* with the states that it speaks of exchanged for one another, where its language has a table."""
    table = _tables().get(passage.language, {})
    whole = passage.document
    if "states" not in table or re.search(table["fixed"], whole):
        return passage
    free = [state for state in table["states"] if _is_free(state, table, passage)]
    to = list(free)
    chance.shuffle(to)
    exchange = {old: new for old, new in zip(free, to, strict=True) if old != new}
    rows = [row for row in table["words"] if any(row.get(state) for state in free)]
    if not any(row[old] in whole for row in rows for old in exchange if old in row):
        return passage
    words = {row[old]: row[new] for row in rows for old, new in exchange.items() if old in row and new in row}
    if any(old in row and new not in row and row[old] in whole for row in rows for old, new in exchange.items()):
        return passage
    pattern = re.compile("|".join(rf"{table['before']}{re.escape(word)}" for word in sorted(words, key=len)[::-1]))

    def change(text: str) -> str:
        return pattern.sub(lambda found: _exchanged(found[0], words), text)

    claims = [{**claim, "force": exchange.get(claim["force"], claim["force"])} for claim in passage.claims]
    return _rewritten(passage, change, claims)


def _exchanged(found: str, words: dict[str, str]) -> str:
    word = next(word for word in sorted(words, key=len)[::-1] if found.endswith(word))
    return found[: len(found) - len(word)] + words[word]


def _is_free(state: str, table: dict[str, Any], passage: Passage) -> bool:
    """Return whether *state* may be exchanged: nothing binds it, and where its people are victims the text names it."""
    if re.search(table["bound"][state], passage.document):
        return False
    forces = {claim["force"] for claim in passage.claims}
    named = any(row[state] in passage.document for row in table["words"] if state in row)
    return not any(force.startswith(f"{state}-") for force in forces) and (named or state not in forces)


def _rewritten(passage: Passage, change: Callable[[str], str], claims: Iterable[Row]) -> Passage:
    """Return *passage* with *change* made in its text and in all that quotes it; as it was if a quote is lost."""
    made = replace(passage, title=change(passage.title), text=change(passage.text), claims=())
    after: list[Row] = []
    for claim in claims:
        quotes = {name: change(claim[name]) for name in QUOTED if claim.get(name)}
        lists: dict[str, Sequence[str]] = {
            name: [change(one) for one in claim[name]] for name in ("also", "names") if claim.get(name)
        }
        if any(quote not in made.document for quote in [*quotes.values(), *chain.from_iterable(lists.values())]):
            return passage
        after.append({**claim, **quotes, **lists})
    return replace(made, claims=tuple(after))


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(TABLES.read_text(encoding="utf-8"))
