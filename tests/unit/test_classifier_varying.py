"""Passages told of other numbers and other states: text and claims change together, or not at all."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.classifier.data import HERE
from services.classifier.training.passages import Passage, passages
from services.classifier.training.varying import other_numbers, other_states, varied

CHANCES = [random.Random(seed) for seed in range(20)]


def passage(text: str, *claims: dict[str, Any], language: str = "en") -> Passage:
    rows = tuple({"force": "TR", "min": None, "max": None, "evidence": text, **claim} for claim in claims)
    return Passage("a", language, "Somebody", "", text, datetime(2018, 1, 1, tzinfo=UTC), rows)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Four soldiers died.", {"figure": "Four soldiers", "min": 4, "max": 4}),
        ("At least 12 soldiers died.", {"figure": "At least 12 soldiers", "min": 12}),
        ("More than 12 soldiers died.", {"figure": "More than 12 soldiers", "min": 13}),
        ("Up to 12 soldiers died.", {"figure": "Up to 12 soldiers", "max": 12}),
    ],
)
def test_a_number_and_its_range_change_together(text: str, claim: dict[str, Any]) -> None:
    seen = set()
    for chance in CHANCES:
        other = other_numbers(passage(text, claim), chance)
        (row,) = other.claims
        assert row["figure"] in other.text
        assert row["evidence"] == other.text
        distance = {(None if old is None else row[end] - old) for end, old in (("min", claim.get("min")),) if old}
        distance |= {row[end] - old for end, old in (("max", claim.get("max")),) if old}
        assert len(distance) == 1  # both ends moved alike
        seen.add(other.text)
    assert len(seen) > 5


def test_a_russian_number_keeps_the_case_of_what_it_counts() -> None:
    text = "Погибли четверо военных, ещё пять ранены."
    claims = ({"figure": "четверо военных", "min": 4, "max": 4}, {"figure": "пять", "min": 5, "max": 5})
    seen = {other_numbers(passage(text, *claims, language="ru"), chance).text.split()[1] for chance in CHANCES}
    assert seen == {"двое", "трое", "четверо"}


def test_a_number_that_a_sum_is_made_of_stays() -> None:
    one = passage("Of 22 dead six were civilians.", {"figure": "22 dead", "min": 16, "max": 16})
    assert all(other_numbers(one, chance) == one for chance in CHANCES)
    one = passage("All of them died.", {"figure": "All of them", "min": 9, "max": 9})
    assert all(other_numbers(one, chance) == one for chance in CHANCES)


def test_states_change_in_the_text_and_as_the_victims_force() -> None:
    one = passage("A Turkish soldier died in Iranian shelling, Ankara said.", {"figure": "A Turkish soldier"})
    words = {"RU": "Russian", "TR": "Turkish", "IR": "Iranian", "US": "American", "IL": "Israeli"}
    capitals = {"RU": "Moscow", "TR": "Ankara", "IR": "Tehran", "US": "Washington", "IL": "Jerusalem"}
    seen = set()
    for chance in CHANCES:
        other = other_states(one, chance)
        force = other.claims[0]["force"]
        assert other.text.startswith(f"A {words[force]} soldier")
        assert other.text.endswith(f"{capitals[force]} said.")
        seen.add(force)
    assert seen == set(words)


@pytest.mark.parametrize(
    "text",
    [
        "A soldier died, Ankara's Turkish-backed rebels said.",
        "A soldier of the coalition died in Turkish shelling.",
        "Erdogan mourned a Turkish soldier.",
    ],
)
def test_what_cannot_be_exchanged_safely_stays(text: str) -> None:
    one = passage(text, {"figure": "soldier"})
    assert all(other_states(one, chance).claims[0]["force"] == "TR" for chance in CHANCES)


def test_a_force_that_the_text_never_names_stays() -> None:
    one = passage("A pilot died over Idlib; Washington is silent.", {"figure": "A pilot", "force": "RU"})
    assert all(other_states(one, chance).claims[0]["force"] == "RU" for chance in CHANCES)


def test_every_labelled_passage_can_be_told_otherwise() -> None:
    changed = 0
    for number, one in enumerate(passages(HERE / "labelled")):
        other = varied(one, CHANCES[number % len(CHANCES)])
        changed += other != one
        assert replace(other, title=one.title, text=one.text, claims=one.claims) == one
        for before, after in zip(one.claims, other.claims, strict=True):
            assert after["figure"] in other.document
            assert after["evidence"] in other.document
            assert (after["outcome"], after["stance"]) == (before["outcome"], before["stance"])
    assert changed > 500
