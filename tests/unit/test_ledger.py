from __future__ import annotations

from datetime import date

import pytest

from services.alerter import ledger
from services.alerter.policy import PolicySettings
from shared.messages import Claim, RawItem
from tests.support.statements import Ledger, at_least, claim, raw, tagged

REPLAY = PolicySettings(live=False)


def adviser(**fields: object) -> Claim:
    told = {"date": "2016-02-01", "cause": "mortar", "stance": "confirmed", "attributed_to": "Russian Defence Ministry"}
    return claim(1, **{**told, **fields})


def generals(**fields: object) -> Claim:
    told = {"date": "2016-02-01", "governorate": "Latakia", "stance": "alleged"}
    return claim(4, **{**told, "attributed_to": "opposition sources", "relayed_by": "Anadolu", **fields})


def test_an_item_without_claims_asks_for_nothing() -> None:
    assert ledger.query(tagged(raw())) is None


def test_a_deleted_item_asks_for_its_own_statements() -> None:
    item = raw(change="deleted")
    wanted = ledger.query(tagged(item))
    assert wanted is not None
    assert (wanted.item, wanted.windows, wanted.forces) == (item.item, (), frozenset())


def test_a_query_reaches_related_forces_the_days_told_and_the_day_of_publication() -> None:
    wanted = ledger.query(tagged(raw("2016-02-03T12:00"), claim(1, date="2015-11-24", names=("Олег Пешков",))))
    assert wanted is not None
    assert wanted.forces == {"RU"}
    assert {"RU-PMC", "ARMED"} <= wanted.near
    for day in (date(2015, 11, 24), date(2016, 2, 3)):
        assert any(window.since <= day <= window.until for window in wanted.windows)
    assert not any(window.since <= date(2016, 1, 1) <= window.until for window in wanted.windows)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("killed in an air strike in February", date(2018, 2, 1), date(2018, 2, 28)),
        ("погибли в ноябре прошлого года", date(2017, 11, 1), date(2017, 11, 30)),
        ("killed in February 2016", date(2016, 2, 1), date(2016, 2, 29)),
    ],
)
def test_a_query_reaches_the_month_that_an_undated_mention_names(words: str, first: date, last: date) -> None:
    wanted = ledger.query(tagged(raw("2018-05-24T09:10"), at_least(24, "RU-PMC", evidence=words)))
    assert wanted is not None
    assert ledger.Window(first, last) in wanted.windows


def test_a_text_that_names_every_month_asks_for_few() -> None:
    months = "January February March April May June July August September October November December"
    words = f"{months} {' '.join(str(year) for year in range(2011, 2026))}"
    wanted = ledger.query(tagged(raw(), *(at_least(2, evidence=f"{words} {i}") for i in range(30))))
    assert wanted is not None
    assert len(wanted.windows) <= ledger.MONTHS + 1


def test_an_incident_is_found_by_the_marks_of_a_later_mention() -> None:
    book = Ledger()
    book.read(raw("2015-11-24T12:00"), claim(1, date="2015-11-24", names=("Олег Пешков",)))
    wanted = ledger.query(tagged(raw("2018-02-14T12:00"), claim(1, names=("Oleg Peşkov",))))
    assert wanted is not None
    assert wanted.marks & ledger.keys(book.only()).marks


def test_the_first_of_february_2016() -> None:
    """One incident: the ministry's adviser against the opposition's generals; the Syrian fifteen are no conflict."""
    book = Ledger()
    first = book.read(
        raw("2016-02-03T10:40", "Anadolu"),
        claim(15, force="SY", date="2016-02-01", place="Turkmen Mountain", governorate="Latakia", stance="alleged",
              attributed_to="opposition sources", start=0, evidence="15 were killed, four Russian generals among them"),
        generals(place="Turkmen Mountain", start=0, evidence="15 were killed, four Russian generals among them"),
    )  # fmt: skip
    second = book.read(
        raw("2016-02-03T15:00", "The Moscow Times"),
        adviser(start=0, evidence="A Russian military adviser died of his wounds"),
        generals(governorate=None, start=400, evidence="Four Russian generals were killed"),
        claim(9, force="RU-PMC", cause="mortar", stance="alleged", attributed_to="The Wall Street Journal", start=2000,
              background=True, evidence="nine contractors died when a mortar round hit their base last fall"),
    )  # fmt: skip
    third = book.read(raw("2016-02-03T17:30", "Interfax"), adviser(evidence="Российский военный советник погиб"))
    assert [a.kind for a in first] == ["new"]
    assert sorted(a.kind for a in second) == ["confirmation", "conflict", "new"]
    assert third == []
    (incident,) = [i for i in book.incidents.values() if any(f.force == "RU" for f in i.figures)]
    russian = next(f for f in incident.figures if (f.force, f.outcome) == ("RU", "killed"))
    assert (russian.min, russian.max, russian.voices) == (1, 4, 2)
    (conflict,) = next(a for a in second if a.kind == "conflict").conflicts
    assert conflict.dimension == "count"
    assert {conflict.left.claim.min, conflict.right.claim.min} == {1, 4}
    (old,) = [i for i in book.incidents.values() if i.id != incident.id]
    assert [f.force for f in old.figures] == ["RU-PMC"]


def test_a_total_goes_nowhere() -> None:
    book = Ledger()
    total = claim(112, total=True)
    decision = book.decide(tagged(raw(), total, adviser()))
    assert decision.links[total.id] is None
    assert len(decision.incidents) == 1


def test_a_new_incident_is_named_after_its_first_claim_whatever_the_clock() -> None:
    said = tagged(raw(), adviser())
    now = said.item.seen_at
    later = now.replace(year=2026)
    assert ledger.decide(said, [], now).links == ledger.decide(said, [], later).links


def test_repeats_translations_and_relays_raise_nothing() -> None:
    book = Ledger()
    book.read(raw(outlet="Interfax"), adviser())
    for outlet, speaker in [
        ("TASS", "Минобороны РФ"),
        ("AA", "Rusya Savunma Bakanlığı"),
        ("SANA", "وزارة الدفاع الروسية"),
    ]:
        assert book.read(raw(outlet=outlet), adviser(attributed_to=speaker)) == []
    assert book.only().voices == 1


def test_the_whole_stream_again_changes_nothing() -> None:
    book = Ledger()
    first, edited, gone = (
        raw("2016-02-03T10:00", item="x", version=1),
        raw("2016-02-03T10:00", item="x", version=2, change="edited", seen="2016-02-03T11:00"),
        raw("2016-02-03T12:00", outlet="Other", item="y", version=1),
    )
    stream = [
        tagged(first, adviser()),
        tagged(edited, generals()),
        tagged(gone, claim(2, force="TR", date="2016-02-02")),
        tagged(raw("2016-02-03T12:00", outlet="Other", item="y", version=2, change="deleted", seen="2016-02-03T13:00")),
    ]
    for item in stream:
        book.take(item)
    before = dict(book.incidents)
    for item in stream:
        assert book.take(item) == []
    assert book.incidents == before


def test_an_edit_supersedes_what_it_changes_and_tells_the_difference() -> None:
    book = Ledger()
    book.read(raw(item="x"), claim(1, date="2016-02-01", governorate="Homs"))
    edited = raw(item="x", version=2, change="edited", seen="2016-02-03T14:00")
    alerts = book.read(edited, claim(4, date="2016-02-01", governorate="Homs"))
    assert [a.kind for a in alerts] == ["correction"]
    assert "1 killed" in alerts[0].summary
    assert "4 killed" in alerts[0].summary
    assert [s.state for s in book.only().statements] == ["superseded", "standing"]
    assert (book.only().figures[0].min, book.only().figures[0].max) == (4, 4)


def test_an_edit_that_changes_no_claim_changes_nothing() -> None:
    book = Ledger()
    book.read(raw(item="x"), adviser())
    edited = raw(item="x", version=2, change="edited", seen="2016-02-03T14:00")
    assert book.read(edited, adviser()) == []
    assert len(book.only().statements) == 1


def test_a_claim_taken_out_is_withdrawn() -> None:
    book = Ledger()
    book.read(raw(item="x"), adviser())
    (alert,) = book.read(raw(item="x", version=2, change="edited", seen="2016-02-03T14:00"))
    assert alert.kind == "correction"
    assert [s.state for s in book.only().statements] == ["withdrawn"]


def test_an_edit_that_goes_back_stands_again() -> None:
    book = Ledger()
    one = claim(1, date="2016-02-01", governorate="Homs")
    four = claim(4, date="2016-02-01", governorate="Homs")
    book.read(raw(item="x"), one)
    book.read(raw(item="x", version=2, change="edited", seen="2016-02-03T14:00"), four)
    book.read(raw(item="x", version=3, change="edited", seen="2016-02-03T15:00"), one)
    assert {s.claim.min: s.state for s in book.only().statements} == {1: "standing", 4: "superseded"}


def test_a_deleted_item_keeps_its_claims_and_is_marked() -> None:
    book = Ledger()
    book.read(raw(item="x"), adviser())
    (alert,) = book.read(raw(item="x", version=2, change="deleted", seen="2016-02-03T14:00"))
    assert alert.kind == "correction"
    assert "deleted" in alert.summary
    assert [s.state for s in book.only().statements] == ["deleted"]


def test_an_older_version_that_comes_late_is_ignored() -> None:
    book = Ledger()
    book.read(raw(item="x", version=2, change="edited", seen="2016-02-03T14:00"), claim(4, date="2016-02-01"))
    assert book.read(raw(item="x", version=1), claim(1, date="2016-02-01")) == []
    assert len(book.only().statements) == 1


def test_a_near_copy_counts_as_the_voice_it_was_copied_from() -> None:
    book = Ledger()
    words = "Four Russian officers were killed near Aleppo on Saturday, the agency has learned"
    for outlet in ("First", "Second"):
        book.read(raw(outlet=outlet), claim(4, date="2016-02-01", governorate="Aleppo", evidence=words))
    assert book.only().voices == 1


def test_every_link_keeps_its_score_and_reason() -> None:
    book = Ledger()
    book.read(raw(), adviser())
    book.read(raw(outlet="Other"), generals())
    first, second = book.only().statements
    assert first.link_reason == "nothing on record fits"
    assert "the same day" in second.link_reason
    assert 0.5 < second.link_score <= 1


def test_a_day_that_has_not_come_does_not_open_the_future() -> None:
    book = Ledger()
    book.read(
        raw("2016-02-03T12:00"), claim(2, date="2016-02-02", place="Palmyra", governorate="Homs", cause="aircraft")
    )
    typo = claim(2, date="2061-02-02", place="Palmyra", governorate="Homs", cause="aircraft")
    book.read(raw("2016-02-03T13:00", outlet="Other"), typo)
    assert len(book.only().statements) == 2


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_within_an_hour_does_not_change_what_goes_together(*, reverse: bool) -> None:
    elsewhere = at_least(20, "OPP", date="2016-02-02", place="Douma", governorate="Rif-Dimashq")
    items: list[tuple[RawItem, Claim]] = [
        (raw("2016-02-03T12:00", outlet="A"), adviser()),
        (raw("2016-02-03T12:20", outlet="B"), generals()),
        (raw("2016-02-03T12:40", outlet="C"), elsewhere),
    ]
    book = Ledger()
    for item, said in reversed(items) if reverse else items:
        book.read(item, said, policy=REPLAY)
    groups = {frozenset(s.source.name for s in i.statements) for i in book.incidents.values()}
    assert groups == {frozenset("AB"), frozenset("C")}
