from __future__ import annotations

from typing import Any

import pytest

from services.alerter.grouping import group
from services.alerter.linking import BAR, link
from services.alerter.profile import Profile, joined, mentioned, profile, spots
from services.alerter.sounds import name_key, same_name
from shared.messages import Claim
from tests.support.statements import at_least, claim, raw, statement

FEBRUARY = "2016-02-03T12:00"


def told(what: Claim, when: str = FEBRUARY) -> Profile:
    return mentioned(statement(what, raw(when)))


def record(identity: str, *claims: Claim, when: str = FEBRUARY) -> Profile:
    return profile([statement(c, raw(when)) for c in claims], identity)


def linked(new: Profile, old: Profile) -> bool:
    return link(new, old).weight >= BAR


@pytest.mark.parametrize(
    "other", ["Oleg Peshkov", "Oleg Pechkov", "Олега Пешкова", "Олег Пєшков", "أوليغ بيشكوف", "Oleg Peşkov"]
)
def test_names_meet_across_alphabets(other: str) -> None:
    assert same_name(name_key("Олег Пешков"), name_key(other))


@pytest.mark.parametrize("other", ["Александр Позынич", "Oleg Petrov", "Ахмад"])
def test_other_names_do_not_meet(other: str) -> None:
    assert not same_name(name_key("Олег Пешков"), name_key(other))


@pytest.mark.parametrize(
    ("place", "governorate", "same"),
    [
        ("Mayadeen", "Deir-ez-Zor", "Mayadin"),
        ("Ayn Issa", "Raqqa", "Ain Issa"),
        ("Tabqa air base", "Raqqa", "Tabaqa military airport"),
    ],
)
def test_places_meet_however_spelled(place: str, governorate: str, same: str) -> None:
    assert spots(place, governorate) & spots(same, governorate)


def test_a_place_that_sounds_like_a_governorate_is_a_place_all_the_same() -> None:
    assert spots("Hmeimim", "Latakia") & spots("Khmeimim air base", "Latakia")
    assert spots("Hamah", "Hama") == spots("Hama province", None) == frozenset()


def test_a_governorate_is_no_precise_place() -> None:
    assert spots("Deir Ezzor countryside", "Deir-ez-Zor") == frozenset()


def test_the_same_day_force_and_cause_link_whatever_the_number() -> None:
    known = record("i", claim(4, date="2016-02-01", governorate="Latakia"))
    assert linked(told(claim(1, date="2016-02-01", cause="mortar")), known)


def test_places_in_dispute_do_not_keep_a_rare_loss_apart() -> None:
    known = record("i", claim(1, date="2016-02-01", governorate="Latakia", cause="mortar"))
    assert linked(told(claim(1, date="2016-02-01", governorate="Homs", cause="mortar")), known)


def test_two_incidents_at_one_place_on_consecutive_days_stay_apart() -> None:
    known = record("i", claim(12, force="SY", date="2016-02-01", place="Palmyra", governorate="Homs", cause="mine"))
    next_day = claim(3, force="SY", date="2016-02-02", place="Palmyra", governorate="Homs", cause="airstrike")
    assert not linked(told(next_day), known)


def test_a_long_battle_keeps_its_incident() -> None:
    fighting = {"place": "Qusayr", "governorate": "Homs", "cause": "smallarms"}
    sides = [
        claim(23, force="HZB", date="2013-05-19", **fighting),
        claim(50, force="OPP", date="2013-05-19", **fighting),
    ]
    known = record("i", *sides, when="2013-05-20T05:50")
    assert linked(told(claim(5, force="OPP", date="2013-05-27", **fighting), "2013-05-27T13:00"), known)


def test_undated_reports_months_apart_are_two_incidents() -> None:
    scene = {"place": "Tulul al-Safa", "governorate": "Suwayda", "cause": "smallarms"}
    known = record("i", claim(7, force="SY", **scene), when="2018-05-30T12:00")
    assert linked(told(claim(6, force="SY", **scene), "2018-05-31T12:00"), known)
    assert not linked(told(claim(6, force="SY", **scene), "2018-10-16T12:00"), known)


def test_a_common_force_without_a_place_in_common_is_not_linked_by_the_day_alone() -> None:
    known = record("i", claim(36, 44, force="IS", date="2017-10-06", place="Albu Kamal", cause="airstrike"))
    assert not linked(told(claim(3, force="IS", date="2017-10-06", cause="airstrike")), known)


def test_men_missed_and_nearly_as_many_dead_are_one_incident() -> None:
    known = record("i", claim(14, outcome="missing", date="2018-09-17", governorate="Latakia"), when="2018-09-18T05:00")
    dead = claim(15, governorate="Tartus", cause="aircraft")
    found = link(told(dead, "2018-09-18T07:30"), known)
    assert "nearly the same number" in found.reasons


def test_both_sides_of_a_battle_say_more_than_one() -> None:
    scene = {"date": "2018-07-25", "governorate": "Suwayda"}
    known = record("i", claim(26, force="SY", **scene), claim(2, force="IS", **scene))
    one, other = told(claim(94, force="SY", **scene)), told(claim(38, force="IS", **scene))
    assert link(joined(one, other), known).weight > link(one, known).weight


def test_an_undated_claim_joins_what_has_just_happened() -> None:
    known = record("i", claim(2, date="2016-02-01", place="Palmyra", governorate="Homs", cause="aircraft"))
    assert linked(told(claim(2, place="Palmyra", governorate="Homs")), known)


def test_nothing_is_reported_before_it_happened() -> None:
    known = record("i", claim(2, date="2016-02-20", governorate="Homs", cause="aircraft"), when="2016-02-21T12:00")
    assert not linked(told(claim(2, governorate="Homs", cause="aircraft")), known)


def test_a_mention_years_later_finds_the_victim() -> None:
    victim = claim(1, date="2015-11-24", cause="smallarms", names=("Олег Пешков",))
    known = record("i", victim, when="2015-11-24T12:00")
    assert linked(told(claim(1, names=("Oleg Peşkov",)), "2018-02-14T08:40"), known)


def test_a_month_named_in_passing_points_to_the_incident() -> None:
    known = record("i", claim(1, date="2016-02-01", cause="mortar"), when=FEBRUARY)
    fits = claim(1, cause="mortar", evidence="В феврале награду получил советник, погибший под миномётным огнём")
    other = claim(1, cause="mortar", evidence="В июле награду получил советник, погибший под миномётным огнём")
    assert linked(told(fits, "2016-04-13T14:00"), known)
    assert not linked(told(other, "2016-09-13T14:00"), known)


def test_other_victims_by_name_are_another_incident() -> None:
    known = record("i", claim(1, date="2015-11-24", names=("Олег Пешков",)))
    assert not linked(told(claim(1, date="2015-11-24", names=("Александр Позынич",))), known)


def test_one_text_says_the_same_twice_only_of_two_incidents() -> None:
    item = raw()
    twin = {"date": "2015-11-24", "cause": "smallarms", "evidence": "a pilot and a marine were killed", "start": 0}
    pair = [mentioned(statement(claim(1, **twin), item)) for _ in range(2)]
    assert [g.members for g in group(pair, [])] == [(0,), (1,)]


def test_a_list_of_places_is_a_list_of_incidents() -> None:
    item = raw()
    places = ["Howayqa", "Rasafa", "Mayadin"]
    listed = [
        mentioned(statement(at_least(2, "OPP", place=p, governorate="Deir-ez-Zor", start=100 * i), item))
        for i, p in enumerate(places)
    ]
    assert len(group(listed, [])) == len(places)


@pytest.mark.parametrize(("confidence", "incidents"), [(1.0, 2), (0.3, 1)])
def test_figures_that_were_hardly_read_make_no_list(confidence: float, incidents: int) -> None:
    item = raw()
    where: dict[str, Any] = {"place": "Mayadin", "governorate": "Deir-ez-Zor", "confidence": confidence, "start": 0}
    pair = [mentioned(statement(claim(n, **where), item)) for n in (2, 7)]
    assert len(group(pair, [])) == incidents


def test_killed_and_wounded_of_one_sentence_go_together() -> None:
    item = raw()
    where = {"place": "Palmyra", "governorate": "Homs", "evidence": "two were killed and five wounded", "start": 0}
    pair = [mentioned(statement(c, item)) for c in (claim(2, **where), claim(5, outcome="wounded", **where))]
    (found,) = group(pair, [])
    assert found.members == (0, 1)
    assert found.incident is None


def test_a_close_second_is_marked_for_review() -> None:
    scene = {"date": "2016-02-01", "governorate": "Homs", "cause": "aircraft"}
    known = [record("first", claim(2, **scene)), record("second", claim(2, **scene))]
    (found,) = group([told(claim(2, **scene))], known)
    assert found.incident == "first"
    assert found.doubt


def test_a_link_is_explained_and_scored() -> None:
    known = record("i", claim(2, date="2016-02-01", place="Palmyra", governorate="Homs"))
    found = link(told(claim(2, date="2016-02-01", place="Palmyra", governorate="Homs")), known)
    assert {"the same day", "the same place", "the same number"} <= set(found.reasons)
    assert 0.5 < found.score < 1
