"""The embedded event log: one SQLite file, no other process, the same promises as Kafka.

::

    append ─▶ writer thread (one transaction for all who wait) ─▶ file ─▶ reader thread ─▶ buffer ─▶ iteration
                    └▶ wakes the subscriptions of this process; those of others look every ``poll`` seconds
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import structlog

from shared.clock import Clock, SystemClock
from shared.errors import Retry
from shared.eventlog import Record, Subscription, refuse_oversize, sqlite_tables
from shared.eventlog.address import SqliteAddress
from shared.eventlog.sqlite_members import Seat
from shared.eventlog.sqlite_subscription import SqliteSubscription
from shared.eventlog.sqlite_tables import Entry
from shared.eventlog.sqlite_thread import WriterThread, translated

T = TypeVar("T")

PRUNE_EVERY = timedelta(hours=1)
_PAGE = 500
_PAGE_BYTES = 4 * 1024 * 1024

log = structlog.get_logger(__name__)


class SqliteLog:
    """Topics in one file; blocking calls stay in two threads of its own, never on the event loop."""

    def __init__(self, address: SqliteAddress, *, client: str, clock: Clock | None = None) -> None:
        """Open the file, making it when there is none.

        Raises:
            ConfigurationError: the file cannot be used.
            Retry: another process holds it.

        """
        self.address = address
        self.clock = clock or SystemClock()
        self._client = client
        self._writer = WriterThread(sqlite_tables.connect(address.path))
        self._reading = sqlite_tables.connect(address.path)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="event-log-reader")
        self._subscriptions: set[SqliteSubscription] = set()
        self._pruning: asyncio.Task[None] | None = None
        self._closed = False

    def start_pruning(self) -> None:
        """Prune now and every hour, until closed."""
        self._pruning = asyncio.create_task(self._prune_hourly(), name="event log prunes itself")

    async def append(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Append one record; see the port."""
        refuse_oversize(topic, key, value, headers)
        if self._pruning is not None and self._pruning.done():
            self._pruning.result()  # a fault there is everybody's: the file is damaged
        entry = Entry(topic, key, value, headers, self.clock.now().timestamp())
        await self.write(lambda connection: sqlite_tables.append(connection, entry))
        for subscription in self._subscriptions:
            subscription.wake(topic)

    def subscribe(self, topic: str, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Join *group* on *topic*; see the port."""
        return self._joined(topic, group)

    @asynccontextmanager
    async def _joined(self, topic: str, group: str) -> AsyncIterator[Subscription]:
        seat = Seat(group, topic, f"{self._client}-{uuid4().hex}", self.address.options.lease)
        subscription = SqliteSubscription(self, seat, self.address.options)
        await subscription.join()
        self._subscriptions.add(subscription)
        self.group_changed(seat)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            await subscription.leave()
            self.group_changed(seat)

    async def read(self, topic: str) -> AsyncIterator[Record]:
        """Yield every record that *topic* holds now; see the port."""
        partitions = await self.look(lambda connection: sqlite_tables.partitions_of(connection, topic))
        for partition in range(partitions):
            start = 0
            while page := await self.look(
                lambda connection, at=(partition, start): sqlite_tables.fetch(  # type: ignore[misc]
                    connection, topic, dict([at]), _PAGE, _PAGE_BYTES
                )
            ):
                for record in page:
                    yield record
                start = page[-1].offset + 1

    async def prune(self, now: datetime) -> int:
        """Delete what the topics no longer keep at *now*, never what a group has still to read; return how many."""
        gone = await self.write(lambda connection: sqlite_tables.prune(connection, now.timestamp()))
        if gone:
            log.info("old records deleted", records=gone, file=self.address.path.name)
        return gone

    async def _prune_hourly(self) -> None:
        while True:
            try:
                await self.prune(self.clock.now())
            except Retry as error:
                log.warning("old records could not be deleted now", error=str(error))
            await asyncio.sleep(PRUNE_EVERY.total_seconds())

    async def close(self) -> None:
        """Close every subscription, finish what was asked for, let the file go."""
        if self._closed:
            return
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.wait([self._pruning])
        for subscription in list(self._subscriptions):
            await subscription.leave()
        self._closed = True
        await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(self._reader, self._reading.close)
        self._reader.shutdown(wait=False)

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run *job* in the writer's next transaction; ``Retry`` when it cannot be had."""
        return await self._writer.run(job)

    async def look(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run *job* on the reading connection; ``Retry`` when the file cannot be read now."""
        if self._closed:
            raise Retry("the event log is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, job, self._reading)
        except sqlite3.OperationalError as error:
            raise translated(error) from error

    def group_changed(self, seat: Seat) -> None:
        """Tell the members of a group in this process that partitions may have become free, or too many."""
        for subscription in self._subscriptions:
            subscription.reconsider(seat)
