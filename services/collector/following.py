"""What collectors tell each other through the database: which hosts want a pause, and which sources are active."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.collector.activity import Activity
from services.collector.collect import Watched, sleep
from services.collector.sources.hosts import Hosts
from services.collector.state import State
from shared.clock import Clock
from shared.errors import Retry

log = structlog.get_logger(__name__)

READ_EVERY = 10.0
"""Seconds between two readings: so late a collector may learn that a source has become active elsewhere."""


class PauseKeeper:
    """Writes down the pauses that hosts ask for, so that neither a restart nor another collector asks too soon."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def __call__(self, host: str, seconds: float) -> None:
        """Remember that *host* wants to be left alone for *seconds*."""
        try:
            await self._state.pause(host, self._clock.now() + timedelta(seconds=seconds))
        except Retry as reason:
            log.warning("a host's pause is not written down", host=host, reason=reason.reason)


@dataclass(frozen=True)
class Follower:
    """Reads what the collectors share, and passes it on: pauses to *hosts*, activity to the schedule."""

    state: State
    clock: Clock
    activity: Activity
    hosts: Sequence[Hosts]
    watched: Sequence[Watched]

    async def read(self) -> None:
        """Read once.

        Raises:
            Retry: the database cannot be reached.

        """
        now = self.clock.now()
        for host, until in (await self.state.pauses(now)).items():
            for hosts in self.hosts:
                hosts.close_for(host, (until - now).total_seconds())
        risen = set(self.activity.renew(await self.state.activities(now), now))
        for one in self.watched:
            if one.settings.id in risen:
                log.info("source is active on an open incident", source=one.settings.id)
                one.hurry.set()

    async def read_first(self, stop: asyncio.Event) -> None:
        """Read once before anything is looked at, however long that takes: hosts may want to be left alone."""
        while not stop.is_set():
            try:
                await self.read()
            except Retry as reason:
                log.warning("state cannot be read", reason=reason.reason, again_in_seconds=READ_EVERY)
                await sleep(stop, READ_EVERY)
            else:
                return

    async def follow(self, stop: asyncio.Event) -> None:
        """Read again and again until *stop* is set; while the database is away, what was read last holds."""
        while not stop.is_set():
            await sleep(stop, READ_EVERY)
            try:
                await self.read()
            except Retry as reason:
                log.info("activity of sources unknown", reason=reason.reason)
