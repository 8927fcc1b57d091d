"""Pure: every question about one victim phrase, weighed: outcome, force, range, stance, cause, speaker, day, place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.classifier.network.chances import Floats, softmax
from services.classifier.network.encoder import Encoded
from services.classifier.network.tags import Phrase

POINTERS = ("speaker", "end", "day", "place")
"""What a phrase may point to: the first and the last word of its speaker, a date, a place."""
STEPS = 24
"""Kinds of distance between two words: twelve each way, the far ones coarser."""
EXACT, FARTHEST = 4, 11
KEY = 64
"""Width of the vectors by which a phrase and a word find each other."""

OUTCOMES = ("killed", "wounded", "missing", "captured")
FORCES = (
    "RU", "RU-PMC", "SY", "TR", "IR", "HZB", "IR-MIL", "SDF", "OPP", "IS", "ARMED",
    "US", "IL", "JO", "GB", "FR", "LB", "IQ", "OTHER",
)  # fmt: skip
STANCES = ("confirmed", "reported", "alleged", "denied")
CAUSES = (
    "none", "mortar", "mine", "airstrike", "aircraft", "smallarms", "suicide", "execution", "accident", "other",
)  # fmt: skip
RANGES = (
    "exact", "at-least", "more-than", "up-to", "nearly", "about", "between", "few",
    "dozens", "tens", "scores", "hundreds", "none",
)  # fmt: skip
GOVERNORATES = (
    "none", "Aleppo", "Idlib", "Latakia", "Tartus", "Hama", "Homs", "Damascus", "Rif-Dimashq", "Daraa", "Quneitra",
    "Suwayda", "Raqqa", "Deir-ez-Zor", "Hasakah",
)  # fmt: skip
GREATEST = 30
"""The greatest number that the network itself tells: "двенадцатеро", "a commander and five of his men"."""
CHOICES: dict[str, tuple[str, ...]] = {
    "force": FORCES,
    "stance": STANCES,
    "cause": CAUSES,
    "range": RANGES,
    "value": tuple(str(number) for number in range(GREATEST + 1)),
    "governorate": GOVERNORATES,
}


class Weighed(NamedTuple):
    """The chances of every answer about one victim phrase.

    *outcomes*, *total* and *part* are independent chances; *choices* sum to one over the answers of ``CHOICES``;
    *pointers* are scores, the first for pointing nowhere, then one for each word of the window.
    """

    phrase: Phrase
    outcomes: dict[str, float]
    total: float
    part: float
    choices: dict[str, Floats]
    pointers: dict[str, Floats]


def step(distance: int) -> int:
    """Return the kind of *distance* in words: exact up to three, then by half octaves, ahead apart from behind."""
    far = abs(distance)
    kind = far if far < EXACT else min(FARTHEST, int(EXACT + log2(far / EXACT) * 2))
    return kind + STEPS // 2 if distance > 0 else kind


FARTHEST_WORD = 512
"""Words between two of one window at most: it has no more pieces than that."""
STEP_OF = np.array([step(distance) for distance in range(-FARTHEST_WORD, FARTHEST_WORD + 1)])


@dataclass(frozen=True, slots=True)
class Heads:
    """The weights of all questions."""

    weights: dict[str, Floats]

    @classmethod
    def load(cls, path: Path) -> Heads:
        """Read the weights from an ``.npz`` file of 16-bit numbers."""
        with np.load(path) as stored:
            return cls({name: stored[name].astype(np.float32) for name in stored.files})

    def weigh(self, encoded: Encoded, found: Sequence[Phrase], sentences: npt.NDArray[np.int64]) -> list[Weighed]:
        """Return the chances of every answer about each phrase; *sentences* are the sentence numbers of the words."""
        if not found:
            return []
        vectors = self._vectors(encoded, found)
        outcomes, totals, parts = (_sigmoid(self._linear(name, vectors)) for name in ("outcome", "total", "part"))
        choices = {name: softmax(self._linear(name, vectors)) for name in CHOICES}
        targets = np.concatenate([encoded.whole[None], encoded.words])
        keys = {name: self._linear(f"{name}.key", targets) for name in POINTERS}
        queries = {name: self._linear(f"{name}.query", vectors) for name in POINTERS}
        scores = {name: (queries[name] @ keys[name].T / np.sqrt(KEY)).astype(np.float32) for name in POINTERS}
        return [
            Weighed(
                phrase,
                dict(zip(OUTCOMES, map(float, outcomes[at]), strict=True)),
                float(totals[at, 0]),
                float(parts[at, 0]),
                {name: chances[at] for name, chances in choices.items()},
                self._pointers({name: scores[name][at] for name in POINTERS}, phrase.first, sentences),
            )
            for at, phrase in enumerate(found)
        ]

    def _linear(self, name: str, vectors: Floats) -> Floats:
        answer: Floats = vectors @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return answer

    def _vectors(self, encoded: Encoded, found: Sequence[Phrase]) -> Floats:
        rows = [
            np.concatenate(
                [
                    encoded.words[phrase.first],
                    encoded.words[phrase.last - 1],
                    encoded.words[phrase.first : phrase.last].mean(axis=0),
                    encoded.whole,
                ]
            )
            for phrase in found
        ]
        return _gelu(self._linear("phrase", np.stack(rows)))

    def _pointers(self, scores: dict[str, Floats], first: int, sentences: npt.NDArray[np.int64]) -> dict[str, Floats]:
        """Return *scores* with how far each word stands from the phrase's *first* one taken into account."""
        steps = STEP_OF[np.arange(len(sentences)) - first + FARTHEST_WORD]
        kinds = steps + STEPS * (sentences == sentences[first])
        return {
            name: np.concatenate([row[:1], row[1:] + self.weights[f"{name}.steps"][kinds]])
            for name, row in scores.items()
        }


def _sigmoid(scores: Floats) -> Floats:
    chances: Floats = (1 / (1 + np.exp(-scores))).astype(np.float32)
    return chances


def _gelu(values: Floats) -> Floats:
    """Return the Gaussian error linear unit, in the tanh form that the heads were trained with."""
    inner = (2 / np.pi) ** 0.5 * (values + 0.044715 * values**3)
    activated: Floats = 0.5 * values * (1 + np.tanh(inner))
    return activated
