"""Messages to bytes and back, and what is refused."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.codec import decode, encode, new_trace, traced
from shared.errors import Reject
from shared.messages import Incident, RawItem, SourceRef

NOW = datetime(2016, 2, 3, 12, tzinfo=UTC)
ITEM = RawItem(id="v", item="i", source=SourceRef(id="s", name="S", kind="rss"), text="Ж\u200f🎖", seen_at=NOW)
VALUE, HEADERS = encode(ITEM, source="collector", time=NOW)


def test_a_message_comes_back_equal() -> None:
    assert decode(RawItem, VALUE, HEADERS) == ITEM


def test_the_attributes_a_cloud_event_must_have_are_there() -> None:
    required = {"ce_specversion", "ce_id", "ce_source", "ce_type"}
    assert required <= HEADERS.keys()
    assert all(HEADERS[name] for name in required)
    assert HEADERS["content-type"] == "application/json"
    assert datetime.fromisoformat(HEADERS["ce_time"]) == NOW


def test_the_time_is_said_in_utc() -> None:
    _, headers = encode(ITEM, source="x", time=NOW.astimezone(timezone(timedelta(hours=3))))
    assert headers["ce_time"] == "2016-02-03T12:00:00+00:00"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        encode(ITEM, source="x", time=datetime(2016, 2, 3))  # noqa: DTZ001


def test_each_revision_of_an_incident_is_an_event_of_its_own() -> None:
    ids = set()
    for revision in (1, 2):
        incident = Incident(id="n", revision=revision, headline="h", first_seen_at=NOW, last_seen_at=NOW)
        ids.add(encode(incident, source="alerter", time=NOW)[1]["ce_id"])
    assert ids == {"n/1", "n/2"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ce_type": None}, "no ce_type"),
        ({"ce_type": "claimwatch.item.raw.v2"}, "claimwatch.item.raw.v2"),
        ({"ce_specversion": None}, "ce_specversion"),
        ({"ce_specversion": "0.3"}, "0.3"),
        ({"content-type": "application/xml"}, "application/xml"),
    ],
)
def test_what_says_it_is_something_else_is_rejected(changed: dict[str, str | None], reason: str) -> None:
    headers = {name: text for name, text in {**HEADERS, **changed}.items() if text is not None}
    with pytest.raises(Reject, match=reason):
        decode(RawItem, VALUE, headers)


@pytest.mark.parametrize("content", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_content_type_may_have_parameters(content: str) -> None:
    assert decode(RawItem, VALUE, {**HEADERS, "content-type": content}) == ITEM


def test_the_reason_names_the_field_and_never_the_value() -> None:
    hostile = VALUE.replace(b'"rss"', b'"\\u001b]0;evil"')
    with pytest.raises(Reject, match=r"source\.kind") as caught:
        decode(RawItem, hostile, HEADERS)
    assert "evil" not in caught.value.reason


@given(st.binary(max_size=300), st.text(max_size=200))
def test_any_bytes_and_any_type_are_read_or_rejected(value: bytes, kind: str) -> None:
    for headers in (HEADERS, {**HEADERS, "ce_type": kind}):
        with pytest.raises(Reject) as caught:
            decode(RawItem, value, headers)
        assert len(caught.value.reason) < 1500


@given(st.binary(max_size=8), st.integers(0, len(VALUE)))
def test_a_damaged_message_is_read_or_rejected(noise: bytes, place: int) -> None:
    with contextlib.suppress(Reject):
        assert isinstance(decode(RawItem, VALUE[:place] + noise + VALUE[place:], HEADERS), RawItem)


def test_a_new_trace_is_well_formed_and_new() -> None:
    first, second = new_trace(), new_trace()
    assert traced({"traceparent": first}) == first
    assert first != second


@pytest.mark.parametrize("bad", ["", "00-1-2-01", f"00-{'g' * 32}-{'1' * 16}-01", f"00-{'1' * 32}-{'1' * 16}-01\n"])
def test_a_malformed_trace_is_not_carried_on(bad: str) -> None:
    assert traced({"traceparent": bad}) is None
