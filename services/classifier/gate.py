"""Pure: is it worth reading in full? Two cheap looks, either of which opens; what they saw is kept as reasons.

The first is a linear model over the beginnings of words, trained on the labelled passages; the second asks the lexicon
whether anybody met an end and anything speaks of Syria. A text set in another war alone stays out whatever they say.
The gate only keeps out what cannot hold a claim; whether a text does hold one is the network's to say. It reads raw
HTML as well as text: markup weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.classifier.lexicon import Mark
from services.classifier.reading import Reading
from services.classifier.text import fold

WORD = re.compile(r"\w+")
TAG = re.compile(r"<(script|style)\b(?:.*?</\1\s*>|.*\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
"""A script that never ends takes the rest with it, as in a browser: time stays linear in a hostile page's length."""
START, END, LONG = 5, 4, 6
"""Letters of a word's beginning and, in a word longer than *LONG*, of its ending, that tell what it is about."""
OPEN = -1.2
"""From this score on the first look opens: 99 in 100 relevant passages do, those kept out of training."""
SHUT = -3.5
"""Up to this score no second look is taken."""
NOTHING = -9.0
PASSAGE = 70
"""Words of a page that are scored together. Of 167 relevant stories of the development sets, each among menus and
lists, all opened at 70 words, 163 at 200 and 159 at 400."""
SIGNS = ("syria", "place")
PEOPLE = ("role", "force", "num", "vague", "party")
ENDINGS = ("out", "both", "neutral", "deny", "neg", "martyr", "rite", "cause")
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate opens, and the words that decided it."""

    opens: bool
    reasons: tuple[str, ...]


def signs(text: str) -> set[str]:
    """Return what the first look sees in *text*: beginnings and endings of words; every number is one sign."""
    words = WORD.findall(fold(text))
    plain = {"0" if word.isdigit() else word for word in words}
    return {word[:START] for word in plain} | {f"{word[-END:]}$" for word in plain if len(word) > LONG}


@dataclass(frozen=True, slots=True)
class Glance:
    """The first look: a weight for every sign."""

    bias: float
    weights: Mapping[str, float]

    @classmethod
    def load(cls, path: Path) -> Glance:
        """Read the weights that training wrote: the bias, then one sign a line, its weight after a tab."""
        rows = (line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if line)
        stored = {sign: float(weight) for sign, weight in rows}
        return cls(stored.pop(""), stored)

    def score(self, text: str) -> tuple[float, tuple[str, ...]]:
        """Return how likely *text* is worth reading, as log odds, and the signs that speak for it most."""
        known = {sign: self.weights[sign] for sign in signs(text) if sign in self.weights}
        if not known:
            return NOTHING, ()
        best = sorted(known, key=lambda sign: -known[sign])[:SHOWN]
        return sum(known.values()) / len(known) ** 0.5 + self.bias, tuple(best)

    def opens_page(self, page: str) -> bool:
        """Return whether an HTML *page* may hold a claim, before its body is looked for: one passage of it is enough.

        Menus and lists of other stories would outweigh the article if the page were scored as a whole.
        """
        words = TAG.sub(" ", page).split()
        passages = (" ".join(words[start : start + PASSAGE]) for start in range(0, len(words), PASSAGE))
        return any(self.score(passage)[0] >= OPEN for passage in passages)


def judge(reading: Reading, score: float, seen: tuple[str, ...]) -> Verdict:
    """Return whether *reading* may hold a claim, given the *score* of the first look and the signs it saw."""
    wars = [mark for mark in reading.kinds.get("abroad", ()) if mark.value == "strong"]
    if wars and not any(reading.kinds.get(kind) for kind in SIGNS):
        return Verdict(opens=False, reasons=(f"another theatre: {_told(reading, wars)}",))
    if score >= OPEN:
        return Verdict(opens=True, reasons=(f"words: {', '.join(seen)} ({score:.1f})", *_theatre(reading)))
    return _second_look(reading)


def _theatre(reading: Reading) -> tuple[str, ...]:
    marks = [mark for kind in (*SIGNS, "force", "party") for mark in reading.kinds.get(kind, ())]
    return (f"theatre: {_told(reading, marks)}",) if marks else ()


def _second_look(reading: Reading) -> Verdict:
    kinds = reading.kinds
    ending = next((mark for kind in ENDINGS for mark in kinds.get(kind, ())), None)
    if ending is None:
        return Verdict(opens=False, reasons=("no word of death, wounds, loss or capture",))
    if not any(kinds.get(kind) for kind in PEOPLE):
        return Verdict(opens=False, reasons=("nobody it happened to",))
    theatre = _theatre(reading)
    if not theatre:
        return Verdict(opens=False, reasons=("no sign of Syria: no place, actor or source of its war",))
    return Verdict(opens=True, reasons=(f"outcome: {reading.words(ending.first, ending.last)}", *theatre))


def _told(reading: Reading, marks: list[Mark]) -> str:
    return ", ".join(dict.fromkeys(reading.words(mark.first, mark.last) for mark in marks[:SHOWN]))
