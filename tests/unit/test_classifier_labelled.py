"""The shipped labelled passages, read by the shipped models: a floor under what is reached, language by language.

The models were trained on these passages, so the figures say that nothing broke, not how well unseen text is read.
"""

from __future__ import annotations

from typing import Any

import pytest

from shared.messages import Claim
from tests.support.reader import labelled, shared_reader

FLOORS = {"en": (0.87, 0.50), "ru": (0.81, 0.43), "ar": (0.85, 0.58), "tr": (0.89, 0.50), "uk": (0.84, 0.50)}


def _same(gold: dict[str, Any], claim: Claim) -> bool:
    return (gold["outcome"], gold["min"], gold["max"], gold["force"]) == (
        claim.outcome,
        claim.min,
        claim.max,
        claim.force,
    )


def _f1(right: int, found: int, there: int) -> float:
    return 2 * right / (found + there)


@pytest.mark.parametrize("language", FLOORS)
def test_the_labelled_passages_stay_read(language: str) -> None:
    relevant = [0, 0, 0]
    strict = [0, 0, 0]
    for raw, gold in labelled(language):
        tagged = shared_reader().read(raw)
        relevant[0] += tagged.relevant and gold["relevant"]
        relevant[1] += tagged.relevant
        relevant[2] += gold["relevant"]
        left = list(tagged.claims)
        for wanted in gold["claims"]:
            match = next((claim for claim in left if _same(wanted, claim)), None)
            if match is not None:
                left.remove(match)
                strict[0] += 1
        strict[1] += len(tagged.claims)
        strict[2] += len(gold["claims"])
        assert all(raw.document[claim.start : claim.end] == claim.evidence for claim in tagged.claims)
    relevance, claims = _f1(*relevant), _f1(*strict)
    assert relevance >= FLOORS[language][0], f"relevance {relevance:.3f}"
    assert claims >= FLOORS[language][1], f"strict claims {claims:.3f}"
