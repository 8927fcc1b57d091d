"""Pure: where. Places of Syria near a figure; an ambiguous name counts only beside another sign of Syria."""

from __future__ import annotations

from collections import Counter

from services.classifier.claims.figures import Figure
from services.classifier.claims.relation import relation
from services.classifier.data import Place
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading, near

MOST = 16
REACH = 4
PAIR = 2
TOP = 6
HALF = 0.5
SPEAKERS = ("source", "party", "say")


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
    inside = [m for m in marks if gazetteer[int(m.value)].governorate]
    closest = sorted(
        near(inside or marks, figure.first, MOST, lambda mark: mark.first),
        key=lambda mark: abs(reading.sentence_of[mark.first] - figure.sentence),
    )[:MOST]
    governorates = Counter(gazetteer[int(m.value)].governorate for m in closest)
    scene = _scene(reading, figure, closest)
    last = max((reading.sentence_of[m.first] for m in closest if m.first < figure.first), default=-1)
    rows = []
    for mark in closest:
        place = gazetteer[int(mark.value)]
        row = relation(reading, figure, mark)
        where = row[1]
        wide = place.name in {place.governorate, "Damascus"}
        often = governorates[place.governorate] / len(closest)
        row += [
            *(f"wide={wide}/{where}", f"only={len(closest) == 1}/{where}"),
            f"dateline={mark.first - reading.title_last < TOP}/{where}",
            *(f"kind={figure.kind}/{where}", f"govs={min(3, len(governorates))}/{where}"),
            f"often={'all' if often == 1 else 'most' if often > HALF else 'some'}/{where}",
            f"last={reading.sentence_of[mark.first] == last}/{where}",
        ]
        row += [f"{cue}/{where}" for cue in scene]
        row += _speaking(reading, mark, where, wide=wide)
        row += [f"{cue}/{where}" for cue in _company(reading, mark, closest, gazetteer)]
        rows.append((mark, row))
    return rows


def _scene(reading: Reading, figure: Figure, closest: list[Mark]) -> list[str]:
    """Return what the figure's own sentence holds: places, the past, another front, the title."""
    sentence = reading.sentences[figure.sentence]
    own = sum(1 for mark in closest if reading.sentence_of[mark.first] == figure.sentence)
    past = bool(reading.find("past", sentence.first, sentence.last))
    month = bool(reading.find("month", sentence.first, sentence.last))
    abroad = bool(reading.find("abroad", sentence.first, sentence.last))
    title = reading.tokens[figure.head].start < reading.title_end
    return [f"own={min(own, 2)}", f"past{past}/month{month}/own={min(own, 1)}", f"abroad{abroad}", f"title{title}"]


def _company(reading: Reading, mark: Mark, closest: list[Mark], gazetteer: tuple[Place, ...]) -> list[str]:
    """Return what stands beside a place: one of another governorate ("the Homs-Raqqa road"), a given name, the past."""
    governorate = gazetteer[int(mark.value)].governorate
    paired = any(
        gazetteer[int(other.value)].governorate != governorate
        and (0 <= other.first - mark.last <= PAIR or 0 <= mark.first - other.last <= PAIR)
        for other in closest
    )
    before = mark.first - 1
    named = before > 0 and reading.tokens[before].capital and not reading.at[before]
    sentence = reading.sentences[reading.sentence_of[mark.first]]
    past = bool(reading.find("past", sentence.first, sentence.last))
    return [f"paired{paired}", f"named{named}", f"there=past{past}"]


def _speaking(reading: Reading, mark: Mark, where: str, *, wide: bool) -> list[str]:
    """Return whether a place speaks, or someone in it does: "Damascus says", "sources in Quneitra"."""
    party = reading.has(mark.first, "party") is not None
    before = [k for at in range(max(0, mark.first - REACH), mark.first) for k in SPEAKERS if k in reading.at[at]]
    after = "say" in reading.at[mark.last] if mark.last < len(reading.at) else False
    side = where[:4]
    return [
        f"party{party}/{side}",
        f"party{party}/wide{wide}/say{after}/{side}",
        f"heard={'+'.join(sorted(set(before)))}/{side}",
        f"heard={bool(before)}/wide{wide}/{side}",
    ]
