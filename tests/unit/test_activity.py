"""Which sources speak of open incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.collector.activity import Activity, speakers
from shared.messages import Claim, Incident, SourceRef, Statement

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
LONG = timedelta(hours=3)


def statement(source: str, state: Any = "standing") -> Statement:
    claim = Claim(id=source, outcome="killed", force="RU", stance="reported", evidence="one killed", start=0, end=10)
    ref = SourceRef(id=source, name=source, kind="rss")
    return Statement(claim=claim, item=source, version=source, source=ref, seen_at=NOW, voice=source, state=state)


def incident(*statements: Statement, **more: Any) -> Incident:
    values = {"id": "i", "revision": 1, "headline": "h", "first_seen_at": NOW, "last_seen_at": NOW}
    return Incident(**{**values, "statements": statements, **more})


@pytest.mark.parametrize(
    ("found", "sources"),
    [
        (incident(), set()),
        (incident(statement("a"), statement("b"), statement("a")), {"a", "b"}),
        (incident(statement("a", "superseded"), statement("b", "withdrawn")), {"a", "b"}),
        (incident(statement("a", "deleted"), statement("b")), {"b"}),
        (incident(statement("a"), status="merged", merged_into="j"), set()),
    ],
)
def test_who_speaks_of_an_open_incident_is_active(found: Incident, sources: set[str]) -> None:
    assert speakers(found, LONG) == dict.fromkeys(sources, NOW + LONG)


def test_the_last_word_keeps_everyone_active() -> None:
    later = incident(statement("a"), statement("b"), last_seen_at=NOW + LONG)
    assert speakers(later, LONG)["a"] == NOW + 2 * LONG


def test_a_source_rises_once_and_falls_in_time() -> None:
    activity = Activity()
    assert activity.renew({"a": NOW + LONG, "old": NOW}, NOW) == ["a"]
    assert activity.renew({"a": NOW + 2 * LONG}, NOW) == []
    assert activity.active("a", NOW + LONG)
    assert not activity.active("a", NOW + 2 * LONG)
    assert not activity.active("old", NOW)
    assert activity.renew({}, NOW) == []
    assert activity.renew({"a": NOW + LONG}, NOW) == ["a"]
