"""Pure: are they combatants? What shows that the people of a phrase belong to an armed force."""

from __future__ import annotations

import re

from services.classifier.claims import theatre
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
TELLING = 3
"""Least count that two phrases of a document share for being one; twos and ones are too common."""
AGENT = 7
NEXT = 2
SUBJECT_FIRST = frozenset({"en", "ru", "uk"})
AUXILIARIES = frozenset({"was", "were", "been", "being", "be", "is", "are", "got", "был", "были", "було", "були"})
POSSESSOR_LAST = frozenset({"ru", "uk", "ar"})
ATTACK = re.compile(r"(?:attacks?|assaults?|onslaught|crackdown|offensive|massacre|fire|siege)$")
HELD = re.compile(
    r"(?:held|controlled|besieged|occupied|ruled|dominated|populated|embass(?:y|ies)|consulates?|towns?|villages?|suburbs?|area|areas|territor\w+)$"
)


def evidence(reading: Reading, found: list[Figure], at: int) -> str:
    """Return what shows that figure *at* is of combatants: its own words, one before it, its sentence; or none.

    "civil" and "nothing" say that it makes no claim: of civilians, or of people nothing shows to be armed.
    """
    figure = found[at]
    if figure.role == "civ" or "civ" in figure.others:
        return "civil"
    sentence = reading.sentences[figure.sentence]
    if theatre.is_elsewhere(reading, sentence.first, sentence.last) or _counts_things(reading, figure):
        return "nothing"
    if _is_armed(figure):
        return "own"
    if _retells_civilians(found, figure) or _includes_civilians(reading, found, at):
        return "civil"
    return _nearest(found, at) or _in_sight(reading, found, at)


def _is_armed(figure: Figure) -> bool:
    """Return whether the phrase's own words show it; a captive's nationality alone does not."""
    if figure.kind in {"none", "name"} or figure.role in ARMED:
        return True
    return any(_tells(mark) and not (figure.role == "victim" and ".nat" in mark.value) for mark in figure.forces)


def _counts_things(reading: Reading, figure: Figure) -> bool:
    """Return whether things follow a number without people: "two Israeli tactical jets"."""
    return not figure.role and reading.between("thing", figure.last, figure.last + 2) > 0


def _retells_civilians(found: list[Figure], figure: Figure) -> bool:
    """Return whether the document gives the same count of civilians: "16 dead … sixteen civilians"."""
    if figure.kind not in {"digit", "word"} or (figure.low or 0) < TELLING:
        return False
    return any(
        other.low == figure.low and other.kind in {"digit", "word"} and "civ" in {other.role, *other.others}
        for other in found
    )


def _includes_civilians(reading: Reading, found: list[Figure], at: int) -> bool:
    """Return whether an open figure is told apart into civilians only: "four killed, including two women"."""
    figure = found[at]
    for other in found[at + 1 : at + 1 + BACK]:
        if other.sentence != figure.sentence or other.role in ARMED:
            return False
        if "civ" in {other.role, *other.others}:
            return reading.between("sub", figure.last, other.first + 1) > 0
    return False


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
    forces = [
        m
        for m in reading.find("force", sentence.first, sentence.last)
        if _tells(m) and m not in figure.forces and _may_suffer(reading, m, figure)
    ]
    if figure.role == "person" and not any(0 <= mark.first - figure.last <= REACH for mark in forces):
        return "people" if forces else "nothing"
    if forces:
        return "sentence"
    if any(
        other.sentence == figure.sentence and other.role in ARMED and not _is_actor(reading, other, figure)
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


def _may_suffer(reading: Reading, mark: Mark, figure: Figure) -> bool:
    """Return whether a force may be the one *figure* counts: it neither struck, nor spoke, nor held the ground."""
    return not (
        attacks(reading, mark) or speaks(reading, mark) or holds(reading, mark) or strikes(reading, mark, figure)
    )


def attacks(reading: Reading, mark: Mark) -> bool:
    """Return whether a force is named as the one that struck: "army shelling", "by foreign-backed rebels"."""
    if _is_agent(reading, mark.first):
        return True
    if reading.language in POSSESSOR_LAST and mark.first and "cause" in reading.at[mark.first - 1]:
        return True
    after = range(mark.last, min(len(reading.at), mark.last + 2))
    return any(kind in reading.at[at] for at in after for kind in ATTACKS) or any(
        ATTACK.match(reading.tokens[at].text) for at in after
    )


def _is_agent(reading: Reading, first: int) -> bool:
    """Return whether the phrase from token *first* on is the one that did it: "by foreign-backed rebels"."""
    for at in range(first, max(-1, first - 1 - AGENT), -1):
        if "agent" in reading.at[at]:
            return True
        if at < first and (
            any(kind in reading.at[at] for kind in ("out", "clause", "say")) or reading.tokens[at].text == ","
        ):
            break
    return False


def _is_actor(reading: Reading, other: Figure, figure: Figure) -> bool:
    """Return whether armed people beside *figure* did it, or hold its place, rather than share its lot."""
    if _is_agent(reading, other.first) or _is_agent(reading, other.head):
        return True
    return other.sentence == figure.sentence and _object(reading, other.last, figure)


def speaks(reading: Reading, mark: Mark) -> bool:
    """Return whether a force is named as the one that tells: "the opposition said", "rebel sources", "…: army"."""
    after = range(mark.last, min(len(reading.at), mark.last + 2))
    if any(kind in reading.at[at] for at in after for kind in ("say", "outlet")):
        return True
    ends = mark.last in {len(reading.tokens), reading.title_last}
    before = reading.document[: reading.tokens[mark.first].start].rstrip()
    return ends and before.endswith((":", "-", "–", "—"))


def holds(reading: Reading, mark: Mark) -> bool:
    """Return whether a force is named for the ground it holds: "rebel-held", "regime-controlled"."""
    words = [token.text for token in reading.tokens[mark.last : mark.last + 2]]
    return any(HELD.match(word) for word in words)


def strikes(reading: Reading, mark: Mark, figure: Figure) -> bool:
    """Return whether a force is the subject of the verb that *figure* is the object of: "army kills three"."""
    return _object(reading, mark.last, figure)


def _object(reading: Reading, subject: int, figure: Figure) -> bool:
    """Return whether *figure* is the object of a verb that follows token *subject*, where subjects stand first."""
    if subject > figure.first or reading.language not in SUBJECT_FIRST:
        return False
    verbs = [m for m in reading.find("out", subject, figure.first) if m.value.endswith(".v")]
    if not verbs or figure.first - verbs[-1].last > NEXT:
        return False
    verb = verbs[-1]
    if any(reading.tokens[at].text in AUXILIARIES for at in range(max(0, verb.first - 2), verb.first)):
        return False
    return not any(reading.tokens[at].text in {",", ";"} for at in range(verb.last, figure.first))
