"""Pure: what the lexicon says of each word, as ids the encoder was trained with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from services.classifier.data import Theatre
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

MOST = 8
"""Features of one word that are kept."""
TITLE = "title"
SOURCE = "source"
PLAIN = frozenset(
    {"place", "num", "mult", "month", "ofmonth", "weekday", "day", "span", "before", "eve", "vague"},
)
"""Classes of words whose value says nothing further of what the sentence means."""


def named(reading: Reading, theatre: Theatre) -> list[list[str]]:
    """Return the names of the features of every word of *reading*."""
    found: list[list[str]] = [[] for _ in reading.tokens]
    for marks in reading.kinds.values():
        for mark in marks:
            for name in _of(mark, theatre):
                for at in range(mark.first, mark.last):
                    found[at].append(name)
    for at in range(min(reading.headline_last, len(found))):
        found[at].append(TITLE)
    return found


def _of(mark: Mark, theatre: Theatre) -> Iterator[str]:
    if mark.kind == "party":
        party = theatre.parties[int(mark.value)]
        yield f"party:{party.kind}"
        yield f"side:{party.side}"
    elif mark.kind == "force":
        key, _, kind = mark.value.partition(".")
        yield f"force:{key}"
        yield f"forcekind:{kind or key}"
    elif mark.kind in PLAIN:
        yield mark.kind
    else:
        yield f"{mark.kind}:{mark.value}"


class Features:
    """The ids of features by name; 0 is none."""

    def __init__(self, names: Sequence[str]) -> None:
        self._ids = {name: number for number, name in enumerate(names, 1)}
        self.source = self._ids[SOURCE]

    @classmethod
    def load(cls, path: Path) -> Features:
        """Read the names, one a line, in the order of their ids."""
        return cls(path.read_text(encoding="utf-8").split())

    def __len__(self) -> int:
        return len(self._ids) + 1

    def ids(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the ids of *names*, those the encoder never saw left out."""
        return tuple(self._ids[name] for name in names if name in self._ids)[:MOST]
