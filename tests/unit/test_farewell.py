"""A feed that says it is gone for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.collector.farewell import PAUSE, Farewell, as_json, from_json, heard, least_pause, trouble_of
from services.collector.sources import Challenged, Gone
from shared.errors import Retry

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)


def told(hours: list[float]) -> Farewell | None:
    farewell = None
    for hour in hours:
        farewell = heard(farewell, Gone("410"), NOW + timedelta(hours=hour))
    return farewell


@pytest.mark.parametrize(
    ("hours", "pause"),
    [([0], 0), ([0, 12], 0), ([0, 12, 23], 0), ([0, 24], 0), ([0, 12, 24], PAUSE), ([0, 1, 2, 3, 100], PAUSE)],
)
def test_it_is_believed_after_three_times_over_a_day(hours: list[float], pause: float) -> None:
    now = NOW + timedelta(hours=hours[-1])
    assert least_pause(told(hours), now) == pause
    assert trouble_of(Gone("410"), told(hours), now) == ("gone" if pause else "failing")


def test_what_fails_in_another_way_is_called_by_its_own_name() -> None:
    long_ago = told([0, 12, 24])
    assert trouble_of(Challenged("captcha"), None, NOW) == "challenged"
    assert trouble_of(Retry("timeout"), long_ago, NOW + timedelta(hours=25)) == "failing"


def test_a_failure_that_says_nothing_of_it_changes_nothing_and_another_answer_ends_it() -> None:
    gone = told([0, 12])
    assert heard(gone, Retry("timeout"), NOW) == gone
    assert heard(gone, Challenged("captcha"), NOW) is None
    assert heard(None, Retry("timeout"), NOW) is None
    assert least_pause(None, NOW) == 0


def test_it_is_kept_as_json() -> None:
    assert from_json(as_json(told([0, 12]))) == told([0, 12])
    assert from_json(as_json(None)) is None
