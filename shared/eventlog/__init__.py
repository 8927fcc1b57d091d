"""The event log: two ports of few methods, and the promises that every adapter keeps.

A new adapter joins ``tests/contract/test_eventlog.py``; one that is not in that suite is not shipped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


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

    A topic must exist (``create_topics``); appending to one that does not raises ``ConfigurationError``.
    """

    async def append(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Append one record; returns once it is durable. Raises ``Retry`` when the log cannot be reached."""
        ...

    def subscribe(self, topic: str, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Join *group* on *topic*; on leaving the block the member gives its partitions back."""
        ...

    async def close(self) -> None:
        """Flush what was appended and let every resource go."""
        ...
