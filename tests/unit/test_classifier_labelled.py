"""Labelled passages that the reader was not trained on, read by it: a floor under what is reached.

One passage in twenty is kept aside, told by its id alone; the others taught the models that are shipped.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from services.classifier.training.passages import Passage, passages
from shared.messages import Claim, TaggedItem
from tests.support.reader import LABELLED, item, shared_reader

ASIDE = 20
RELEVANCE, STRICT = 0.90, 0.59


@cache
def read() -> tuple[tuple[Passage, TaggedItem], ...]:
    """Return every passage kept aside with what the reader makes of it."""
    kept = [passage for passage in passages(LABELLED) if passage.is_kept_aside(ASIDE)]
    return tuple(
        (one, shared_reader().read(item(one.text, title=one.title or None, when=one.when, lang=one.language)))
        for one in kept
    )


def same(gold: dict[str, Any], claim: Claim) -> bool:
    values = (claim.outcome, claim.min, claim.max, claim.force)
    return (gold["outcome"], gold["min"], gold["max"], gold["force"]) == values


def f1(right: int, found: int, there: int) -> float:
    return 2 * right / (found + there)


def test_passages_kept_aside_are_told_from_irrelevant_ones() -> None:
    right = sum(tagged.relevant and bool(passage.claims) for passage, tagged in read())
    found = sum(tagged.relevant for _, tagged in read())
    reached = f1(right, found, sum(bool(passage.claims) for passage, _ in read()))
    assert reached >= RELEVANCE, f"relevance {reached:.3f}"


def test_claims_of_passages_kept_aside_are_read() -> None:
    right = found = there = 0
    for passage, tagged in read():
        left = list(tagged.claims)
        for wanted in passage.claims:
            match = next((claim for claim in left if same(wanted, claim)), None)
            if match is not None:
                left.remove(match)
                right += 1
        found += len(tagged.claims)
        there += len(passage.claims)
    reached = f1(right, found, there)
    assert reached >= STRICT, f"strict claims {reached:.3f}"


def test_every_quote_stands_in_its_text() -> None:
    for passage, tagged in read():
        for claim in tagged.claims:
            assert passage.document[claim.start : claim.end] == claim.evidence


@pytest.mark.parametrize("language", sorted({passage.language for passage in passages(LABELLED)}))
def test_every_label_names_words_that_stand_in_its_text(language: str) -> None:
    for passage in passages(LABELLED):
        if passage.language == language:
            for claim in passage.claims:
                assert claim["figure"] in passage.document
                assert claim["evidence"] in passage.document
