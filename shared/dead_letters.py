"""Dead letters: what could not be handled, with who, why, when and how often; listed, put back, or dropped.

A letter stays in its topic until it is no longer kept. That it was put back or dropped is a further record, a marker
with the letter's id, so both adapters need no more than appending and reading.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from shared.errors import ClaimwatchError
from shared.eventlog import LETTER_BYTES, MAX_RECORD_BYTES, EventLog, Record, record_bytes
from shared.messages import stable_id
from shared.topics import DLQ_SUFFIX, Topic

State = Literal["waiting", "replayed", "dropped"]

MOST_REPLAYS = 3
"""A letter that came back this often is not put back again unless forced."""

_PREFIX = "dlq-"
_REPLAYED = "dlq-replayed"
_LETTER = "dlq-letter"
_MARK = "dlq-mark"
_MARKS: Mapping[str, State] = {"replayed": "replayed", "dropped": "dropped"}
_LONGEST_REASON = 1000
_MOST_DIGITS = 18


class AlreadyHandled(ClaimwatchError):
    """The letter was put back or dropped before, or has come back too often."""


@dataclass(frozen=True)
class DeadLetter:
    """One record that could not be handled, as it was, and what is known about it.

    *partition* and *offset* are its place in the original topic; *replays* says how often it was put back before it
    came here this time; *repeats* how many copies of this letter the topic holds (a crash can write one twice).
    """

    id: str
    stage: str
    topic: str
    partition: int
    offset: int
    error: str
    attempts: int
    time: datetime
    version: str
    key: str
    value: bytes
    headers: Mapping[str, str]
    replays: int = 0
    repeats: int = 1
    state: State = "waiting"


def letter_record(
    record: Record, *, stage: str, reason: str, attempts: int, time: datetime
) -> tuple[bytes, dict[str, str]]:
    """Return value and headers of the dead letter for *record*: its own bytes and headers, and the story.

    A record of a size that only a foreign writer can have produced is cut, so that it can be kept at all.
    """
    story = {
        "dlq-stage": stage,
        "dlq-topic": record.topic,
        "dlq-partition": str(record.partition),
        "dlq-offset": str(record.offset),
        "dlq-error": _printable(reason),
        "dlq-attempts": str(attempts),
        "dlq-time": time.isoformat(),
        "dlq-version": product_version(),
    }
    own = {name: text for name, text in record.headers.items() if not name.startswith(_PREFIX) or name == _REPLAYED}
    if record_bytes(record.key, record.value, own | story) <= MAX_RECORD_BYTES + LETTER_BYTES:
        return record.value, own | story
    return record.value[: MAX_RECORD_BYTES // 2], story | {"dlq-cut": str(len(record.value))}


def product_version() -> str:
    """Return the version that is installed."""
    try:
        return version("claimwatch")
    except PackageNotFoundError:
        return "unknown"


async def letters(log: EventLog, topic: Topic) -> list[DeadLetter]:
    """Return every letter about *topic* that is still kept, oldest first, handled ones included."""
    return await fold(log.read(topic.dead_letters))


async def replay(log: EventLog, letter: DeadLetter, *, force: bool = False) -> None:
    """Put *letter* back at the end of its topic, then mark it.

    Raises:
        AlreadyHandled: it was put back or dropped before, or came back too often; *force* does it all the same.
        Retry: the log cannot be reached; the letter may have been put back, and is then handled once more.

    """
    if not force:
        _refuse_handled(letter)
    if "dlq-cut" in letter.headers:
        raise AlreadyHandled(f"letter {letter.id} was too large to be kept whole and cannot be put back")
    headers = {name: text for name, text in letter.headers.items() if not name.startswith(_PREFIX)}
    headers |= {_LETTER: letter.id, _REPLAYED: str(letter.replays + 1)}
    await log.append(letter.topic, letter.key, letter.value, headers)
    await _mark(log, letter, "replayed")


async def drop(log: EventLog, letter: DeadLetter) -> None:
    """Mark *letter* as not worth putting back.

    Raises:
        AlreadyHandled: it was put back or dropped before.
        Retry: the log cannot be reached.

    """
    if letter.state != "waiting":
        raise AlreadyHandled(f"letter {letter.id} was {letter.state} before")
    await _mark(log, letter, "dropped")


def _refuse_handled(letter: DeadLetter) -> None:
    if letter.state != "waiting":
        raise AlreadyHandled(f"letter {letter.id} was {letter.state} before")
    if letter.replays >= MOST_REPLAYS:
        raise AlreadyHandled(f"letter {letter.id} was put back {letter.replays} times and came back each time")


async def _mark(log: EventLog, letter: DeadLetter, state: State) -> None:
    headers = {_MARK: state, _LETTER: letter.id}
    await log.append(letter.topic + DLQ_SUFFIX, letter.key, b"", headers)


async def fold(records: AsyncIterable[Record]) -> list[DeadLetter]:
    """Return the letters among *records* with their markers applied; what is neither is shown as a letter too."""
    found: dict[str, DeadLetter] = {}
    marks: dict[str, State] = {}
    async for record in records:
        mark = _MARKS.get(record.headers.get(_MARK, ""))
        if mark:
            marks[record.headers.get(_LETTER, "")] = mark
            continue
        letter = letter_of(record)
        known = found.get(letter.id)
        found[letter.id] = replace(known, repeats=known.repeats + 1) if known else letter
    marked = [replace(letter, state=marks.get(letter.id, "waiting")) for letter in found.values()]
    return sorted(marked, key=lambda letter: letter.time)


def letter_of(record: Record) -> DeadLetter:
    """Return the letter in *record*; its id says stage, topic, partition and offset, so a copy has the same."""
    headers = record.headers
    topic = headers.get("dlq-topic", record.topic.removesuffix(DLQ_SUFFIX))
    stage = headers.get("dlq-stage", "unknown")
    partition, offset = _number(headers, "dlq-partition", -1), _number(headers, "dlq-offset", record.offset)
    return DeadLetter(
        id=stable_id("dead-letter", stage, topic, str(partition), str(offset)),
        stage=stage,
        topic=topic,
        partition=partition,
        offset=offset,
        error=headers.get("dlq-error", "unknown"),
        attempts=_number(headers, "dlq-attempts", 0),
        time=_moment(headers.get("dlq-time"), record.time),
        version=headers.get("dlq-version", "unknown"),
        key=record.key,
        value=record.value,
        headers=headers,
        replays=_number(headers, _REPLAYED, 0),
    )


def describe(letter: DeadLetter) -> str:
    """Return *letter* for a person: one fact a line, the value's beginning last, nothing a terminal would obey."""
    lines = [
        ("letter", letter.id),
        ("state", letter.state),
        ("stage", f"{letter.stage} (version {letter.version})"),
        ("from", f"{letter.topic}/{letter.partition}/{letter.offset}"),
        ("key", letter.key),
        ("when", letter.time.isoformat()),
        ("attempts", str(letter.attempts)),
        ("put back", f"{letter.replays} times before"),
        ("error", letter.error),
        *((name, text) for name, text in sorted(letter.headers.items()) if not name.startswith(_PREFIX)),
        ("value", letter.value[:2000].decode("utf-8", "replace")),
    ]
    return "\n".join(f"{_harmless(name):>16}  {_harmless(text)}" for name, text in lines)


def summarise(found: Iterable[DeadLetter]) -> list[tuple[str, str, str, str, str]]:
    """Return a row for each letter: id, state, when, where from, the beginning of the error."""
    return [
        (
            letter.id,
            letter.state,
            letter.time.isoformat(timespec="seconds"),
            f"{letter.topic}/{letter.partition}/{letter.offset}",
            _harmless(letter.error)[:100],
        )
        for letter in found
    ]


def _harmless(text: str) -> str:
    """Return *text* without control characters: hostile bytes must not steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def _printable(reason: str) -> str:
    cut = reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
    return cut.encode("utf-8", "backslashreplace").decode()


def _number(headers: Mapping[str, str], name: str, default: int) -> int:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else default


def _moment(text: str | None, default: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if text else default
    except ValueError:
        return default
    return moment if moment.tzinfo else default
