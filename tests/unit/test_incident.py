from __future__ import annotations

from datetime import date

from services.alerter.incident import stand
from tests.support.statements import at_least, claim, raw, statement


def test_the_headline_says_who_where_when_and_how_many() -> None:
    scene = {"governorate": "Latakia", "date": "2016-02-01"}
    found = stand("i", [statement(claim(1, **scene), voice="A"), statement(claim(4, **scene), voice="B")])
    assert found.headline == "Russian forces, Latakia, 1 Feb 2016: 1 to 4 killed"
    assert (found.voices, found.conflicts, found.revision) == (2, 1, 1)


def test_the_place_and_day_are_those_of_most_voices() -> None:
    homs = [statement(claim(governorate="Homs", date="2016-02-01"), voice=v) for v in ("A", "B")]
    latakia = [statement(claim(governorate="Latakia", date="2016-02-02"), voice="C") for _ in range(3)]
    found = stand("i", [*latakia, *homs])
    assert (found.governorate, found.date) == ("Homs", date(2016, 2, 1))


def test_a_precise_place_is_preferred() -> None:
    wide = [statement(claim(place="Aleppo", governorate="Aleppo"), voice=v) for v in ("A", "B")]
    precise = statement(claim(place="Zahraa", governorate="Aleppo"), voice="C")
    assert stand("i", [*wide, precise]).place == "Zahraa"


def test_a_voice_counts_by_its_latest_figure() -> None:
    first = statement(claim(9, force="TR"), raw("2020-02-27T19:00"), voice="Ankara")
    last = statement(claim(33, force="TR"), raw("2020-02-28T05:00"), voice="Ankara")
    (figure,) = stand("i", [first, last]).figures
    assert (figure.min, figure.max, figure.voices) == (33, 33, 1)


def test_an_open_bound_stays_open() -> None:
    (figure,) = stand("i", [statement(claim(9), voice="A"), statement(at_least(34), voice="B")]).figures
    assert (figure.min, figure.max) == (9, None)


def test_parts_and_denials_do_not_lower_the_figure() -> None:
    said = [claim(15, force="SY"), claim(4, force="SY", part=True), claim(15, force="SY", stance="denied")]
    (figure,) = stand("i", [statement(c, voice=str(i)) for i, c in enumerate(said)]).figures
    assert (figure.min, figure.max, figure.denied) == (15, 15, True)


def test_a_deleted_report_still_shows_when_nothing_else_stands() -> None:
    gone = statement(claim(4), state="deleted")
    assert stand("i", [gone]).figures[0].max == 4
    other = statement(claim(1), voice="B")
    assert stand("i", [gone, other]).figures[0].max == 1


def test_a_later_standing_counts_its_revision_and_keeps_when_it_began() -> None:
    first = stand("i", [statement(claim(4), raw("2016-02-03T10:00"))])
    later = statement(claim(1), raw("2016-02-01T09:00", seen="2016-02-04T10:00"), voice="B")
    second = stand("i", [*first.statements, later], first)
    assert second.revision == 2
    assert second.first_seen_at == first.first_seen_at
