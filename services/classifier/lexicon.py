"""The words the reader knows: rows of data files, compiled into one automaton per language.

A row is ``class <tab> value <tab> form, form, ...``. Any word of a form may end in ``*`` (an ending of up to eight
letters) or ``~`` (up to three); ``{a,b}`` means either; a leading ``^`` asks for capitals, a leading ``+`` for a first
capital. Arabic forms are also known behind the usual clitics. Adding a language is adding a folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ahocorasick_rs import AhoCorasick, MatchKind

from services.classifier.text import Token, tokenize

CUES = frozenset({"total", "past", "sub", "allege", "deny", "claimed", "confirm", "say", "earlier", "relay"})
INSIDE = frozenset({"out", "num", "ord"})
ENDINGS = {"*": 8, "~": 3}
BRACES = re.compile(r"\{([^{}]*)\}")
ARABIC_CLITICS = ("", "و", "ف", "ب", "ل", "ك", "ال", "وال", "بال", "فال", "كال", "لل", "ولل", "وب", "ول", "وبال")
BEFORE_ARTICLE = ("و", "ف", "ب", "وب", "ك")
INSTEAD_OF_ARTICLE = ("لل", "ولل", "فلل")
SCRIPTS = {
    "latin": re.compile(r"[A-Za-z]"),
    "cyrillic": re.compile(r"[\u0400-\u04ff]"),
    "arabic": re.compile(r"[\u0600-\u06ff]"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a form stands for: a class of words and a value in it; *rest* are the further words it asks for."""

    kind: str
    value: str
    rest: tuple[str, ...] = ()
    need: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry found in a document: tokens *first* to *last* (exclusive)."""

    kind: str
    value: str
    first: int
    last: int


def read_rows(path: Path) -> Iterator[list[str]]:
    """Return the rows of a data file, comments and empty lines left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("\t")]


def expand(form: str) -> list[str]:
    """Return every form that *form* stands for: ``soldier{,s}`` is two."""
    found = BRACES.search(form)
    if not found:
        return [form]
    choices = found.group(1).split(",")
    return [more for choice in choices for more in expand(form[: found.start()] + choice + form[found.end() :])]


def split_forms(cell: str) -> list[str]:
    """Return the forms of a cell: parted by commas outside braces, expanded."""
    parts = re.split(r",(?![^{]*\})", cell)
    return [form for part in parts if part.strip() for form in expand(part.strip())]


def in_script(form: str, script: str) -> bool:
    """Return whether *form* is written in *script*, or in none (a number)."""
    return bool(SCRIPTS[script].search(form)) or not any(pattern.search(form) for pattern in SCRIPTS.values())


def _words(form: str, language: str) -> list[str]:
    """Return the words of a form in normal form, each with its wildcard if it has one."""
    words: list[str] = []
    for part in form.split():
        tokens = [token.text for token in tokenize(part.rstrip("*~"), language)]
        if tokens and part[-1] in ENDINGS:
            tokens[-1] += part[-1]
        words.extend(tokens)
    return words


class Lexicon:
    """Every form of one language and of the theatre, found in one pass."""

    def __init__(self, language: str, rows: Iterable[tuple[str, str, str]]) -> None:
        self.language = language
        self._by_pattern: dict[str, list[Entry]] = {}
        for form, kind, value in rows:
            need = form[0] if form[0] in "^+" else ""
            self._add(_words(form.lstrip("^+"), language), kind, value, need)
        self._inherit()
        patterns = list(self._by_pattern)
        self._entries = [self._by_pattern[pattern] for pattern in patterns]
        bodies = [pattern.rstrip("~*") for pattern in patterns] or ["\x00"]
        self._automaton = AhoCorasick(bodies, matchkind=MatchKind.LeftmostLongest)
        self._endings = [ENDINGS.get(pattern[-1:], 0) for pattern in patterns]

    def _add(self, words: list[str], kind: str, value: str, need: str) -> None:
        if not words:
            return
        head = words
        rest: tuple[str, ...] = ()
        for index, word in enumerate(words[:-1]):
            if word[-1] in ENDINGS:
                head, rest = words[: index + 1], tuple(words[index + 1 :])
                break
        body = "  ".join(head)
        pattern = body if body[-1] in ENDINGS else body + " "
        entry = Entry(kind, value, rest, need)
        for variant in self._variants(pattern):
            known = self._by_pattern.setdefault(variant, [])
            if entry not in known:
                known.append(entry)

    def _variants(self, pattern: str) -> list[str]:
        if self.language != "ar":
            return [f" {pattern}"]
        if not pattern.startswith("ال"):
            return [f" {clitic}{pattern}" for clitic in ARABIC_CLITICS]
        return [
            f" {pattern}",
            *(f" {c}{pattern}" for c in BEFORE_ARTICLE),
            *(f" {c}{pattern[2:]}" for c in INSTEAD_OF_ARTICLE),
        ]

    def _inherit(self) -> None:
        """Give each pattern what the shorter, open ones it hides say, unless it speaks of their class itself."""
        for pattern, entries in self._by_pattern.items():
            body = pattern.rstrip("~* ")
            spoken = {entry.kind for entry in entries if not entry.rest}
            for length in range(len(body), 2, -1):
                for ending, limit in ENDINGS.items():
                    shorter = self._by_pattern.get(body[:length] + ending)
                    if shorter is None or shorter is entries or len(body) - length > limit:
                        continue
                    entries.extend(e for e in shorter if e.kind not in spoken and e not in entries)
                    spoken |= {entry.kind for entry in shorter if not entry.rest}

    def marks(self, tokens: list[Token]) -> list[Mark]:
        """Return every entry in *tokens*, leftmost and longest first; one form may stand for several."""
        padded = "".join(f" {token.text} " for token in tokens)
        starts: dict[int, int] = {}
        ends: dict[int, int] = {}
        at = 0
        for index, token in enumerate(tokens):
            starts[at] = index
            at += len(token.text) + 2
            ends[at] = index
        found: list[Mark] = []
        covered = 0
        for pattern, start, end in self._automaton.find_matches_as_indexes(padded):
            first, last = starts.get(start), ends.get(end)
            if last is None and (close := padded.find(" ", end, end + self._endings[pattern] + 1)) >= 0:
                last = ends.get(close + 1)
            if first is None or last is None or first < covered:
                continue
            marks = self._marks_at(self._entries[pattern], tokens, first, last + 1)
            if marks and marks[0].last - first > 1 and all(mark.kind in CUES for mark in marks):
                marks.extend(self._inside(tokens, first, marks[0].last))
            if marks and all(mark.kind == "party" for mark in marks):
                marks = self._straddling(tokens, first, marks[0].last) or marks
            covered = max((mark.last for mark in marks), default=covered)
            found.extend(marks)
        return found

    def _straddling(self, tokens: list[Token], first: int, last: int) -> list[Mark]:
        """Return the people that a party's last word begins to name: "Turkish military specialists"."""
        if last >= len(tokens) or last - first < 2:  # noqa: PLR2004
            return []
        people = self._by_pattern.get(f" {tokens[last - 1].text}  {tokens[last].text} ", ())
        roles = [Mark(entry.kind, entry.value, last - 1, last + 1) for entry in people if entry.kind == "role"]
        forces = [
            Mark(entry.kind, entry.value, at, at + 1)
            for at in range(first, last - 1)
            for entry in self._by_pattern.get(f" {tokens[at].text} ", ())
            if entry.kind == "force"
        ]
        return [*forces, *roles] if roles else []

    def _inside(self, tokens: list[Token], first: int, last: int) -> list[Mark]:
        """Return the outcomes and numbers inside a cue of several words: "among the dead" speaks of the dead."""
        return [
            Mark(entry.kind, entry.value, at, at + 1)
            for at in range(first, last)
            for entry in self._by_pattern.get(f" {tokens[at].text} ", ())
            if entry.kind in INSIDE and not entry.rest
        ]

    @staticmethod
    def _marks_at(entries: list[Entry], tokens: list[Token], first: int, last: int) -> list[Mark]:
        found = [
            Mark(entry.kind, entry.value, first, last + len(entry.rest))
            for entry in entries
            if (not entry.rest or _follow(entry.rest, tokens, last))
            and (not entry.need or _capitals(entry.need, tokens[first]))
        ]
        longest = max((mark.last for mark in found), default=0)
        return [mark for mark in found if mark.last == longest]


def _follow(rest: tuple[str, ...], tokens: list[Token], at: int) -> bool:
    if at + len(rest) > len(tokens):
        return False
    for offset, word in enumerate(rest):
        text = tokens[at + offset].text
        limit = ENDINGS.get(word[-1])
        stem = word[:-1] if limit else word
        if not text.startswith(stem) or len(text) - len(stem) > (limit or 0):
            return False
    return True


def _capitals(need: str, token: Token) -> bool:
    return token.upper if need == "^" else token.capital
