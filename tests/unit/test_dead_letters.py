"""The story of a dead letter, written and read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.dead_letters import DeadLetter, describe, fold, letter_of, letter_record, summarise
from shared.eventlog import LETTER_BYTES, MAX_RECORD_BYTES, Record, record_bytes

NOW = datetime(2016, 2, 3, 12, tzinfo=UTC)
ORIGINAL = Record("items.raw", 4, 17, "k", b"\x00{", {"ce_id": "x"}, NOW)


def _letter(record: Record = ORIGINAL, *, reason: str = "broken", stage: str = "classifier") -> Record:
    value, headers = letter_record(record, stage=stage, reason=reason, attempts=2, time=NOW)
    return Record(record.topic + ".dlq", 1, 3, record.key, value, headers, NOW)


async def _stream(*records: Record) -> AsyncIterator[Record]:
    for record in records:
        yield record


def test_a_letter_is_read_as_it_was_written() -> None:
    letter = letter_of(_letter())
    assert (letter.stage, letter.topic, letter.partition, letter.offset) == ("classifier", "items.raw", 4, 17)
    assert (letter.error, letter.attempts, letter.time) == ("broken", 2, NOW)
    assert (letter.key, letter.value, letter.headers["ce_id"]) == ("k", b"\x00{", "x")


def test_the_id_says_where_the_record_was_and_who_gave_up() -> None:
    elsewhere = [replace(ORIGINAL, offset=18), replace(ORIGINAL, partition=5), replace(ORIGINAL, topic="alerts")]
    ids = {letter_of(_letter(record)).id for record in [ORIGINAL, *elsewhere]}
    ids.add(letter_of(_letter(stage="alerter")).id)
    assert len(ids) == 5
    assert letter_of(_letter(reason="other")).id in ids


def test_an_earlier_story_is_not_kept_but_the_count_of_replays_is() -> None:
    again = replace(ORIGINAL, headers={"dlq-error": "old", "dlq-letter": "id", "dlq-replayed": "2"})
    headers = _letter(again).headers
    assert headers["dlq-error"] == "broken"
    assert "dlq-letter" not in headers
    assert letter_of(_letter(again)).replays == 2


def test_a_record_too_large_even_for_a_letter_is_cut() -> None:
    vast = replace(ORIGINAL, value=bytes(MAX_RECORD_BYTES + LETTER_BYTES), headers={"x": "y" * 100_000})
    record = _letter(vast)
    assert record_bytes(record.key, record.value, record.headers) < MAX_RECORD_BYTES
    assert record.headers["dlq-cut"] == str(len(vast.value))


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_reason_and_any_headers_can_be_kept_and_shown(reason: str, headers: dict[str, str]) -> None:
    record = Record("items.raw.dlq", 0, 0, "k", b"\xff\x1b[2J", headers, NOW)
    shown = describe(letter_of(record))
    assert all(char.isprintable() or char == "\n" for char in shown)
    kept = _letter(reason=reason).headers["dlq-error"]
    assert len(kept.encode()) < 10_000


async def test_markers_and_copies_are_folded_into_their_letter() -> None:
    first, second = _letter(), _letter(replace(ORIGINAL, offset=18))
    marker = Record("items.raw.dlq", 1, 9, "k", b"", {"dlq-mark": "replayed", "dlq-letter": letter_of(first).id}, NOW)
    folded = {letter.offset: letter for letter in [*await fold(_stream(first, second, marker, first))]}
    assert (folded[17].state, folded[17].repeats) == ("replayed", 2)
    assert (folded[18].state, folded[18].repeats) == ("waiting", 1)


async def test_letters_come_oldest_first() -> None:
    late = _letter(replace(ORIGINAL, offset=1))
    late = replace(late, headers={**late.headers, "dlq-time": (NOW + timedelta(hours=1)).isoformat()})
    assert [letter.offset for letter in await fold(_stream(late, _letter()))] == [17, 1]


async def test_a_record_that_tells_no_story_is_a_letter_all_the_same() -> None:
    (letter,) = await fold(_stream(Record("alerts.dlq", 2, 5, "k", b"?", {"dlq-offset": "-7", "dlq-time": "x"}, NOW)))
    assert (letter.topic, letter.stage, letter.offset, letter.time) == ("alerts", "unknown", 5, NOW)


def test_a_summary_is_one_harmless_row_for_each_letter() -> None:
    letter: DeadLetter = letter_of(_letter(reason="evil\x1b[2J\nline"))
    ((identity, state, when, place, error),) = summarise([letter])
    assert (identity, state, when, place) == (letter.id, "waiting", "2016-02-03T12:00:00+00:00", "items.raw/4/17")
    assert error == "evil [2J line"
