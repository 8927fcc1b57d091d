from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from services.alerter import disputes
from services.alerter.comparison import Verdict, compare, conflict
from shared.messages import Claim, Statement
from tests.support.statements import at_least, claim, raw, statement


def said(what: Claim, voice: str, outlet: str = "Outlet") -> Statement:
    return statement(what, raw(outlet=outlet), voice=voice)


def verdict(dimension: str, left: Claim, right: Claim, voices: tuple[str, str] = ("A", "B")) -> Verdict:
    found = compare(said(left, voices[0]), said(right, voices[1]))
    return next(v for v in found if v.dimension == dimension)


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (claim(4), claim(1), "conflicts"),
        (claim(4), claim(4), "agrees"),
        (at_least(3), claim(7), "refines"),
        (at_least(8), claim(7), "conflicts"),
        (claim(18, 22), claim(22, 30), "agrees"),
        (claim(15), claim(4, part=True), "not comparable"),
        (claim(4), claim(4, stance="denied"), "not comparable"),
    ],
)
def test_counts(left: Claim, right: Claim, relation: str) -> None:
    assert verdict("count", left, right).relation == relation


def test_the_same_party_later_supersedes_itself() -> None:
    found = verdict("count", claim(9), claim(33), ("Ankara", "Ankara"))
    assert found.relation == "supersedes"
    assert "from 9 to 33" in found.reason


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("mortar", "mine", "conflicts"),
        ("mortar", "mortar", "agrees"),
        ("mortar", "other", "not comparable"),
        ("mortar", None, "not comparable"),
    ],
)
def test_causes(left: str, right: str | None, relation: str) -> None:
    assert verdict("cause", claim(cause=left), claim(cause=right)).relation == relation


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [("Homs", "Latakia", "conflicts"), ("Homs", "Homs", "agrees"), ("Homs", None, "not comparable")],
)
def test_places(left: str, right: str | None, relation: str) -> None:
    assert verdict("place", claim(governorate=left), claim(governorate=right)).relation == relation


def test_a_denial_conflicts_with_whoever_says_it_happened() -> None:
    assert verdict("denial", claim(2), claim(2, stance="denied"), ("A", "A")).relation == "conflicts"
    assert verdict("denial", claim(2, stance="denied"), claim(2, stance="denied")).relation == "agrees"


@pytest.mark.parametrize("other", [{"force": "SY"}, {"outcome": "wounded"}])
def test_other_forces_and_outcomes_are_never_compared(other: dict[str, Any]) -> None:
    assert compare(said(claim(4), "A"), said(claim(1, **other), "B")) == ()


def test_the_reason_names_both_sides_and_through_whom() -> None:
    opposition = said(claim(4, attributed_to="opposition"), "the opposition", "Anadolu")
    ministry = said(claim(1, attributed_to="MoD"), "Russian Defence Ministry", "Interfax")
    found = conflict(opposition, ministry)
    assert found is not None
    expected = (
        "Russian forces: the opposition (via Anadolu): 4 killed; Russian Defence Ministry (via Interfax): 1 killed."
    )
    assert found.reason == expected


def test_a_pair_conflicts_first_by_denial_then_count() -> None:
    left, right = said(claim(4, cause="mine"), "A"), said(claim(1, cause="mortar"), "B")
    found = conflict(left, right)
    assert found is not None
    assert found.dimension == "count"


def test_every_conflict_of_an_incident_is_known_whoever_repeats_its_values() -> None:
    """Values are told apart, not voices: many voices on few values find what every pair of statements would."""
    record = [
        said(claim(low, cause=cause, governorate=where), voice)
        for voice in ("A", "B", "C")
        for low, cause, where in [(4, "mine", "Homs"), (4, "mortar", None), (9, None, "Homs"), (9, "mortar", "Hama")]
    ]
    every_pair = {
        disputes.key(right, found)
        for left, right in combinations(record, 2)
        if (found := conflict(left, right)) is not None
    }
    assert disputes.known(record) == every_pair
