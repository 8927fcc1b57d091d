"""Pure: phrases of a data file of its own, looked for only where a claim asks: the network does not know them."""

from __future__ import annotations

from services.classifier.data import load_aside
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading


def marks_aside(reading: Reading, name: str, first: int, last: int) -> list[Mark]:
    """Return what the file *name* of the reading's language knows in words *first* to *last* (exclusive)."""
    return [
        Mark(mark.kind, mark.value, first + mark.first, first + mark.last)
        for mark in load_aside(reading.language, name).marks(reading.tokens[first:last])
    ]
