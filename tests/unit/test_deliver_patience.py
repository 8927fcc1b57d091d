from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerter.patience import DeliveryRules, RetryDecision, after_failure, back_off
from shared.errors import Reject, Retry

NOW = datetime(2016, 2, 3, 12, 0, tzinfo=UTC)
RULES = DeliveryRules()


def decide(
    error: Retry | Reject, *, attempt: int = 1, age: timedelta = timedelta(), draw: float = 1.0
) -> RetryDecision:
    return after_failure(error, attempt=attempt, created_at=NOW - age, now=NOW, rules=RULES, draw=draw)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (10**9, 3600)])
def test_the_back_off_doubles_up_to_its_limit(attempt: int, seconds: float) -> None:
    assert back_off(attempt, RULES, 1.0) == timedelta(seconds=seconds)


@given(attempt=st.integers(1, 10**6), draw=st.floats(0, 1))
def test_the_jitter_takes_any_part_of_it(attempt: int, draw: float) -> None:
    assert timedelta() <= back_off(attempt, RULES, draw) <= RULES.longest
    assert back_off(attempt, RULES, 0.5) == back_off(attempt, RULES, 1.0) / 2


def test_a_retry_waits_its_back_off() -> None:
    assert decide(Retry("busy"), attempt=3) == RetryDecision(NOW + timedelta(seconds=20), "busy")


def test_a_wait_the_receiver_named_is_kept_exactly() -> None:
    assert decide(Retry("busy", after=90)).not_before == NOW + timedelta(seconds=90)
    assert decide(Retry("busy", after=0), attempt=9).not_before == NOW
    assert decide(Retry("busy", after=-5)).not_before == NOW


def test_a_wait_beyond_the_age_gives_up() -> None:
    decision = decide(Retry("busy", after=10**9))
    assert decision.not_before is None
    assert "asks to wait 1000000000 s" in decision.reason


def test_a_reject_is_final() -> None:
    assert decide(Reject("no such channel")) == RetryDecision(None, "no such channel")


def test_the_last_attempt_is_the_last() -> None:
    assert decide(Retry("busy"), attempt=RULES.attempts - 1).not_before is not None
    assert decide(Retry("busy"), attempt=RULES.attempts).not_before is None


def test_old_age_ends_it_after_one_last_try_at_its_end() -> None:
    nearly = RULES.age - timedelta(seconds=1)
    assert decide(Retry("busy"), attempt=20, age=nearly).not_before == NOW + timedelta(seconds=1)
    assert decide(Retry("busy"), attempt=20, age=RULES.age).not_before is None


def test_the_rules_ride_out_most_of_a_day_on_average() -> None:
    expected = sum((back_off(attempt, RULES, 0.5) for attempt in range(1, RULES.attempts)), timedelta())
    assert timedelta(hours=18) < expected <= RULES.age


def test_after_a_crash_a_delivery_waits_seconds_not_minutes() -> None:
    assert RULES.lease <= timedelta(seconds=30)
