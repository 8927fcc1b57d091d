"""Pure: whose. The force the victims belong to, and the words that say so.

The network weighs the sentence; the lexicon knows names. A force that the figure's own words name is likelier for it,
one that nothing in the document names is less likely.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.classifier.claims.figures import Figure
from services.classifier.lexicon import Mark
from services.classifier.network.heads import FORCES
from services.classifier.reading import Reading, near

UNLISTED = "OTHER"
OPEN = "ARMED"
STATE = 2
"""Letters of the key of a state's force."""
OWN, ABSENT = 8.0, 0.4
"""How much likelier a force is that the figure names itself, and how much likelier one that the document never names.

Chosen on the passages kept out of training.
"""
SPEAKS_FOR = {"RU": ("RU-PMC",), "IR": ("IR-MIL",)}
"""Forces that a name may mean as well: "Russian" mercenaries, "Iranian-backed" militias."""
WEAK = frozenset({"SY.nat"})
"""Names that tell little: rebels, Kurds and militants are Syrian too."""
NEAREST = 8


def force_of(reading: Reading, figure: Figure) -> tuple[str, Mark | None, float]:
    """Return the key of the force, the words nearest to the figure that name it, and the chance."""
    chances = _weighed(reading, figure)
    key = max(chances, key=lambda name: chances[name])
    chance = chances[key] / sum(chances.values())
    marks = _nearest(reading, figure)
    if key == UNLISTED:
        named = next((mark for mark in marks if _key(mark) not in FORCES and len(_key(mark)) == STATE), None)
        return (_key(named), named, chance) if named else (OPEN, None, chance / 2)
    return key, next((mark for mark in marks if _key(mark) == key), None), chance


def _weighed(reading: Reading, figure: Figure) -> dict[str, float]:
    named = _keys(mark for mark in reading.kinds.get("force", ()))
    own = _keys(mark for mark in reading.find("force", figure.first, figure.last) if mark.value not in WEAK)
    chances = dict(zip(FORCES, map(float, figure.weighed.choices["force"]), strict=True))
    for key in chances:
        if key in own:
            chances[key] *= OWN
        elif key not in named and key not in {OPEN, UNLISTED}:
            chances[key] *= ABSENT
    return chances


def _keys(marks: Iterable[Mark]) -> set[str]:
    keys = {_key(mark) for mark in marks}
    return keys | {other for key in keys for other in SPEAKS_FOR.get(key, ())}


def _key(mark: Mark) -> str:
    return mark.value.split(".")[0]


def _nearest(reading: Reading, figure: Figure) -> list[Mark]:
    """Return the names of forces around the figure, nearest first."""
    around = near(reading.kinds.get("force", []), figure.first, NEAREST, lambda mark: mark.first)
    return sorted(dict.fromkeys(around), key=lambda mark: abs(mark.first - figure.first))
