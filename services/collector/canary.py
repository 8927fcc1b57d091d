"""Sends canaries: made-up items that go the whole way of a real one and are dropped where an analyst would be told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.canary import record_sent
from shared.clock import Clock
from shared.errors import Retry
from shared.eventlog import EventLog
from shared.messages import RawItem, stable_id
from shared.notices import CANARY
from shared.stage import publish
from shared.topics import RAW

log = structlog.get_logger(__name__)

TEXT = (
    "Three Russian soldiers were killed today by mortar fire near Palmyra in Homs province, the Russian Defence "
    "Ministry said."
)
"""Read as a claim by every reader claimwatch ever had; a test sees to that."""


class Canaries:
    """Sends one canary every *interval* seconds, at the same moments in every process: they share ids."""

    def __init__(self, event_log: EventLog, engine: AsyncEngine, clock: Clock, interval: float) -> None:
        self._log = event_log
        self._engine = engine
        self._clock = clock
        self._interval = interval

    async def run(self, stop: asyncio.Event) -> None:
        """Send until *stop* is set."""
        while not stop.is_set():
            now = self._clock.now()
            turn = turn_of(now, self._interval)
            try:
                await self.send(turn)
            except Retry as reason:
                log.warning("canary could not be sent", reason=reason.reason)
            following = (turn + timedelta(seconds=self._interval) - now).total_seconds()
            try:
                async with asyncio.timeout(max(following, 0.1)):
                    await stop.wait()
            except TimeoutError:
                continue

    async def send(self, turn: datetime) -> RawItem:
        """Send the canary of *turn*.

        Raises:
            Retry: the log or the database cannot be reached.

        """
        now = self._clock.now()
        item = canary_item(turn, now)
        # Noted first: one that is lost on its way is what we are after.
        await record_sent(self._engine, item.id, now)
        await publish(self._log, RAW, item, source="collector", time=now)
        return item


def turn_of(now: datetime, interval: float) -> datetime:
    """Return the last moment that is a whole number of *interval* seconds after 1970."""
    return datetime.fromtimestamp(now.timestamp() // interval * interval, UTC)


def canary_item(turn: datetime, now: datetime) -> RawItem:
    """Return the canary of *turn*, sent *now*."""
    item = stable_id("canary", turn.isoformat())
    return RawItem(
        id=stable_id(item, "1"),
        item=item,
        source=CANARY,
        title="claimwatch canary: a made-up report that tests the way to an alert",
        text=TEXT,
        lang="en",
        published_at=now,
        seen_at=now,
        notes=("canary",),
    )
