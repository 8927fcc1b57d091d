"""What is wrong with a source, and what of it is told: vitals, diagnosis, storms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.collector.diagnosis import NETWORK, PIPELINE, SESSION, Problem, Record, Told, compare, diagnose, in_words
from services.collector.rhythm import slot_of
from services.collector.settings import HealthSettings
from services.collector.sources import Entry, Trouble
from services.collector.vitals import KEPT, Sight, Vitals, see

NOW = datetime(2016, 2, 29, 12, tzinfo=UTC)
HOURLY = tuple(slot_of(NOW - timedelta(hours=hour)) for hour in range(24 * 25, -1, -1))
HEALTH = HealthSettings()
MINUTE = timedelta(minutes=1)


def entry(key: str, at: datetime | None = NOW, **more: object) -> Entry:
    return Entry(key, None, key, "text", at, **more)  # type: ignore[arg-type]


def well(source: str = "a", heard: datetime = NOW, looked: datetime = NOW) -> Record:
    vitals = Vitals(arrivals=HOURLY, last_item_at=heard, sizes=(20, 20), shown=20)
    return Record(source, source.upper(), vitals, last_look_at=looked, last_ok_at=looked)


def ill(source: str = "a", trouble: Trouble = "failing", since: timedelta = timedelta(hours=2)) -> Record:
    record = well(source)
    vitals = record.vitals.failed(trouble, NOW - since)
    return replace(record, vitals=vitals, failures=4, last_error="e.org: away", last_ok_at=NOW - since - MINUTE)


# ── what is kept of a look ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_first_look_teaches_when_items_came_and_calls_nothing_missed() -> None:
    entries = [entry(str(hour), NOW - timedelta(hours=hour)) for hour in range(30)] + [entry("undated", None)]
    vitals = Vitals().looked(see(entries, 0, ["new"] * 31, NOW, first=True, complete=False), NOW)
    assert len(vitals.arrivals) == 30
    assert (vitals.shown, vitals.undated, vitals.truncations) == (31, 1, 0)
    assert (vitals.last_item_at, vitals.last_news_at) == (NOW, None)


def test_a_look_that_knows_no_entry_may_have_missed_some() -> None:
    vitals = Vitals(sizes=(20, 20, 20), shown=20)
    entries = [entry(str(number)) for number in range(20)]
    lost = vitals.looked(see(entries, 0, ["new"] * 20, NOW, first=False, complete=False), NOW)
    assert (lost.truncations, lost.truncated_at) == (1, NOW)
    for known, shown, complete in ((1, 20, False), (0, 19, False), (0, 20, True)):
        sight = see(entries[:shown], known, ["new"] * shown, NOW, first=False, complete=complete)
        assert vitals.looked(sight, NOW).truncations == 0


def test_undated_news_is_heard_when_it_is_seen_but_not_at_the_first_look() -> None:
    entries = [entry("a", None), entry("b", None)]
    assert Vitals().looked(see(entries, 0, ["new"] * 2, NOW, first=True, complete=False), NOW).heard_at is None
    later = Vitals().looked(see(entries, 1, ["new"], NOW, first=False, complete=False), NOW)
    assert (later.heard_at, later.undated_share, later.arrivals) == (NOW, 1.0, (slot_of(NOW),))


def test_dates_of_another_age_teach_nothing() -> None:
    entries = [
        entry("old", NOW - timedelta(days=800)),
        entry("mad", NOW + timedelta(days=3)),
        entry("gone", deleted=True),
    ]
    vitals = Vitals().looked(see(entries, 0, ["new"], NOW, first=True, complete=False), NOW)
    assert (vitals.arrivals, vitals.last_item_at, vitals.shown) == ((), None, 2)


def test_arrivals_stay_bounded() -> None:
    vitals = Vitals()
    for day in range(5):
        at = NOW + timedelta(days=day)
        entries = [entry(str(n), at - n * timedelta(minutes=10)) for n in range(144)]
        vitals = vitals.looked(see(entries, 1, ["new"], at, first=False, complete=False), at)
    assert len(vitals.arrivals) == KEPT
    assert Vitals.model_validate_json(vitals.model_dump_json()) == vitals


def test_a_repaired_charset_is_counted() -> None:
    entries = [entry("a", notes=("charset-repaired:windows-1251",))]
    vitals = Vitals(repaired=2).looked(see(entries, 1, [], NOW, first=False, complete=False), NOW)
    assert vitals.repaired == 3


def test_trouble_that_changes_its_face_goes_on() -> None:
    failing = Vitals().failed("failing", NOW)
    blocked = failing.failed("blocked", NOW + MINUTE)
    assert (blocked.trouble, blocked.troubled_since) == ("blocked", NOW)
    assert failing.failed("failing", NOW + MINUTE) is failing
    assert blocked.recovered() == Vitals()
    assert blocked.looked(Sight(), NOW) == Vitals()


# ── what is wrong with one source ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (well(), None),
        (well(heard=NOW - timedelta(hours=1)), None),
        (well(heard=NOW - timedelta(days=1)), "silent"),
        (well(heard=NOW - timedelta(days=1), looked=NOW - timedelta(days=1)), None),  # nobody has looked since
        (replace(well(heard=NOW - timedelta(days=9)), vitals=Vitals(last_item_at=NOW - timedelta(days=9))), None),
        (ill(since=timedelta(minutes=50)), None),
        (ill(), "failing"),
        (ill(trouble="blocked", since=timedelta(minutes=10)), None),
        (ill(trouble="blocked", since=timedelta(minutes=20)), "blocked"),
        (ill(trouble="gone", since=timedelta()), "gone"),
        (ill(trouble="revoked", since=timedelta()), "revoked"),
        (Record("new", "New"), None),
    ],
)
def test_the_diagnosis(record: Record, kind: str | None) -> None:
    found = diagnose(record, HEALTH)
    assert (found.kind if found else None) == kind
    assert found is None or (found.headline and found.fix and found.sources == (record.source,))


# ── what is told ──────────────────────────────────────────────────────────────────────────────────────────────────────


def told(problem: Problem) -> Told:
    return Told(problem.subject, problem.kind, problem.since)


def test_a_problem_is_raised_once_and_over_once() -> None:
    sick = [ill("a"), well("b"), well("c")]
    (raised,) = compare(sick, [], NOW, HEALTH).raised
    assert (raised.subject, raised.kind, raised.since) == ("a", "failing", NOW - timedelta(hours=2))
    assert compare(sick, [told(raised)], NOW, HEALTH) == compare([well()], [], NOW, HEALTH)
    assert compare([well("a"), *sick[1:]], [told(raised)], NOW, HEALTH).over == (told(raised),)


def test_only_what_becomes_worse_is_told_anew() -> None:
    blocked = Told("a", "blocked", NOW - timedelta(hours=3))
    assert compare([ill("a")], [blocked], NOW, HEALTH).raised == ()
    assert [one.kind for one in compare([ill("a", "gone")], [blocked], NOW, HEALTH).raised] == ["gone"]


def test_a_problem_is_not_over_while_the_source_still_fails_or_is_silent() -> None:
    silent = Told("a", "silent", NOW - timedelta(days=1))
    just_failing = ill("a", since=timedelta(minutes=1))
    assert compare([just_failing], [silent], NOW, HEALTH).over == ()
    assert compare([well("a", heard=NOW - timedelta(days=1))], [silent], NOW, HEALTH).over == ()


def test_a_source_that_is_no_longer_watched_has_no_problem() -> None:
    known = Told("left", "failing", NOW)
    assert compare([well()], [known], NOW, HEALTH).over == (known,)


def test_when_all_fail_at_once_one_message_says_so() -> None:
    records = [ill(str(number)) for number in range(20)]
    findings = compare(records, [], NOW, HEALTH)
    (storm,) = findings.raised
    assert (storm.subject, len(storm.sources)) == (NETWORK, 20)
    assert "20 of 20" in storm.headline
    portal = [ill(str(number), "blocked") for number in range(20)]
    assert [one.subject for one in compare(portal, [], NOW, HEALTH).raised] == [NETWORK]
    assert compare(records, [told(storm)], NOW, HEALTH).raised == ()


@pytest.mark.parametrize(
    "records",
    [
        [ill(str(number), since=timedelta(seconds=100)) for number in range(20)],  # a moment's trouble
        [ill("a"), ill("b")],  # two are no storm
        [*[ill(str(number)) for number in range(15)], *[well(f"w{number}") for number in range(5)]],
    ],
)
def test_what_is_no_storm(records: list[Record]) -> None:
    assert NETWORK not in [one.subject for one in compare(records, [], NOW, HEALTH).raised]


def test_after_a_storm_only_what_was_seen_to_fail_since_is_told() -> None:
    storm = Told(NETWORK, "network", NOW - timedelta(hours=2))
    records = [*[well(str(number)) for number in range(15)], ill("late")]
    assert compare(records, [storm], NOW, HEALTH).over == (storm,)
    assert compare(records, [], NOW, HEALTH, calm_since=NOW).raised == ()
    later = [replace(one, last_look_at=NOW + MINUTE) for one in records]
    assert [one.subject for one in compare(later, [], NOW + MINUTE, HEALTH, calm_since=NOW).raised] == ["late"]


def test_a_storm_goes_on_until_half_can_be_reached() -> None:
    storm = Told(NETWORK, "network", NOW - timedelta(hours=2))
    records = [ill("a"), ill("b"), well("c")]
    assert compare(records, [storm], NOW, HEALTH) == compare([well()], [], NOW, HEALTH)


def test_an_ended_session_is_one_problem_of_all_its_channels() -> None:
    records = [ill("tg-a", "revoked"), ill("tg-b", "revoked"), *[well(str(number)) for number in range(9)]]
    (ended,) = compare(records, [], NOW, HEALTH).raised
    assert (ended.subject, ended.kind, ended.sources) == (SESSION, "revoked", ("tg-a", "tg-b"))
    assert compare(records, [told(ended)], NOW, HEALTH) == compare([well()], [], NOW, HEALTH)
    assert compare([well("tg-a"), well("tg-b")], [told(ended)], NOW, HEALTH).over == (told(ended),)


def test_a_jam_of_the_pipeline_is_told_even_in_a_storm_and_over_once() -> None:
    jam = Problem(PIPELINE, "canary", NOW, "a canary is lost", "", "")
    records = [ill(str(number)) for number in range(9)]
    assert [one.subject for one in compare(records, [], NOW, HEALTH, pipeline=jam).raised] == [PIPELINE, NETWORK]
    assert compare([well()], [told(jam)], NOW, HEALTH, pipeline=jam).raised == ()
    assert compare([well()], [told(jam)], NOW, HEALTH).over == (told(jam),)


def test_who_sends_no_canaries_cannot_say_that_they_arrive_again() -> None:
    jam = Told(PIPELINE, "canary", NOW)
    assert compare([well()], [jam], NOW, HEALTH, canaries=False) == compare([well()], [], NOW, HEALTH)


def test_what_another_collector_reads_is_left_to_it_and_counts_where_all_are_judged() -> None:
    others = [replace(one, own=False) for one in (ill("sick"), well("well"), ill("tg", "revoked"))]
    known = [Told("sick", "blocked", NOW), Told("well", "silent", NOW), Told(SESSION, "revoked", NOW)]
    assert compare([well(), *others], known, NOW, HEALTH) == compare([well()], [], NOW, HEALTH)
    assert compare([well(), *others[:2]], [], NOW, HEALTH) == compare([well()], [], NOW, HEALTH)
    storm = Told(NETWORK, "network", NOW)
    away = [replace(ill(str(number)), own=False) for number in range(3)]
    assert compare([well(), *away], [storm], NOW, HEALTH) == compare([well()], [], NOW, HEALTH)


@pytest.mark.parametrize(
    ("span", "said"),
    [(timedelta(minutes=20), "20 min"), (timedelta(hours=5), "5 h"), (timedelta(days=3), "3 days")],
)
def test_spans_in_words(span: timedelta, said: str) -> None:
    assert in_words(span) == said
