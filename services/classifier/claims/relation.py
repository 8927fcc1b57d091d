"""Pure: how a word stands to a victim phrase: side, distance, what lies between, who else is nearer."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.proximity import distance
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

PUNCTUATION = frozenset(",;:–()")


def relation(reading: Reading, figure: Figure, mark: Mark) -> list[str]:
    """Return features of *mark* seen from *figure*; the second one is where it stands in a word."""
    apart = reading.sentence_of[mark.first] - figure.sentence
    title = reading.tokens[mark.first].start < reading.title_end
    where = "title" if title and apart else f"s{max(-3, min(3, apart))}" if apart else _side(figure, mark)
    row = ["seen", f"at={where}"]
    if apart:
        rank = reading.between(mark.kind, mark.first + 1, figure.first)
        row.append(f"at={where}/rank{min(rank, 3)}")
        row += _before(reading, mark, where)
        return row
    low, high = (mark.last, figure.first) if mark.last <= figure.first else (figure.last, mark.first)
    between = "".join(sorted({t.text for t in reading.tokens[low:high] if t.text in PUNCTUATION}))
    kinds = {
        kind
        for index in range(low, high)
        for kind in ("clause", "out", "say", "agent", "sub")
        if kind in reading.at[index]
    }
    rivals = sum(1 for other in reading.find(mark.kind, low, high) if other is not mark)
    steps = distance(max(0, high - low))
    row += [
        f"at={where}/{steps}",
        f"at={where}/b{between}",
        f"at={where}/rivals{min(rivals, 2)}",
        f"{reading.language}at={where}/rivals{min(rivals, 2)}",
        f"at={where}/out{'out' in kinds}/clause{'clause' in kinds}",
        f"at={where}/say{'say' in kinds}",
    ]
    row += [f"between={kind}/{where}" for kind in kinds]
    return row + _before(reading, mark, where)


def _side(figure: Figure, mark: Mark) -> str:
    if mark.first >= figure.first and mark.last <= figure.last:
        return "in"
    return "L" if mark.first < figure.first else "R"


def _before(reading: Reading, mark: Mark, where: str) -> list[str]:
    row = []
    for step in (1, 2):
        at = mark.first - step
        if at >= 0:
            row += [
                f"b{step}={kind}/{where[:1]}"
                for kind in ("agent", "say", "prep", "neg", "hedge", "month", "clause", "of")
                if kind in reading.at[at]
            ]
    if mark.last < len(reading.at):
        row += [
            f"a={kind}/{where[:1]}"
            for kind in ("role", "say", "out", "thing", "prep", "force", "source", "clause")
            if kind in reading.at[mark.last]
        ]
        if reading.tokens[mark.last].text in {",", ":", ".", ")"}:
            row.append(f"a={reading.tokens[mark.last].text}/{where[:1]}")
    return row
