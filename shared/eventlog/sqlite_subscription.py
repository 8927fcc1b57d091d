"""One member's reading of one topic of the embedded log: leases, a bounded buffer, commits."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog

from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import Lag, Record, sqlite_members, sqlite_tables
from shared.eventlog.address import SqliteOptions
from shared.eventlog.sqlite_members import Held, Seat

T = TypeVar("T")

MOST_BUFFERED_BYTES = 8 * 1024 * 1024
_LOOKS_PER_LEASE = 8
_SLOWEST_LOOK = 0.5

log = structlog.get_logger(__name__)


class Storage(Protocol):
    """What a subscription needs of its log: the time, and jobs run on the file."""

    clock: Clock

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run *job* in a transaction."""
        ...

    async def look(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run *job* without one."""
        ...

    def group_changed(self, seat: Seat) -> None:
        """Tell the other members of this process."""
        ...


@dataclass
class _Place:
    """Where a member stands in one partition: to fetch next, handed out up to, committed up to."""

    fetch: int
    handed: int
    committed: int
    leaving_since: float | None = None


class SqliteSubscription:
    """A member of a group; keeps itself in the group by a task of its own."""

    def __init__(self, storage: Storage, seat: Seat, options: SqliteOptions) -> None:
        self._storage = storage
        self._seat = seat
        self._options = options
        self._places: dict[int, _Place] = {}
        self._buffer: deque[Record] = deque()
        self._wake = asyncio.Event()
        self._look_again = asyncio.Event()
        self._closed = False
        self._keeper: asyncio.Task[None] | None = None
        self._seen: tuple[int, dict[int, int]] | None = None

    async def join(self) -> None:
        """Enter the group and begin to renew the membership."""
        self._hold(
            await self._storage.write(lambda connection: sqlite_members.join(connection, self._seat, self._now()))
        )
        self._keeper = asyncio.create_task(self._keep(), name=f"{self._seat.group} keeps its lease")

    async def leave(self) -> None:
        """Stop the iteration and give every partition back; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        await self._storage.write(lambda connection: sqlite_members.leave(connection, self._seat))

    async def __aiter__(self) -> AsyncIterator[Record]:
        """Yield records until the subscription is left."""
        while not self._closed:
            while self._buffer and not self._closed:
                record = self._buffer.popleft()
                self._places[record.partition].handed = record.offset + 1
                yield record
            if not self._closed:
                await self._fill()

    async def commit(self, record: Record) -> None:
        """Mark *record* and all before it as done; dropped when its partition is another member's now."""
        after = record.offset + 1
        kept = await self._storage.write(
            lambda connection: sqlite_members.commit(connection, self._seat, record.partition, after)
        )
        if not kept:
            log.info("commit for a lost partition dropped", topic=record.topic, partition=record.partition)
            return
        place = self._places.get(record.partition)
        if place is not None:
            place.committed = max(place.committed, after)
            if place.leaving_since is not None:
                self._look_again.set()

    async def lag(self) -> list[Lag]:
        """Return the lag of each partition held."""
        seat, partitions, now = self._seat, sorted(self._places), self._now()
        return await self._storage.look(
            lambda connection: sqlite_tables.lags(connection, seat.group, seat.topic, partitions, now)
        )

    @property
    def buffered(self) -> int:
        """Records read ahead and not yet handed out; never more than the option ``prefetch``."""
        return len(self._buffer)

    def wake(self, topic: str) -> None:
        """Look for records now: something was appended to *topic* in this process."""
        if topic == self._seat.topic:
            self._wake.set()

    def reconsider(self, seat: Seat) -> None:
        """Look at the membership now: someone of the same group came or went in this process."""
        if (seat.group, seat.topic) == (self._seat.group, self._seat.topic) and seat is not self._seat:
            self._look_again.set()

    def _now(self) -> float:
        return self._storage.clock.now().timestamp()

    async def _fill(self) -> None:
        """Read on in every partition held, or wait until there may be something."""
        self._wake.clear()
        wanted = {number: place.fetch for number, place in self._places.items() if place.leaving_since is None}
        seen, places = self._seen, dict(self._places)
        version, records = await self._storage.look(
            lambda connection: _changed(connection, self._seat.topic, wanted, seen, self._options.prefetch)
        )
        # A partition may have moved away, or away and back, while the file was read.
        still = {number for number in wanted if self._stands(number, places[number], wanted[number])}
        for record in records:
            if record.partition in still:
                self._places[record.partition].fetch = record.offset + 1
                self._buffer.append(record)
        if not self._buffer:
            self._seen = (version, wanted)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._options.poll)

    def _stands(self, number: int, place: _Place, fetch: int) -> bool:
        """Say whether a partition is still read from where it was."""
        return self._places.get(number) is place and place.leaving_since is None and place.fetch == fetch

    async def _keep(self) -> None:
        """Renew the membership, take free partitions, give surplus ones back; until cancelled."""
        pause = min(_SLOWEST_LOOK, self._seat.lease_seconds / _LOOKS_PER_LEASE)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_again.wait(), pause)
            self._look_again.clear()
            try:
                await self._renew()
            except Retry as error:
                log.warning("membership could not be renewed", group=self._seat.group, error=str(error))

    async def _renew(self) -> None:
        seat = self._seat
        if not await self._storage.look(lambda connection: sqlite_members.due(connection, seat, self._now())):
            return
        self._hold(await self._storage.write(lambda connection: sqlite_members.renew(connection, seat, self._now())))
        done = [number for number, place in self._places.items() if self._drained(place)]
        if done:
            await self._storage.write(lambda connection: sqlite_members.give_back(connection, seat, done))
            for number in done:
                del self._places[number]
            self._storage.group_changed(seat)

    def _drained(self, place: _Place) -> bool:
        """Say whether a partition to give back has nothing in hand, or was waited for long enough."""
        if place.leaving_since is None:
            return False
        waited = self._now() - place.leaving_since
        return place.committed >= place.handed or waited > self._seat.lease_seconds

    def _hold(self, held: Held) -> None:
        """Make the places match what the file says this member holds."""
        for number in set(self._places) - set(held.cursors):
            del self._places[number]
        for number, cursor in held.cursors.items():
            place = self._places.setdefault(number, _Place(cursor, cursor, cursor))
            if number not in held.surplus:
                # Only just asked to leave, and asked to stay again: read on from what was handed out.
                if place.leaving_since is not None:
                    place.leaving_since, place.fetch = None, place.handed
            elif place.leaving_since is None:
                place.leaving_since = self._now()
        staying = {number for number, place in self._places.items() if place.leaving_since is None}
        self._buffer = deque(record for record in self._buffer if record.partition in staying)
        self._wake.set()


def _changed(
    connection: sqlite3.Connection,
    topic: str,
    wanted: dict[int, int],
    seen: tuple[int, dict[int, int]] | None,
    limit: int,
) -> tuple[int, list[Record]]:
    """Return the file's version and what there is to read; nothing when the same look found nothing before.

    ``data_version`` changes whenever another connection, of this process or another, has written.
    """
    version = int(connection.execute("PRAGMA data_version").fetchone()[0])
    if seen == (version, wanted):
        return version, []
    return version, sqlite_tables.fetch(connection, topic, wanted, limit, MOST_BUFFERED_BYTES)
