"""Loads the data folders: languages, theatre, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from services.classifier import languages as folders
from services.classifier.lexicon import Lexicon, in_script, read_rows, split_forms
from services.classifier.text import fold

HERE = Path(__file__).parent
WORD_ROW = 3
ASIDE = ("speech", "causes")
"""Data files of a language that are compiled apart, so that their phrases hide no words from each other."""
RUSSIAN_TO_UKRAINIAN = str.maketrans("ИиЭэЫы", "ІіЕеИи")
VOWELS = "аеиіоуюя"
SHORTEST_STEM = 5


@dataclass(frozen=True, slots=True)
class Place:
    """One place of Syria: its English name, its governorate if it lies in one, whether its name is also a word."""

    name: str
    governorate: str | None
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class Party:
    """Someone who speaks: normalised English name, the force whose side it is, and what kind of speaker."""

    name: str
    side: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Theatre:
    """Everything known about Syria and its war, the same for every language."""

    places: tuple[Place, ...]
    parties: tuple[Party, ...]
    forms: tuple[tuple[str, str, str], ...]
    owners: dict[str, int] = field(default_factory=dict, repr=False)
    """Parties by each of their spellings in normal form: whose an outlet of that name is."""


def load_theatre(folder: Path = HERE / "theatre") -> Theatre:
    """Read the places, parties and signs of theatre below *folder*."""
    places: list[Place] = []
    parties: list[Party] = []
    forms: list[tuple[str, str, str]] = []
    for file in ("places.tsv", "places.geonames.tsv"):
        for name, governorate, _lat, _lon, flags, spellings in read_rows(folder / file):
            forms.extend((form, "place", str(len(places))) for form in split_forms(spellings))
            places.append(Place(name, governorate or None, flags == "ambiguous"))
    for name, side, kind, spellings in read_rows(folder / "parties.tsv"):
        forms.extend((form, "party", str(len(parties))) for form in split_forms(spellings))
        parties.append(Party(name, None if side == "-" else side, kind))
    for kind, value, spellings in read_rows(folder / "abroad.tsv"):
        forms.extend((form, kind, value) for form in split_forms(spellings))
    owners = {fold(form.strip("^+*~")): int(at) for form, kind, at in forms if kind == "party"}
    return Theatre(tuple(places), tuple(parties), tuple(forms), owners)


def language_rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Return form, class and value of every row of every data file of a language; those apart left out."""
    for path in sorted(folder.glob("*.tsv")):
        if path.stem not in ASIDE:
            yield from _rows(path)


def _rows(path: Path) -> Iterator[tuple[str, str, str]]:
    for row in read_rows(path):
        if len(row) != WORD_ROW:
            raise ValueError(f"{path.name}: a row is class, value, forms, each after a tab; found {row!r}")
        kind, value, forms = row
        for form in split_forms(forms):
            yield form, kind, value


@cache
def load_aside(language: str, name: str) -> Lexicon:
    """Compile one data file of *language* by itself: ``speech``, ``causes`` or ``companions``."""
    return Lexicon(language, _rows(HERE / "languages" / language / f"{name}.tsv"))


def languages() -> list[str]:
    """Return the codes of the languages there is a data folder for."""
    return list(folders.languages())


def load_lexicon(language: str, theatre: Theatre) -> Lexicon:
    """Compile the lexicon of *language* with the theatre's names written in its script."""
    script = folders.languages()[language].script
    shared = [row for row in theatre.forms if in_script(row[0], script) or _acronym(row)]
    if language == "uk":
        shared += [(ukrainian(form), kind, value) for form, kind, value in shared if kind == "place"]
    first_places = _first_of_each(shared)
    return Lexicon(language, [*language_rows(HERE / "languages" / language), *first_places])


def ukrainian(form: str) -> str:
    """Return the Ukrainian spelling of a place spelt in Russian, its ending open."""
    spelt = form.translate(RUSSIAN_TO_UKRAINIAN)
    stem = spelt.rstrip(VOWELS)
    return f"{stem}~" if stem != spelt and len(stem) >= SHORTEST_STEM else spelt


def _acronym(row: tuple[str, str, str]) -> bool:
    """Return whether *row* spells a speaker in Latin capitals, as texts in every script do: SOHR, CENTCOM, SANA."""
    form, kind, _ = row
    return kind == "party" and form.isascii() and form.strip("^+*").isupper()


def _first_of_each(rows: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Return *rows* without a second place for the same spelling: hand-written places come first and win.

    Spellings are the same in normal form, with the Arabic article or without it.
    """
    seen: set[str] = set()
    for form, kind, value in rows:
        key = f"{kind}:{fold(form.lstrip('+^').rstrip('~*')).removeprefix('ال').replace('-', ' ')}"
        if kind == "place" and key in seen:
            continue
        seen.add(key)
        yield form, kind, value


class Lexicons:
    """The lexicons of the *known* languages, each compiled when its first text comes: ten at once take seconds."""

    def __init__(self, known: Iterable[str], theatre: Theatre) -> None:
        self._known = frozenset(known)
        self._theatre = theatre
        self._compiled: dict[str, Lexicon] = {}

    def __contains__(self, language: str) -> bool:
        return language in self._known

    def __getitem__(self, language: str) -> Lexicon:
        if language not in self._known:
            raise KeyError(language)
        if language not in self._compiled:
            self._compiled[language] = load_lexicon(language, self._theatre)
        return self._compiled[language]
