"""Pure: how it is said. Confirmed, reported, alleged or denied, and the word that says so."""

from __future__ import annotations

from services.classifier.claims.choices import all_chances
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
OWN_SIDE, OUTLET, OTHERS = 3.0, 0.4, 0.1
"""How much likelier "confirmed" is from the victims' own side, from the outlet itself, and from anybody else known."""
SHOWN, UNSHOWN = 1.5, 0.5
"""How much likelier "alleged" and "denied" are in a sentence with a word that shows them, and in one without.

All chosen on the passages kept out of training; that only the own side confirms is the guidelines' rule.
"""


def stance_of(reading: Reading, figure: Figure, side: str) -> tuple[str, Mark | None, float]:
    """Return the stance, the word nearest to the figure in its sentence that shows it, and the chance.

    *side* is how the speaker stands to the victims (``side_of``), or "outlet" when nobody is named.
    """
    sentence = reading.sentences[figure.sentence]
    shown = {
        name: [mark for cue in cues for mark in reading.find(cue, sentence.first, sentence.last)]
        for name, cues in CUES.items()
    }
    chances = all_chances(figure, "stance")
    chances["confirmed"] *= {"own": OWN_SIDE, "outlet": OUTLET, "unknown": 1.0}.get(side, OTHERS)
    for name in ("alleged", "denied"):
        chances[name] *= SHOWN if shown[name] else UNSHOWN
    best = max(chances, key=lambda name: chances[name])
    nearest = min(shown[best], key=lambda mark: abs(mark.first - figure.first), default=None)
    return best, nearest, chances[best] / sum(chances.values())


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
