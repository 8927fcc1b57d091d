"""The rules the ledger decides by, as one value: what an operator may set, and what a dry run tries out."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.alerter.linking import BAR, DOUBT
from services.alerter.parties import Register, register

NARROW = 0.4
"""A link this close to the bar, on either side of it, is marked for review."""
MOVE = 1.5
"""How much better another incident must fit before claims that were placed move there by themselves."""
SAME = 6.0
"""A sum of weights from which two incidents on record are one; far above the bar, for merging moves what was told."""


@dataclass(frozen=True)
class Rules:
    """Weights are those of :mod:`services.alerter.linking`."""

    parties: Register = field(default_factory=register)
    bar: float = BAR
    doubt: float = DOUBT
    narrow: float = NARROW
    move: float = MOVE
    same: float = SAME


RULES = Rules()
"""The rules as shipped."""
