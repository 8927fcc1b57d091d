"""How long an answer stays fresh by its headers."""

from __future__ import annotations

import pytest

from services.collector.sources.freshness import lifetime

DATE = "Tue, 02 Feb 2016 12:00:00 GMT"
LATER = "Tue, 02 Feb 2016 12:10:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": 'max-age="600"'}, 600),
        ({"cache-control": "s-maxage=900"}, None),
        ({"cache-control": "MAX-AGE = 600"}, 600),
        ({"cache-control": "max-age=600, no-cache"}, 0),
        ({"cache-control": "no-store"}, 0),
        ({"cache-control": "max-age=600", "age": "200"}, 400),
        ({"cache-control": "max-age=600", "age": "9999"}, 0),
        ({"cache-control": "max-age=600", "age": "soon"}, 600),
        ({"cache-control": "max-age=600", "expires": DATE, "date": DATE}, 600),
        ({"expires": LATER, "date": DATE}, 600),
        ({"expires": DATE, "date": LATER}, 0),
        ({"expires": "0", "date": DATE}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": LATER}, None),
        ({"expires": LATER, "date": "yesterday"}, None),
        ({"cache-control": "max-age=soon"}, None),
        ({"cache-control": "private"}, None),
    ],
)
def test_lifetime(headers: dict[str, str], seconds: float | None) -> None:
    assert lifetime(headers) == seconds
