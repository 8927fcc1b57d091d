"""Pure: where. Places of Syria near a figure; an ambiguous name counts only beside another sign of Syria."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.relation import relation
from services.classifier.data import Place
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, near

MOST = 16
DATELINE = 6


def places(reading: Reading, gazetteer: tuple[Place, ...]) -> list[Mark]:
    """Return the place marks of a document that can be trusted."""
    marks = reading.kinds.get("place", [])
    signs = len(reading.kinds.get("syria", ()))
    sure = [m for m in marks if not gazetteer[int(m.value)].ambiguous]
    return list(marks) if sure or signs else sure


def candidates(
    reading: Reading, figure: Figure, marks: list[Mark], gazetteer: tuple[Place, ...]
) -> list[tuple[Mark, list[str]]]:
    """Return the places that may be where *figure* happened, nearest sentences first, with features."""
    rows = []
    closest = sorted(
        near(marks, figure.first, MOST, lambda mark: mark.first),
        key=lambda mark: abs(reading.sentence_of[mark.first] - figure.sentence),
    )[:MOST]
    for mark in closest:
        place = gazetteer[int(mark.value)]
        row = relation(reading, figure, mark)
        capital = place.name in {place.governorate, "Damascus"}
        row += [
            f"wide={capital}/{row[1]}",
            f"only={len(marks) == 1}/{row[1]}",
            f"count={min(3, len({m.value for m in closest}))}/{row[1]}",
            f"dateline={mark.first < DATELINE}",
            f"kind={figure.kind}/{row[1]}",
        ]
        governorates = {gazetteer[int(m.value)].governorate for m in closest}
        row.append(f"govs={min(3, len(governorates))}/{row[1]}")
        rows.append((mark, row))
    return rows
