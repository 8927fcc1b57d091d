from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.retry_after import seconds_asked

NOW = datetime(2016, 2, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Mon, 01 Feb 2016 10:01:00 GMT", 60.0),
        ("Mon, 01 Feb 2016 09:00:00 GMT", 0.0),
        ("Mon, 01 Feb 2016 10:01:00 -0000", 0.0),
        ("99999999999999999999999999", 3600.0),
        ("Mon, 01 Feb 2116 10:00:00 GMT", 3600.0),
        ("Mon, 01 Feb 99999999999999999999 10:00:00 GMT", None),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_a_pause_is_read_as_a_number_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_asked(header, NOW, 3600.0) == seconds
