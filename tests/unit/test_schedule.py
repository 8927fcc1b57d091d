"""When a source is looked at next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.collector.schedule import Pace, adapted, after_failure, after_success, at_start, brought_forward
from services.collector.sources import Quiet

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
PACE = Pace(interval=120, longest=21_600)


def seconds(moment: datetime) -> float:
    return (moment - NOW).total_seconds()


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 108), (0.5, 120), (1.0, 132)])
def test_a_look_is_due_after_the_interval_give_or_take_a_tenth(chance: float, wait: float) -> None:
    assert seconds(after_success(NOW, PACE, chance)) == pytest.approx(wait)


@pytest.mark.parametrize(("hint", "wait"), [(None, 120), (60, 120), (600, 630), (86_400, 945)])
def test_what_the_server_asks_for_is_kept_up_to_a_cap(hint: float | None, wait: float) -> None:
    assert seconds(after_success(NOW, PACE, 0.5, hint=hint)) == pytest.approx(wait)


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_chance_never_brings_a_look_before_the_answer_is_stale(chance: float) -> None:
    assert seconds(after_success(NOW, PACE, chance, hint=600)) >= 600


def test_a_source_may_be_given_a_cap_of_its_own() -> None:
    assert seconds(after_success(NOW, Pace(120, 21_600, hint_cap=0), 0.5, hint=3600)) == pytest.approx(120)
    assert seconds(after_success(NOW, Pace(120, 21_600, hint_cap=86_400), 0.0, hint=3600)) == pytest.approx(3600)


@pytest.mark.parametrize(
    ("interval", "news", "after"),
    [
        (None, True, 120),  # of a first look everything is new
        (None, False, 120),
        (120, True, 60),
        (60, True, 60),
        (61, True, 60),
        (120, False, 150),
        (800, False, 900),
        (900, False, 900),
        (5_000, False, 900),
        (1, True, 60),
    ],
)
def test_news_halve_the_interval_and_silence_lengthens_it(interval: float | None, news: bool, after: float) -> None:  # noqa: FBT001 - a table
    assert adapted(interval, PACE, news=news) == pytest.approx(after)


def test_from_the_ceiling_a_story_is_followed_at_the_floor_after_four_looks() -> None:
    interval: float | None = 900
    for _ in range(4):
        interval = adapted(interval, PACE, news=True)
    assert interval == 60
    for _ in range(13):
        interval = adapted(interval, PACE, news=False)
    assert interval == 900


@pytest.mark.parametrize(
    ("pace", "shortest", "longest"),
    [
        (Pace(1, 60), 1, 900),
        (Pace(3600, 21_600), 60, 3600),
        (Pace(300, 21_600, floor=300, ceiling=300), 300, 300),
    ],
)
def test_an_interval_outside_floor_and_ceiling_moves_them(pace: Pace, shortest: float, longest: float) -> None:
    assert (pace.within(0.001), pace.within(1e9)) == (shortest, longest)


def test_the_adaptive_interval_is_the_wait() -> None:
    assert seconds(after_success(NOW, PACE, 0.5, interval=300)) == pytest.approx(300)
    assert seconds(after_success(NOW, PACE, 0.5, interval=1)) == pytest.approx(60)
    assert seconds(after_failure(NOW, PACE, 2, 0.5, interval=300)) == pytest.approx(600)


def test_an_active_source_is_looked_at_at_its_floor_whatever_the_hints_say() -> None:
    quiet = Quiet(hours=frozenset(range(24)))
    assert seconds(after_success(NOW, PACE, 0.5, interval=900, active=True, hint=900, quiet=quiet)) == pytest.approx(60)
    assert seconds(after_failure(NOW, PACE, 1, 0.5, interval=900, after=3600)) == 3600


@pytest.mark.parametrize(
    ("quiet", "due"),
    [
        (Quiet(), "2016-02-02T12:02:00"),
        (Quiet(hours=frozenset({13})), "2016-02-02T12:02:00"),
        (Quiet(hours=frozenset({12})), "2016-02-02T13:00:00"),
        (Quiet(hours=frozenset({12, 13, 14})), "2016-02-02T15:00:00"),
        (Quiet(days=frozenset({1})), "2016-02-03T00:00:00"),  # a Tuesday
        (Quiet(hours=frozenset({0, 1}), days=frozenset({1})), "2016-02-03T02:00:00"),
        (Quiet(hours=frozenset(range(24))), "2016-02-02T12:02:00"),
    ],
)
def test_quiet_hours_and_days_are_kept_where_the_cap_allows(quiet: Quiet, due: str) -> None:
    patient = Pace(120, 21_600, hint_cap=86_400)
    assert after_success(NOW, patient, 0.5, quiet=quiet).isoformat() == f"{due}+00:00"
    assert seconds(after_success(NOW, PACE, 0.5, quiet=quiet)) <= 900


def test_a_source_that_becomes_active_is_looked_at_as_soon_as_its_floor_allows() -> None:
    due = NOW + timedelta(seconds=700)
    assert seconds(brought_forward(due, NOW, PACE)) == 60
    assert brought_forward(due, None, PACE) == due
    assert brought_forward(NOW, NOW, PACE) == NOW
    assert seconds(brought_forward(due, NOW - timedelta(hours=1), PACE)) < 0


def test_a_source_with_more_to_read_is_looked_at_when_it_says() -> None:
    assert seconds(after_success(NOW, PACE, 1.0, hint=600, next_in=1)) == 1


@pytest.mark.parametrize(
    ("failures", "wait"), [(1, 120), (2, 240), (3, 480), (8, 15_360), (9, 21_600), (10_000, 21_600)]
)
def test_each_failure_doubles_the_wait_up_to_the_longest(failures: int, wait: float) -> None:
    assert seconds(after_failure(NOW, PACE, failures, 0.5)) == pytest.approx(wait)


def test_never_sooner_than_the_server_asked() -> None:
    assert seconds(after_failure(NOW, PACE, 1, 0.0, after=3600)) == 3600
    assert seconds(after_failure(NOW, PACE, 1, 0.0, after=1)) == pytest.approx(108)


def test_an_interval_longer_than_the_longest_wait_stays() -> None:
    assert seconds(after_failure(NOW, Pace(86_400, 21_600), 1, 0.5)) == pytest.approx(86_400)


def test_what_is_overdue_at_the_start_is_spread_and_each_source_keeps_its_place() -> None:
    places = {name: seconds(at_start(NOW, None, name, PACE, 30)) for name in map(str, range(200))}
    assert all(0 <= place < 30 for place in places.values())
    assert max(places.values()) > 25
    assert min(places.values()) < 5
    overdue = NOW - timedelta(days=1)
    assert {name: seconds(at_start(NOW, overdue, name, PACE, 30)) for name in places} == places


def test_what_is_not_yet_due_waits_for_its_time_after_a_restart() -> None:
    assert seconds(at_start(NOW, NOW + timedelta(seconds=77), "a", PACE, 30)) == 77
    assert seconds(at_start(NOW, NOW + timedelta(days=9), "a", PACE, 30)) == 21_600


def test_a_failing_source_is_left_alone_over_a_restart_for_as_long_as_its_server_may_ask() -> None:
    assert seconds(at_start(NOW, NOW + timedelta(hours=20), "a", PACE, 30, failing=True)) == 72_000
    assert seconds(at_start(NOW, NOW + timedelta(days=9), "a", PACE, 30, failing=True)) == 86_400
