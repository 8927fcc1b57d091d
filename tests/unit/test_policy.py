from __future__ import annotations

from services.alerter.policy import PolicySettings
from tests.support.statements import Ledger, at_least, claim, raw

SCENE = {"date": "2020-02-27", "governorate": "Idlib", "cause": "airstrike"}
NIGHT = "2020-02-27T20:00"


def test_the_first_claim_is_new_once_for_ever() -> None:
    book = Ledger()
    (alert,) = book.read(raw(NIGHT), claim(9, force="TR", **SCENE))
    assert (alert.kind, alert.suppressed) == ("new", None)
    assert alert.headline == "Turkish forces, Idlib, 27 Feb 2020: 9 killed"
    assert book.read(raw(NIGHT, outlet="Other"), claim(9, force="TR", **SCENE)) == []


def test_a_conflict_names_both_sides_and_is_raised_once_for_a_pair_of_values() -> None:
    book = Ledger()
    book.read(raw(NIGHT), claim(9, force="TR", attributed_to="MSB", **SCENE))
    (alert,) = book.read(raw(NIGHT, outlet="ANHA"), at_least(34, "TR", attributed_to="SOHR", **SCENE))
    assert alert.kind == "conflict"
    assert "Turkish authorities" in alert.summary
    assert "SOHR" in alert.summary
    assert {s.voice for c in alert.conflicts for s in (c.left, c.right)} == {"Turkish authorities", "SOHR"}
    assert book.read(raw(NIGHT, outlet="Third"), at_least(34, "TR", attributed_to="an official", **SCENE)) == []


def test_one_text_with_both_sides_conflicts_as_soon_as_it_is_read() -> None:
    alerts = Ledger().read(
        raw(NIGHT),
        claim(9, force="TR", attributed_to="Ankara", **SCENE),
        at_least(34, "TR", attributed_to="SOHR", **SCENE),
    )
    assert [a.kind for a in alerts] == ["new", "conflict"]


def test_a_party_that_raises_its_own_figure_updates_it_once() -> None:
    book = Ledger()
    book.read(raw(NIGHT), claim(9, force="TR", attributed_to="Ankara", **SCENE))
    (alert,) = book.read(raw("2020-02-28T05:00"), claim(33, force="TR", attributed_to="Ankara", **SCENE))
    assert alert.kind == "update"
    assert "raises its figure for Turkish forces killed from 9 to 33" in alert.summary
    assert book.read(raw("2020-02-28T06:00", outlet="Other"), claim(33, force="TR", attributed_to="MSB", **SCENE)) == []


def test_a_late_relay_of_a_former_figure_is_no_update() -> None:
    book = Ledger()
    book.read(raw("2020-02-28T05:00"), claim(33, force="TR", attributed_to="Ankara", **SCENE))
    late = raw("2020-02-27T20:00", outlet="Slow", seen="2020-02-28T06:00")
    assert "update" not in [a.kind for a in book.read(late, claim(9, force="TR", attributed_to="Ankara", **SCENE))]


def test_the_own_sides_admission_is_a_confirmation_once() -> None:
    book = Ledger()
    book.read(raw(NIGHT), claim(9, force="TR", attributed_to="SOHR", **SCENE))
    owned = {"force": "TR", "attributed_to": "Ankara", "stance": "confirmed", **SCENE}
    assert [a.kind for a in book.read(raw(NIGHT, outlet="Second"), claim(9, **owned))] == ["confirmation"]
    assert book.read(raw(NIGHT, outlet="Third"), claim(9, **owned)) == []


def test_a_denial_against_a_claim_is_a_conflict() -> None:
    book = Ledger()
    book.read(raw(NIGHT), claim(9, force="TR", attributed_to="SOHR", **SCENE))
    denied = claim(9, force="TR", attributed_to="Ankara", stance="denied", **SCENE)
    (alert,) = book.read(raw(NIGHT, outlet="Second"), denied)
    assert (alert.kind, alert.conflicts[0].dimension) == ("conflict", "denial")
    assert "denies" in alert.summary


def test_a_denial_of_what_nobody_on_record_says_is_told_as_a_denial() -> None:
    book = Ledger()
    denied = {"force": "TR", "stance": "denied", **SCENE}
    alerts = book.read(raw(NIGHT), claim(9, attributed_to="Ankara", **denied))
    assert [a.kind for a in alerts] == ["new", "denial"]
    assert book.read(raw(NIGHT, outlet="Second"), claim(9, attributed_to="MSB", **denied)) == []


def test_a_correction_is_told_once_per_version() -> None:
    book = Ledger()
    book.read(raw(NIGHT, item="x"), claim(9, force="TR", **SCENE))
    edited = raw(NIGHT, item="x", version=2, change="edited", seen="2020-02-27T21:00")
    assert [a.kind for a in book.read(edited, claim(22, force="TR", **SCENE))] == ["correction"]
    assert book.read(edited, claim(22, force="TR", **SCENE)) == []


def test_several_changes_of_one_item_are_one_alert_of_a_kind() -> None:
    book = Ledger()
    book.read(raw(NIGHT), claim(9, force="TR", attributed_to="Ankara", **SCENE))
    (alert,) = book.read(
        raw(NIGHT, outlet="Second"),
        at_least(34, "TR", attributed_to="SOHR", **SCENE),
        claim(60, force="TR", attributed_to="a channel", **SCENE),
    )
    assert alert.kind == "conflict"
    assert len(alert.conflicts) > 1
    assert "more point" in alert.summary


def test_replay_decides_and_does_not_send() -> None:
    (alert,) = Ledger().read(raw(NIGHT), claim(9, force="TR", **SCENE), policy=PolicySettings(live=False))
    assert (alert.kind, alert.suppressed) == ("new", "replay")


def test_old_news_is_not_sent_as_new() -> None:
    old = claim(9, force="TR", **{**SCENE, "date": "2019-12-01"})
    (alert,) = Ledger().read(raw(NIGHT), old)
    assert alert.suppressed is not None
    assert alert.suppressed.startswith("old news")


def test_a_background_mention_is_not_sent_as_new() -> None:
    (alert,) = Ledger().read(raw(NIGHT), claim(9, force="TR", background=True, governorate="Idlib"))
    assert alert.suppressed == "old news: mentioned as background only"


def test_backfill_is_not_sent() -> None:
    (alert,) = Ledger().read(raw(NIGHT, seen="2020-03-09T20:00"), claim(9, force="TR", **SCENE))
    assert alert.suppressed is not None
    assert alert.suppressed.startswith("backfill")


def test_an_undated_item_about_an_undated_incident_is_not_sent_as_new() -> None:
    (alert,) = Ledger().read(raw(NIGHT, published_at=None), claim(9, force="TR", governorate="Idlib"))
    assert alert.suppressed is not None
