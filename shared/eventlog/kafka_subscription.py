"""One member's reading of one Kafka topic: what is handed out, what may be committed, and when to start afresh.

Knows no client library: the reader it is given does the talking.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import Lag, Record
from shared.eventlog.address import KafkaOptions
from shared.eventlog.watchdog import Standing, Stuck, Watchdog

_POLL_SECONDS = 0.2
_PAUSE_BETWEEN_TRIES = 1.0
_MOST_REVIVALS = 1

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """A consumer in a group; every error it raises is one of ours."""

    async def poll(self, seconds: float, limit: int) -> list[Record]:
        """Return up to *limit* records of the partitions held, waiting up to *seconds* for the first."""
        ...

    async def commit(self, partition: int, after: int) -> bool:
        """Move the group's offset; False when the partition is another member's now."""
        ...

    async def standing(self) -> Standing:
        """Return where this consumer stands."""
        ...

    async def stop(self) -> None:
        """Leave the group and let the connections go."""
        ...


class Rebalanced(Protocol):
    """Who is told when partitions come and go."""

    async def revoked(self) -> None:
        """Finish what is in hand: every partition is given back when this returns."""
        ...

    def assigned(self) -> None:
        """Begin anew: partitions were given out, some perhaps the same."""
        ...


OpenReader = Callable[[Rebalanced], Awaitable[Reader]]


@dataclass
class _Hand:
    """What was handed out of one partition since it was assigned, oldest first, and not committed."""

    first: int
    done: int
    open: dict[int, datetime] = field(default_factory=dict)


class KafkaSubscription:
    """Reads in its own loop, a bounded number of records at a time: the caller's pace is the pace."""

    def __init__(self, open_reader: OpenReader, name: str, options: KafkaOptions, clock: Clock) -> None:
        self._open_reader = open_reader
        self._name = name
        self._options = options
        self._clock = clock
        self._reader: Reader | None = None
        self._buffer: deque[Record] = deque()
        self._hands: dict[int, _Hand] = {}
        self._behind_since: dict[int, datetime] = {}
        self._handed_back = asyncio.Event()
        self._moving = False
        self._closed = False
        self._revivals = 0
        self._watchdog = Watchdog(options.stuck, time.monotonic())

    async def start(self) -> None:
        """Join the group. Raises ``Retry`` and ``ConfigurationError``."""
        self._reader = await self._open_reader(self)

    async def close(self) -> None:
        """Stop the iteration and leave the group; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._reader is not None:
            await self._reader.stop()

    async def __aiter__(self) -> AsyncIterator[Record]:
        """Yield records until closed.

        Raises:
            Stuck: the consumer stopped moving, and so did the one that replaced it.

        """
        while not self._closed:
            while self._buffer and not self._closed:
                record = self._buffer.popleft()
                self._hand_out(record)
                yield record
            if not self._closed:
                await self._fill()

    async def commit(self, record: Record) -> None:
        """Mark *record* and all before it as done; dropped when its partition was given back since."""
        hand = self._hands.get(record.partition)
        after = record.offset + 1
        if hand is None or self._reader is None or after <= hand.first:
            log.info("commit for a lost partition dropped", subscription=self._name, partition=record.partition)
            return
        if after <= hand.done:
            return
        if not await self._reader.commit(record.partition, after):
            log.info("commit for a lost partition dropped", subscription=self._name, partition=record.partition)
            return
        hand.done = max(hand.done, after)
        hand.open = {offset: moment for offset, moment in hand.open.items() if offset >= hand.done}
        self._handed_back.set()

    async def lag(self) -> list[Lag]:
        """Return the lag of each partition held.

        The age is that of the oldest record in hand; where none is in hand, the time since the lag was first seen.
        """
        if self._reader is None:
            return []
        standing = await self._reader.standing()
        return [self._lag(number, position, standing) for number, position in sorted(standing.positions.items())]

    def _lag(self, number: int, position: int, standing: Standing) -> Lag:
        hand = self._hands.get(number)
        behind = max(0, standing.ends.get(number, 0) - (hand.done if hand else position))
        if not behind:
            self._behind_since.pop(number, None)
            return Lag(number, 0, None)
        now = self._clock.now()
        since = self._behind_since.setdefault(number, now)
        if hand and hand.open:
            since = min(since, *hand.open.values())
        return Lag(number, behind, max(0.0, (now - since).total_seconds()))

    async def revoked(self) -> None:
        """Hand nothing more out, and wait, not for ever, until what is in hand is committed."""
        self._moving = True
        self._buffer.clear()
        deadline = time.monotonic() + self._options.drain
        while any(hand.open for hand in self._hands.values()) and (left := deadline - time.monotonic()) > 0:
            self._handed_back.clear()
            try:
                await asyncio.wait_for(self._handed_back.wait(), left)
            except TimeoutError:
                break
        self._hands.clear()

    def assigned(self) -> None:
        """Forget the partitions held before."""
        self._moving = False
        self._buffer.clear()
        self._hands.clear()
        self._behind_since.clear()

    def _hand_out(self, record: Record) -> None:
        hand = self._hands.setdefault(record.partition, _Hand(record.offset, record.offset))
        hand.open[record.offset] = record.time

    async def _fill(self) -> None:
        """Read on; when nothing comes for long, look whether the consumer still works."""
        batch = await self._poll()
        if batch:
            self._revivals = 0
            self._watchdog.moved(time.monotonic())
            # What is read while partitions move is dropped: its owner reads it again from the last commit.
            if not self._moving:
                self._buffer.extend(batch)
        elif self._watchdog.due(time.monotonic()):
            await self._watch()

    async def _poll(self) -> list[Record]:
        """Return the next records, none when there are none yet; a reader that fails is replaced."""
        if self._reader is None:
            return []
        try:
            return await self._reader.poll(_POLL_SECONDS, self._options.prefetch)
        except Retry as error:
            if not self._closed:
                await self._revive(str(error))
            return []

    async def _watch(self) -> None:
        if self._reader is None or self._closed:
            return
        try:
            standing = await self._reader.standing()
        except Retry as error:
            # The broker does not answer: that is not the consumer's fault, and a new one would not help.
            log.warning("position of a subscription unknown", subscription=self._name, error=str(error))
            self._watchdog.moved(time.monotonic())
            return
        if self._watchdog.stuck(time.monotonic(), standing):
            await self._revive(
                f"nothing came for {self._options.stuck:g} s although records wait, or it left its group"
            )

    async def _revive(self, why: str) -> None:
        """Put a new reader in the place of one that failed.

        Raises:
            Stuck: that was done before, and nothing has come since.

        """
        if self._revivals >= _MOST_REVIVALS:
            raise Stuck(f"{self._name}: {why}; a new consumer did not help")
        self._revivals += 1
        log.warning("consumer replaced", subscription=self._name, reason=why)
        if self._reader is not None:
            await self._reader.stop()
            self._reader = None
        self.assigned()
        while not self._closed:
            try:
                self._reader = await self._open_reader(self)
                break
            except Retry as error:
                log.warning("consumer could not be replaced yet", subscription=self._name, error=str(error))
                await asyncio.sleep(_PAUSE_BETWEEN_TRIES)
        self._watchdog.moved(time.monotonic())
