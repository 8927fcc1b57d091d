"""Pure: how they met it. Mortar or mine, air strike or ambush, and the words that say so."""

from __future__ import annotations

from services.classifier.claims.choices import all_chances
from services.classifier.claims.figures import Figure
from services.classifier.claims.words_aside import marks_aside
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

REACH = 1
"""Sentences around a figure's own in which its cause may be named."""
NAMED, NEAR, UNNAMED = 4.0, 1.5, 0.15
"""How much likelier a cause is that the figure's sentence names, that one beside it names, and that none of them names.

Chosen on the passages kept out of training.
"""


def cause_of(reading: Reading, figure: Figure) -> tuple[str | None, Mark | None, float]:
    """Return the cause, the words nearest to the figure that name it, and the chance."""
    named = _named(reading, figure)
    own = {mark.value for mark in named if reading.sentence_of[mark.first] == figure.sentence}
    near = {mark.value for mark in named}
    chances = all_chances(figure, "cause")
    for name in chances:
        if name != "none":
            chances[name] *= NAMED if name in own else NEAR if name in near else UNNAMED
    best = max(chances, key=lambda name: chances[name])
    chance = chances[best] / sum(chances.values())
    if best == "none":
        return None, None, chance
    words = [mark for mark in named if mark.value == best]
    return best, min(words, key=lambda mark: abs(mark.first - figure.first), default=None), chance


def _named(reading: Reading, figure: Figure) -> list[Mark]:
    """Return the words for causes around *figure*, the further phrases of its language among them."""
    low = reading.sentences[max(0, figure.sentence - REACH)].first
    high = reading.sentences[min(len(reading.sentences) - 1, figure.sentence + REACH)].last
    return [*reading.find("cause", low, high), *marks_aside(reading, "causes", low, high)]
