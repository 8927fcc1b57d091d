"""The replay contract, with labels in place of the reader so that every claim is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from services.documents import BadLine, Document, read_documents
from services.replay import CLAIM_FIELDS, read_from_labels, replay
from shared.errors import ClaimwatchError

Json = dict[str, Any]

MINISTRY = "One adviser was killed by mortar fire in Homs, the ministry said."
OPPOSITION = "Opposition sources said four advisers were killed in Homs."
TOTAL = "112 servicemen have died since 2015."


def document(name: str, text: str, published: str, source: str = "agency", **changes: Any) -> Json:
    return {
        "id": name, "source": {"id": source, "name": source.title(), "kind": "rss"}, "url": f"https://example.org/{name}",
        "title": None, "text": text, "lang": "en", "published_at": published,
    } | changes  # fmt: skip


def claim(evidence: str, number: int, party: str, **changes: Any) -> Json:
    return {
        "outcome": "killed", "min": number, "max": number, "force": "RU", "place": "Homs", "governorate": "Homs",
        "date": "2016-02-01", "cause": "mortar", "stance": "confirmed", "attributed_to": party, "party": party,
        "names": [], "evidence": evidence, "incident": "2016-02-01-homs-adviser",
    } | changes  # fmt: skip


def parse(*documents: Json) -> list[Document]:
    found = list(read_documents(json.dumps(one).encode() for one in documents))
    assert not [one for one in found if isinstance(one, BadLine)]
    return [one for one in found if isinstance(one, Document)]


async def run(documents: Sequence[Document], labels: Sequence[Json]) -> list[Json]:
    return [line async for line in replay(documents, read_from_labels(labels))]


STORY = parse(
    document("later", OPPOSITION, "2016-02-03T12:00:00Z", "monitor"),
    document("first", MINISTRY, "2016-02-03T11:30:00+03:00"),
    document("total", TOTAL, "2016-02-04T00:00:00Z"),
)
LABELS = [
    {"id": "first", "relevant": True, "claims": [claim(MINISTRY, 1, "Russian Defence Ministry")]},
    {"id": "later", "relevant": True, "claims": [claim(OPPOSITION, 4, "Syrian opposition", stance="reported")]},
    {"id": "total", "relevant": True, "claims": [claim(TOTAL, 112, "Agency", incident=None, date=None, place=None)]},
]


async def test_documents_are_told_in_the_order_of_publication() -> None:
    assert [line["id"] for line in await run(STORY, LABELS)] == ["first", "later", "total"]


async def test_a_line_has_the_fields_of_the_contract() -> None:
    first, *_ = await run(STORY, LABELS)
    assert list(first) == ["id", "relevant", "score", "lang", "reasons", "claims", "alerts"]
    (said,) = first["claims"]
    assert list(said) == [*CLAIM_FIELDS, "incident"]
    assert (said["date"], said["evidence"], said["names"]) == ("2016-02-01", MINISTRY, [])
    json.dumps(first)


async def test_claims_of_one_event_share_an_incident_and_a_total_has_none() -> None:
    first, later, total = await run(STORY, LABELS)
    assert first["claims"][0]["incident"] == later["claims"][0]["incident"] is not None
    assert total["claims"][0]["incident"] is None


async def test_the_first_claim_raises_a_new_alert_and_the_contradiction_a_conflict() -> None:
    first, later, total = await run(STORY, LABELS)
    assert [alert["kind"] for alert in first["alerts"]] == ["new"]
    assert [alert["kind"] for alert in later["alerts"]] == ["conflict"]
    assert total["alerts"] == []
    (conflict,) = later["alerts"]
    assert list(conflict) == ["kind", "incident", "summary"]
    assert conflict["incident"] == first["claims"][0]["incident"]
    assert "4" in conflict["summary"]


async def test_a_replay_starts_afresh_and_tells_the_same_again() -> None:
    assert await run(STORY, LABELS) == await run(STORY, LABELS)


async def test_old_documents_raise_what_they_would_have_raised_then() -> None:
    story = parse(document("old", MINISTRY, "1916-02-03T00:00:00Z"))
    labels = [{"id": "old", "relevant": True, "claims": [claim(MINISTRY, 1, "Ministry", date="1916-02-01")]}]
    (line,) = await run(story, labels)
    assert [alert["kind"] for alert in line["alerts"]] == ["new"]


@pytest.mark.parametrize("year", ["1900", "2200"])
async def test_the_ends_of_time_are_days_like_any_other(year: str) -> None:
    story = parse(document("x", MINISTRY, f"{year}-01-01T00:00:00Z"))
    labels = [{"id": "x", "relevant": True, "claims": [claim(MINISTRY, 1, "Ministry", date=f"{year}-01-01")]}]
    (line,) = await run(story, labels)
    assert line["relevant"] is True


async def test_an_unlabelled_document_is_irrelevant() -> None:
    (line,) = await run(parse(document("x", "Weather.", "2016-02-03T00:00:00Z")), [])
    assert (line["relevant"], line["claims"], line["alerts"]) == (False, [], [])


async def test_a_label_that_quotes_what_is_not_there_is_refused() -> None:
    labels = [{"id": "x", "relevant": True, "claims": [claim("Nobody said this", 1, "Ministry")]}]
    with pytest.raises(ClaimwatchError, match="quotes what its text lacks"):
        await run(parse(document("x", MINISTRY, "2016-02-03T00:00:00Z")), labels)


async def test_nothing_to_replay_is_nothing() -> None:
    assert await run([], []) == []
