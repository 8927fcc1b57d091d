"""Pure: how it is said. Confirmed, reported, alleged or denied, and the word that says so."""

from __future__ import annotations

from services.classifier.claims.choices import best
from services.classifier.claims.figures import Figure
from services.classifier.data import Party
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

CONTRACTORS = ("RU", "RU-PMC")
"""Whose officials speak for whom, though the two are not one force."""
ALLIES = {"SY": {"RU", "IR", "HZB", "IR-MIL", "RU-PMC"}, "RU": {"SY", "RU-PMC"}, "TR": {"OPP"}, "US": {"SDF"}}
CUES = {
    "confirmed": ("confirm", "say"),
    "reported": ("say", "claimed"),
    "alleged": ("allege", "claimed", "hedge"),
    "denied": ("deny", "neg"),
}
"""Classes of words that show each stance."""


def stance_of(reading: Reading, figure: Figure) -> tuple[str, Mark | None, float]:
    """Return the stance, the word nearest to the figure in its sentence that shows it, and the chance."""
    name, chance = best(figure, "stance")
    sentence = reading.sentences[figure.sentence]
    shown = [mark for cue in CUES[name] for mark in reading.find(cue, sentence.first, sentence.last)]
    return name, min(shown, key=lambda mark: abs(mark.first - figure.first), default=None), chance


def side_of(party: Party | None, force: str) -> str:
    """Return how a speaker stands to the victims: own side, an ally, another side, or none known."""
    if party is None or party.side is None:
        return party.kind if party else "unknown"
    if party.side == force or (party.side, force) == CONTRACTORS:
        return "own"
    return "ally" if force in ALLIES.get(party.side, ()) else "other"


def published(stance: str, publisher: Party | None, force: str) -> str:
    """Return the stance of a claim that an outlet makes itself: an authority's own outlet confirms its own losses."""
    return "confirmed" if stance == "reported" and publisher and side_of(publisher, force) == "own" else stance
