"""Pure: how they met it. Mortar or mine, air strike or ambush: causes named near a figure, weighed."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.relation import relation
from services.classifier.data import load_aside
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

MOST = 14


def candidates(reading: Reading, figure: Figure, outcome: str) -> list[tuple[Mark, list[str]]]:
    """Return the causes that may be that of *figure*, with features; the same word may stand for several."""
    low = reading.sentences[max(0, figure.sentence - 2)].first
    high = _end(reading, figure)
    marks = _named(reading, low, high)
    values = {mark.value for mark in marks}
    rows = []
    for mark in sorted(marks, key=lambda m: abs(m.first - figure.head))[:MOST]:
        row = relation(reading, figure, mark)
        row += [
            f"value={mark.value}",
            f"value={mark.value}/{row[1]}",
            f"outcome={outcome}/{row[1]}",
            f"value={mark.value}/{outcome}",
        ]
        row += [f"{mark.value}+{other}" for other in values if other != mark.value]
        row += [f"{mark.value}+{other}/{row[1]}" for other in values if other != mark.value]
        row.append(f"{reading.language}w={reading.tokens[mark.first].text[:6]}")
        row.append(f"values={min(3, len(values))}/{row[1]}/{figure.kind}")
        rows.append((mark, row))
    return rows


def _end(reading: Reading, figure: Figure) -> int:
    """Return the end of the sentence after *figure*'s, or of its own when the next one denies: "no aircraft flew"."""
    own = reading.sentences[figure.sentence]
    if figure.sentence + 1 == len(reading.sentences):
        return own.last
    after = reading.sentences[figure.sentence + 1]
    return own.last if reading.find("neg", after.first, after.last) else after.last


def _named(reading: Reading, low: int, high: int) -> list[Mark]:
    """Return the causes among the words, and the further phrases for causes that say something else or more."""
    marks = reading.find("cause", low, high)
    known = {(index, mark.value) for mark in marks for index in range(mark.first, mark.last)}
    further = [
        Mark(mark.kind, mark.value, low + mark.first, low + mark.last)
        for mark in load_aside(reading.language, "causes").marks(reading.tokens[low:high])
    ]
    return marks + [m for m in further if not any((index, m.value) in known for index in range(m.first, m.last))]
