"""Log-linear choices: a small trained model that weighs features of one decision, and can say what it weighed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pycrfsuite


class Weights:
    """The weights of one decision over single items, read once: scores without the cost of a sequence model."""

    def __init__(self, path: Path) -> None:
        tagger = pycrfsuite.Tagger()
        tagger.open(str(path))
        self.labels: list[str] = list(tagger.labels())
        self.weights: dict[str, list[tuple[int, float]]] = {}
        index = {label: at for at, label in enumerate(self.labels)}
        for (feature, label), weight in tagger.info().state_features.items():
            self.weights.setdefault(feature, []).append((index[label], float(weight)))

    def chances(self, features: Sequence[str]) -> dict[str, float]:
        """Return the chance of each label given *features*."""
        scores = [0.0] * len(self.labels)
        for feature in features:
            for at, weight in self.weights.get(feature, ()):
                scores[at] += weight
        top = max(scores)
        powers = [math.exp(score - top) for score in scores]
        total = sum(powers)
        return {label: power / total for label, power in zip(self.labels, powers, strict=True)}

    def best(self, features: Sequence[str]) -> tuple[str, float]:
        """Return the likeliest label and its chance."""
        chances = self.chances(features)
        label = max(chances, key=lambda name: chances[name])
        return label, chances[label]

    def strongest(self, features: Sequence[str], label: str) -> list[tuple[str, float]]:
        """Return the three features that spoke loudest for *label*."""
        at = self.labels.index(label)
        spoken = [(f, w) for f in features for where, w in self.weights.get(f, ()) if where == at and w > 0]
        return sorted(spoken, key=lambda pair: -pair[1])[:3]
