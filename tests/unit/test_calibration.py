from __future__ import annotations

import pytest

from services.calibration import curve, error


def test_a_bin_tells_how_many_of_its_claims_are_right() -> None:
    sure = [(0.95, number < 9) for number in range(10)]
    unsure = [(0.3, False), (0.3, True)]
    low, high = curve([*sure, *unsure])
    assert (low.low, low.high, low.claims, low.right) == (0.2, 0.4, 2, 0.5)
    assert (high.claims, high.stated, high.right) == (10, pytest.approx(0.95), 0.9)


def test_certainty_itself_has_a_bin() -> None:
    (only,) = curve([(1.0, True)])
    assert (only.low, only.high, only.right) == (0.9, 1.0, 1.0)


def test_the_error_is_weighed_by_claims() -> None:
    assert error(curve([(0.5, True), (0.5, False)])) == 0
    assert error(curve([(1.0, False), (1.0, False), (0.0, False), (0.0, False)])) == 0.5
    assert error(()) == 0
