from __future__ import annotations

from itertools import combinations

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


def test_other_outcomes_are_never_compared() -> None:
    assert compare(said(claim(4), "A"), said(claim(1, outcome="wounded"), "B")) == ()


def test_other_forces_are_compared_only_in_who_the_victims_were() -> None:
    (found,) = compare(said(claim(15, force="SY"), "A"), said(claim(4, force="RU"), "B"))
    assert (found.dimension, found.relation) == ("identity", "not comparable")
    assert conflict(said(claim(4, force="SY"), "A"), said(claim(1), "B")) is None


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (claim(4, date="2016-02-01"), claim(4, date="2016-02-01"), "agrees"),
        (claim(4, date="2016-02-01"), claim(4, date="2016-02-02"), "agrees"),
        (claim(4, date="2016-02-01"), claim(4, date="2016-02-05"), "conflicts"),
        (claim(4, date="2016-02-01"), claim(9, date="2016-02-05"), "not comparable"),
        (claim(4, date="2016-02-01"), claim(4), "not comparable"),
    ],
)
def test_days(left: Claim, right: Claim, relation: str) -> None:
    found = verdict("date", left, right)
    assert found.relation == relation
    assert found.reason.endswith(".")


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        ("IS", "IS", "agrees"),
        ("IS", "OPP", "conflicts"),
        ("ARMED", "OPP", "refines"),
        ("OPP", None, "not comparable"),
    ],
)
def test_perpetrators(left: str, right: str | None, relation: str) -> None:
    assert verdict("perpetrator", claim(perpetrator=left), claim(perpetrator=right)).relation == relation


def test_relays_of_one_speaker_may_disagree_on_the_perpetrator_and_one_outlet_may_revise_it() -> None:
    one = said(claim(perpetrator="IS"), "Russian Defence Ministry", "Northern Post")
    other = said(claim(perpetrator="OPP"), "Russian Defence Ministry", "Levant News")
    again = said(claim(perpetrator="OPP"), "Russian Defence Ministry", "Northern Post")
    found = {v.dimension: v for v in compare(one, other)}["perpetrator"]
    assert found.relation == "conflicts"
    assert "by Islamic State" in found.reason
    assert "by opposition fighters" in found.reason
    assert {v.dimension: v for v in compare(one, again)}["perpetrator"].relation == "supersedes"


@pytest.mark.parametrize(
    ("left", "right", "relation"),
    [
        (claim(9, force="RU-PMC"), claim(9, force="RU"), "conflicts"),
        (claim(9, force="ARMED"), claim(9, force="RU"), "refines"),
        (claim(9, force="SY"), claim(4, force="RU", part=True), "not comparable"),
        (claim(3, force="IS"), claim(3, force="SDF"), "not comparable"),
        (claim(force="RU", names=("Oleg Peshkov",)), claim(force="RU-PMC", names=("Олег Пешков",)), "conflicts"),
        (claim(1, role="adviser"), claim(4, role="generals"), "conflicts"),
        (claim(1, role="adviser"), claim(1, evidence="the military adviser died"), "agrees"),
        (claim(1), claim(1, role="adviser"), "refines"),
        (claim(1, role="adviser", part=True), claim(4, role="generals"), "not comparable"),
    ],
)
def test_who_the_victims_were(left: Claim, right: Claim, relation: str) -> None:
    assert verdict("identity", left, right).relation == relation


def test_a_total_is_not_comparable_by_number() -> None:
    found = verdict("count", claim(112, total=True), claim(1))
    assert (found.relation, found.reason) == ("not comparable", "One figure is a total over a period.")


def test_every_verdict_says_why_in_one_sentence() -> None:
    scene = {"cause": "mine", "governorate": "Homs", "date": "2016-02-01", "perpetrator": "IS"}
    other = {"cause": "mortar", "governorate": "Hama", "date": "2016-02-07", "perpetrator": "OPP"}
    for left, right in [(claim(4, **scene), claim(4, **other)), (claim(4, **scene), claim(9, stance="denied"))]:
        for found in compare(said(left, "A"), said(right, "B")):
            assert found.reason[0].isupper()
            assert found.reason.endswith(".")


def test_unsettled_disputes_are_told_in_every_dimension_once_for_a_pair_of_values() -> None:
    scene = {"cause": "mine", "governorate": "Homs", "perpetrator": "IS"}
    other = {"cause": "mortar", "governorate": "Hama", "perpetrator": "OPP"}
    record = [said(claim(4, **scene), "A"), said(claim(1, **other), "B"), said(claim(1, **other), "C")]
    found = disputes.unsettled(record)
    assert sorted(d.dimension for d in found) == ["cause", "count", "perpetrator", "place"]
    assert {(d.left, d.right) for d in found} == {(record[0].claim.id, record[1].claim.id)}


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
