"""Pure: who says so. The words that name a figure's speaker, the party behind them, and through whom it was heard."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.claims.figures import Figure
from services.classifier.claims.words_aside import marks_aside
from services.classifier.data import Party, Theatre
from services.classifier.network.chances import softmax
from services.classifier.reading import Reading
from services.classifier.text import fold

LONGEST = 12
"""Words of the longest speaker: "the deputy commander of a Turkmen brigade in the mountains of Latakia"."""
OUTLETS = frozenset({"media"})


@dataclass(frozen=True, slots=True)
class Speaker:
    """Someone who speaks, named by words *first* to *last* (exclusive): a known *party* or none."""

    first: int
    last: int
    party: int | None


def speaker_of(reading: Reading, figure: Figure, theatre: Theatre) -> tuple[Speaker | None, float]:
    """Return who says what *figure* states, none when the outlet says it itself, and the chance."""
    starts = figure.weighed.pointers["speaker"]
    chances = softmax(starts)
    at = int(chances.argmax())
    if at == 0:
        return None, float(chances[0])
    first = figure.offset + at - 1
    sentence = reading.sentences[reading.sentence_of[first]]
    most = min(first + LONGEST, sentence.last, figure.offset + figure.length) - first
    ends = figure.weighed.pointers["end"][at : at + max(1, most)]
    last = first + int(ends.argmax()) + 1
    return Speaker(first, last, party_of(reading, first, last, theatre)), float(chances[at])


def party_of(reading: Reading, first: int, last: int, theatre: Theatre) -> int | None:
    """Return the party that words *first* to *last* name, or take up again: "the ministry" is the one named last."""
    marks = (reading.has(at, "party") for at in range(first, last))
    named = next((int(mark.value) for mark in marks if mark), None)
    if named is not None:
        return named
    kinds = {mark.value for mark in marks_aside(reading, "speech", first, last) if mark.kind == "keeper"}
    before = (int(mark.value) for mark in reversed(reading.find("party", 0, first)))
    return next((party for party in before if theatre.parties[party].kind in kinds), None)


def relay_of(reading: Reading, speaker: Speaker, theatre: Theatre) -> Party | None:
    """Return the outlet that a speaker was heard through: "opposition sources, quoted by Anadolu"."""
    sentence = reading.sentences[reading.sentence_of[speaker.first]]
    if not reading.find("relay", sentence.first, sentence.last):
        return None
    for mark in reading.find("party", sentence.first, sentence.last):
        party = theatre.parties[int(mark.value)]
        if party.kind in OUTLETS and int(mark.value) != speaker.party:
            return party
    return None


def publisher(name: str, theatre: Theatre) -> Party | None:
    """Return the party that the outlet called *name* belongs to, when it takes a side: a ministry's own channel."""
    at = theatre.owners.get(" ".join(fold(name).split()))
    party = theatre.parties[at] if at is not None else None
    return party if party is not None and party.side is not None else None
