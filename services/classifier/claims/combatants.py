"""Pure: are they combatants? What shows that the people of a phrase belong to an armed force."""

from __future__ import annotations

from services.classifier.claims.figures import Figure
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

ARMED = frozenset(
    {
        "soldier",
        "officer",
        "general",
        "commander",
        "pilot",
        "adviser",
        "fighter",
        "militant",
        "rebel",
        "merc",
        "police",
        "casualty",
    }
)
OPEN = frozenset({"", "person", "victim"})
ATTACKS = ("cause", "thing")
BACK = 4
REACH = 8
COUNTED = frozenset({"digit", "word", "vague", "name"})
FAR = 3


def evidence(reading: Reading, found: list[Figure], at: int) -> str:
    """Return what shows that figure *at* is of combatants: its own words, one before it, its sentence; or none."""
    figure = found[at]
    if figure.role == "civ" or "civ" in figure.others:
        return "civil"
    if figure.kind in {"none", "name"} or figure.role in ARMED:
        return "own"
    if any(_tells(mark) for mark in figure.forces):
        return "own"
    nearest = _nearest(found, at)
    if nearest:
        return nearest
    return _in_sight(reading, found, at)


def _nearest(found: list[Figure], at: int) -> str:
    """Return what the nearest telling figure before says of an open one: "two children and 27 others" are civilians."""
    figure = found[at]
    for before in reversed(found[max(0, at - BACK) : at]):
        if figure.sentence - before.sentence > 1:
            break
        same = before.sentence == figure.sentence
        if same and "civ" in {before.role, *before.others}:
            return "civil"
        if before.kind in COUNTED and (before.role in ARMED or any(_tells(mark) for mark in before.forces)):
            return "before" if same else "earlier"
    return ""


def _in_sight(reading: Reading, found: list[Figure], at: int) -> str:
    """Return what the sentence, the headline and the sentences before show of an open figure's side."""
    figure = found[at]
    sentence = reading.sentences[figure.sentence]
    forces = [m for m in reading.find("force", sentence.first, sentence.last) if _tells(m) and not attacks(reading, m)]
    if figure.role == "person" and not any(0 <= mark.first - figure.last <= REACH for mark in forces):
        return "people" if forces else "nothing"
    if forces:
        return "sentence"
    if any(
        other.sentence == figure.sentence and other.role in ARMED
        for other in found[max(0, at - FAR * BACK) : at + FAR * BACK]
    ):
        return "beside"
    title = reading.tokens[figure.head].start < reading.title_end
    near = (
        o
        for o in (*found[:BACK], *found[max(0, at - FAR * BACK) : at])
        if figure.sentence - o.sentence <= FAR or reading.tokens[o.head].start < reading.title_end
    )
    if not title and any(other.role in ARMED or any(_tells(mark) for mark in other.forces) for other in near):
        return "far"
    return "nothing"


def _tells(mark: Mark) -> bool:
    key, kind = mark.value.split(".")
    return kind == "org" or (kind == "nat" and key != "SY") or kind == "gen"


def attacks(reading: Reading, mark: Mark) -> bool:
    """Return whether a force is named as the one that struck: "army shelling", "by rebels"."""
    if any("agent" in reading.at[at] for at in range(max(0, mark.first - 2), mark.first)):
        return True
    return any(
        kind in reading.at[at] for at in range(mark.last, min(len(reading.at), mark.last + 2)) for kind in ATTACKS
    )
