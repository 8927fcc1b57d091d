"""Pure: how far to trust a claim. What the network thought of its parts, as one calibrated chance to be right."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

PARTS = ("figure", "outcome", "count", "force")
"""The decisions that make a claim right or wrong: who is counted, what became of them, how many, whose they were."""
LEAST_CONFIDENCE = 0.25
"""Claims less sure than this are not told but shown among the near claims: three in four of them are wrong. The F1 of
what is told is greatest when the least chance is half of it (Lipton, Elkan and Narayanaswamy 2014); chosen on the
passages kept out of training."""
EDGE = 1e-4
"""Chances are kept this far from 0 and 1, where their odds would be endless."""


def odds(chance: float) -> float:
    """Return the logarithm of the odds of *chance*."""
    kept = min(1 - EDGE, max(EDGE, chance))
    return log(kept / (1 - kept))


@dataclass(frozen=True, slots=True)
class Confidence:
    """A logistic regression over the odds of the parts (Platt 1999), fitted on documents kept out of training."""

    bias: float
    weights: Mapping[str, float]

    @classmethod
    def load(cls, path: Path) -> Confidence:
        """Read the weights that training wrote."""
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(stored["bias"], {part: stored["weights"][part] for part in PARTS})

    def of(self, chances: Mapping[str, float]) -> float:
        """Return the chance that a claim whose parts have these *chances* is right in all of them."""
        total = self.bias + sum(self.weights[part] * odds(chances[part]) for part in PARTS)
        return 1 / (1 + exp(-total))
