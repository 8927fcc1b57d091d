"""Pure: is it one incident? Totals over a period, stated parts of larger figures, old incidents in passing."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.proximity import distance
from services.classifier.reading import Reading


def features(reading: Reading, figure: Figure, before: Figure | None) -> list[str]:
    """Return what bears on the scope of *figure*: total or part."""
    sentence = reading.sentences[figure.sentence]
    row = ["bias", f"kind={figure.kind}", f"title={reading.tokens[figure.head].start < reading.title_end}"]
    size = figure.low if figure.low is not None else figure.high or 0
    row.append(f"size={distance(size) if size < 20 else 'hundred' if size < 300 else 'huge'}")  # noqa: PLR2004
    for kind in ("total", "past", "sub", "weekday", "day", "cause", "ord", "month", "place", "unit"):
        marks = reading.find(kind, sentence.first, sentence.last)
        if not marks:
            row.append(f"{kind}=no")
            continue
        nearest = min(marks, key=lambda mark: abs(mark.first - figure.head))
        where = "L" if nearest.first < figure.head else "R"
        steps = distance(max(0, abs(nearest.first - figure.head)))
        row += [f"{kind}={where}", f"{kind}={where}/{steps}", f"{kind}={where}/{figure.kind}"]
        if kind in {"total", "sub", "past"}:
            row.append(f"{reading.language}{kind}={where}/{reading.tokens[nearest.first].text[:6]}")
    for step in (1, 2, 3):
        if reading.has(figure.first - step, "sub"):
            row.append(f"sub{step}")
        if reading.has(figure.last + step - 1, "sub"):
            row.append(f"subR{step}")
    if before is not None:
        row += _against(figure, before)
    return row


def _against(figure: Figure, before: Figure) -> list[str]:
    same = before.sentence == figure.sentence
    mine, theirs = figure.low or figure.high or 0, before.low or before.high or 0
    return [f"prev={same}/{(mine < theirs) - (mine > theirs)}", f"prev={same}/{before.kind}/{figure.kind}"]
