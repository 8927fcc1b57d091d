"""When a source is looked at next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.collector.schedule import Pace, after_failure, after_success, at_start

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
PACE = Pace(interval=120, longest=21_600)


def seconds(moment: datetime) -> float:
    return (moment - NOW).total_seconds()


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 108), (0.5, 120), (1.0, 132)])
def test_a_look_is_due_after_the_interval_give_or_take_a_tenth(chance: float, wait: float) -> None:
    assert seconds(after_success(NOW, PACE, chance)) == pytest.approx(wait)


@pytest.mark.parametrize(("hint", "wait"), [(None, 120), (60, 120), (600, 600), (86_400, 900)])
def test_the_servers_cache_lifetime_is_kept_up_to_a_cap(hint: float | None, wait: float) -> None:
    assert seconds(after_success(NOW, PACE, 0.5, hint=hint)) == pytest.approx(wait)


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
