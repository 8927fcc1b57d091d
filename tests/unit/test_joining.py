"""Incidents merged and split: by order, and by what a later text shows."""

from __future__ import annotations

from datetime import date

import pytest

from services.alerter.incident import stand
from services.alerter.joining import Unfit, merge, split
from shared.messages import Claim, Incident
from tests.support.statements import Ledger, at_least, claim, raw, statement

PALMYRA = {"date": "2016-02-01", "place": "Palmyra", "governorate": "Homs"}


def incident(identity: str, *claims: Claim, when: str = "2016-02-03T12:00") -> Incident:
    return stand(identity, [statement(said, raw(when)) for said in claims])


def claims_of(one: Incident) -> list[str]:
    return [s.claim.id for s in one.statements]


def test_a_merged_incident_leads_to_the_older_one_which_has_everything() -> None:
    older = incident("older", claim(4), when="2016-02-02T12:00")
    younger = incident("younger", claim(1))
    keep, gone = merge(younger, older)
    assert keep.id == "older"
    assert claims_of(keep) == [*claims_of(older), *claims_of(younger)]
    assert (keep.revision, gone.revision) == (2, 2)
    assert (gone.id, gone.status, gone.merged_into, gone.statements) == ("younger", "merged", "older", ())
    assert (gone.grade, gone.grade_reason) == ("discounted", "A duplicate of incident older.")
    assert keep.first_seen_at == older.first_seen_at


def test_what_cannot_be_merged_is_refused_with_the_reason() -> None:
    one, other = incident("a", claim(4)), incident("b", claim(1))
    with pytest.raises(Unfit, match="with itself"):
        merge(one, one)
    _, gone = merge(one, other)
    with pytest.raises(Unfit, match="was merged into"):
        merge(gone, incident("c", claim(9)))


def test_a_split_leaves_both_with_their_claims_and_knowing_of_each_other() -> None:
    said = (claim(4, **PALMYRA), claim(1, date="2016-02-05"), claim(2, date="2016-02-05"))
    whole = incident("whole", *said)
    rest, new = split(whole, {said[1].id, said[2].id})
    assert (claims_of(rest), claims_of(new)) == ([said[0].id], [said[1].id, said[2].id])
    assert (rest.id, rest.revision, rest.apart) == ("whole", 2, (new.id,))
    assert (new.revision, new.apart, new.date) == (1, ("whole",), date(2016, 2, 5))
    assert rest.place == "Palmyra"


def test_the_first_claim_of_an_incident_can_be_split_off_too() -> None:
    book = Ledger()
    book.read(raw(), claim(4, **PALMYRA))
    book.read(raw(outlet="Other"), claim(4, **PALMYRA))
    whole = book.only()
    rest, new = split(whole, {whole.statements[0].claim.id})
    assert rest.id == whole.id != new.id


@pytest.mark.parametrize("moved", [{"nothing"}, set(), {"all"}])
def test_a_split_must_leave_known_claims_on_both_sides(moved: set[str]) -> None:
    whole = incident("whole", claim(4), claim(1))
    wanted = set(claims_of(whole)) if moved == {"all"} else moved
    with pytest.raises(Unfit):
        split(whole, wanted)


def ali(**fields: object) -> Claim:
    return claim(1, force="SY", names=("Ali Hassan",), **fields)


def mine(**fields: object) -> Claim:
    return claim(1, force="SY", date="2016-02-01", place="Salamiyah", governorate="Hama", cause="mine", **fields)


def test_a_later_text_that_names_the_victim_shows_two_incidents_to_be_one() -> None:
    book = Ledger()
    book.read(raw("2016-02-03T10:00", outlet="First"), ali())
    book.read(raw("2016-02-03T11:00", outlet="Second"), mine())
    assert len(book.incidents) == 2
    book.read(raw("2016-02-03T12:00", outlet="Third"), mine(names=("Ali Hassan",)))
    (keep,) = [one for one in book.incidents.values() if one.status == "open"]
    (gone,) = [one for one in book.incidents.values() if one.status == "merged"]
    assert gone.merged_into == keep.id
    assert {s.source.name for s in keep.statements} == {"First", "Second", "Third"}
    (merged,) = [change for change in book.changes if change.kind == "merged"]
    assert "the same day" in merged.reason
    assert book.read(raw("2016-02-03T13:00", outlet="Fourth"), mine()) == []


def test_incidents_that_an_analyst_has_split_are_not_merged_again() -> None:
    book = Ledger()
    book.read(raw("2016-02-03T10:00", outlet="First"), ali())
    book.read(raw("2016-02-03T11:00", outlet="Second"), mine())
    first, second = book.incidents.values()
    book.keep(first.model_copy(update={"apart": (second.id,), "revision": 2}))
    book.read(raw("2016-02-03T12:00", outlet="Third"), mine(names=("Ali Hassan",)))
    assert {one.status for one in book.incidents.values()} == {"open"}


def test_two_incidents_that_one_text_tells_of_are_not_merged() -> None:
    book = Ledger()
    rastan = {"date": "2016-02-01", "place": "Rastan", "governorate": "Homs", "cause": "airstrike"}
    book.read(raw("2016-02-03T10:00", outlet="First"), ali(start=0, **rastan), mine(start=5000))
    assert len(book.incidents) == 2
    book.read(raw("2016-02-03T12:00", outlet="Third"), mine(names=("Ali Hassan",)))
    assert {one.status for one in book.incidents.values()} == {"open"}


def test_conflicts_between_merged_incidents_come_to_light_with_the_merger() -> None:
    book = Ledger()
    book.read(raw("2016-02-03T10:00", outlet="First"), ali())
    two = {"date": "2016-02-01", "place": "Salamiyah", "governorate": "Hama", "cause": "mine"}
    book.read(raw("2016-02-03T11:00", outlet="Second"), mine(), claim(6, force="SY", outcome="wounded", **two))
    alerts = book.read(
        raw("2016-02-03T12:00", outlet="Third"),
        mine(names=("Ali Hassan",), start=0),
        claim(2, force="SY", outcome="wounded", start=0, **two),
    )
    assert [alert.kind for alert in alerts] == ["conflict"]
    assert {alerts[0].conflicts[0].left.claim.min, alerts[0].conflicts[0].right.claim.min} == {2, 6}


def test_a_text_that_tells_two_incidents_apart_splits_what_was_taken_for_one() -> None:
    book = Ledger()
    book.read(raw("2016-02-02T10:00", outlet="First"), claim(3, force="SY", cause="mine", **PALMYRA))
    strike = {"force": "SY", "date": "2016-02-01", "governorate": "Homs", "cause": "airstrike"}
    book.read(raw("2016-02-02T11:00", outlet="Second"), claim(3, **strike))
    assert len(book.incidents) == 1
    book.read(
        raw("2016-02-02T12:00", outlet="Third"),
        claim(3, force="SY", cause="mine", start=0, **PALMYRA),
        claim(3, place="Rastan", start=900, **strike),
    )
    groups = {frozenset(s.source.name for s in one.statements) for one in book.incidents.values()}
    assert groups == {frozenset({"First", "Third"}), frozenset({"Second", "Third"})}
    (change,) = [change for change in book.changes if change.kind == "split"]
    assert "fits better" in change.reason


def test_a_grade_that_changes_is_told_with_its_reason() -> None:
    book = Ledger()
    book.read(raw(), claim(9, force="TR", date="2016-02-01", governorate="Idlib"))
    book.read(raw(outlet="Other"), at_least(34, "TR", date="2016-02-01", governorate="Idlib", attributed_to="SOHR"))
    (change,) = [change for change in book.changes if change.kind == "grade"]
    assert change.reason.startswith("Graded contested, after weak: Turkish forces:")
    assert [s.voice for s in change.statements] == ["SOHR"]
