"""The event log: two ports of few methods, and the promises that every adapter keeps.

A new adapter joins ``tests/contract/test_eventlog.py``; one that is not in that suite is not shipped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.errors import Reject
from shared.topics import DLQ_SUFFIX

MAX_RECORD_BYTES = 4 * 1024 * 1024
"""Largest record any topic takes: key, value and headers together."""

LETTER_BYTES = 64 * 1024
"""What a dead-letter topic takes beyond that, for the headers that tell what went wrong."""


def record_bytes(key: str, value: bytes, headers: Mapping[str, str]) -> int:
    """Return the size of a record as the limits count it."""
    named = sum(len(name) + len(text.encode("utf-8", "surrogateescape")) for name, text in headers.items())
    return len(key.encode("utf-8", "surrogateescape")) + len(value) + named


def refuse_oversize(topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
    """Raise ``Reject`` when a record is larger than *topic* takes."""
    limit = MAX_RECORD_BYTES + (LETTER_BYTES if topic.endswith(DLQ_SUFFIX) else 0)
    size = record_bytes(key, value, headers)
    if size > limit:
        raise Reject(f"a record of {size} bytes is too large for {topic}, which takes {limit}")


@dataclass(frozen=True)
class Record:
    """One entry of a topic. ``offset`` counts from 0 within its partition."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]
    time: datetime


@dataclass(frozen=True)
class Lag:
    """How far a group is behind in one partition: records not committed, and the age of the oldest in seconds."""

    partition: int
    records: int
    oldest_seconds: float | None = field(default=None)


class Subscription(Protocol):
    """A group's reading of one topic: iterate it for records, commit what is done.

    Promised: records of one key come in the order they were appended; what was not committed comes again after a
    crash or when its partition moves to another member; groups are independent; a closed subscription stops its
    iteration. Not promised: an order between keys, exactly-once, immediate delivery.
    """

    def __aiter__(self) -> AsyncIterator[Record]:
        """Yield records until the subscription is closed; waits when there are none."""
        ...

    async def commit(self, record: Record) -> None:
        """Mark *record*, and everything before it in its partition, as done.

        A commit for a partition that has moved to another member is dropped: its new owner does the work again.
        """
        ...

    async def lag(self) -> list[Lag]:
        """Return the lag of every partition this member now reads."""
        ...


class EventLog(Protocol):
    """Topics to append to and to subscribe to.

    A topic must exist (``create_topics``); using one that does not raises ``ConfigurationError``.
    """

    async def append(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Append one record; returns once it is durable.

        Records appended one after the other keep their order per key; after a ``Retry`` the record may or may not be
        there, so appending it again can double it.

        Raises:
            Retry: the log cannot be reached, or is busy.
            Reject: key, value and headers together are larger than ``MAX_RECORD_BYTES``.
            ConfigurationError: there is no such topic.

        """
        ...

    def subscribe(self, topic: str, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Join *group* on *topic*; on leaving the block the member gives its partitions back.

        A group that is new reads from the oldest record. Raises ``Retry`` and ``ConfigurationError`` as ``append``.
        """
        ...

    def read(self, topic: str) -> AsyncIterator[Record]:
        """Yield every record that *topic* holds now, without joining a group: for looking, not for processing."""
        ...

    async def close(self) -> None:
        """Flush what was appended and let every resource go."""
        ...
