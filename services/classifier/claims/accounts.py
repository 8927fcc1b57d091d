"""Pure: the same victims told of again. "The special forces were killed by a mine" speaks of the four named before."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.claims.linking import outcome_marks, outcomes_of
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

Linked = tuple[Figure, Mark, float]
COUNTED = frozenset({"digit", "word"})
STRUCK = frozenset({"mortar", "mine", "airstrike", "suicide", "aircraft"})
ABOARD = 3
FAR = 8
TRUST = 0.9


def retold(reading: Reading, found: list[Figure], linked: list[Linked]) -> list[Linked]:
    """Return *linked* with further accounts of how counted victims met their end, each with their number.

    A later "the officers" with a cause of its own takes the number of those before; a vehicle "with officers" that was
    struck is another account of their death when someone gives it and the sentence names no outcome.
    """
    told = {id(figure) for figure, _, _ in linked}
    for figure, mark, _ in linked:
        if figure.hedge == "the" and _plural(figure) and _cause(reading, figure):
            _take(reading, figure, _before(figure, linked, outcomes_of(mark)[0]))
    more = list(linked)
    for figure in found:
        if id(figure) in told or not _plural(figure) or not figure.forces:
            continue
        before = _before(figure, linked, "killed") if _accounts(reading, figure, told, found) else None
        if before:
            _take(reading, figure, before)
            more.append((figure, before[1], before[2] * TRUST))
    return sorted(more, key=lambda link: (link[0].sentence, link[0].head))


def _take(reading: Reading, figure: Figure, before: Linked | None) -> None:
    """Let *figure* stand for the victims before it, with the cause of its own sentence."""
    if before:
        other = before[0]
        figure.low, figure.high, figure.role = other.low, other.high, other.role or figure.role
        figure.forces = figure.forces or other.forces
        figure.account = _cause(reading, figure)


def _plural(figure: Figure) -> bool:
    return figure.kind == "bare" and (figure.low, figure.high) == (2, None)


def _before(figure: Figure, linked: list[Linked], outcome: str) -> Linked | None:
    """Return the counted victims before *figure* that it may speak of: of one force, of one outcome."""
    for link in reversed(linked):
        other, mark, _ = link
        near = 0 < figure.sentence - other.sentence <= FAR
        counted = other.kind in COUNTED and other.low == other.high and (other.low or 0) > 1
        if near and counted and outcome in outcomes_of(mark) and _kindred(figure, other):
            return link
    return None


def _kindred(figure: Figure, other: Figure) -> bool:
    mine = {mark.value.split(".")[0] for mark in figure.forces}
    return not mine or not other.forces or bool(mine & {mark.value.split(".")[0] for mark in other.forces})


def _cause(reading: Reading, figure: Figure) -> str:
    """Return the cause that the sentence of *figure* names first, if it is one that strikes."""
    sentence = reading.sentences[figure.sentence]
    marks = reading.find("cause", sentence.first, sentence.last)
    return next((mark.value for mark in marks if mark.value in STRUCK), "")


def _accounts(reading: Reading, figure: Figure, told: set[int], found: list[Figure]) -> bool:
    """Return whether the sentence of *figure* is somebody's account of how its people were struck."""
    sentence = reading.sentences[figure.sentence]
    if not _cause(reading, figure) or not reading.find("say", sentence.first, sentence.last):
        return False
    if any(other.sentence == figure.sentence and id(other) in told for other in found):
        return False
    marks = outcome_marks(reading, sentence.first, sentence.last)
    if marks:
        return figure.hedge == "the" and all(m.value == "killed.i" and m.first > figure.last for m in marks)
    return any("thing" in reading.at[at] for at in range(max(sentence.first, figure.first - ABOARD), figure.first))
