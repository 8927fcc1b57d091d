"""Keeps to the pace that a receiver allows: short bursts, then evenly."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.errors import Retry

PATIENCE = 5.0
"""Seconds to wait in line; who would wait longer is told to come again, so that nothing is held up behind it."""


class Pace:
    """Lets ``per_minute`` messages through, a quarter of them at once after a quiet time (GCRA, ITU-T I.371)."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._clock = clock
        self._interval = timedelta(minutes=1) / per_minute
        self._tolerance = self._interval * (max(4, per_minute // 4) - 1)
        self._due: datetime | None = None

    async def wait_turn(self) -> None:
        """Wait until one more message may go.

        Raises:
            Retry: the line is long; ``after`` says how long.

        """
        now = self._clock.now()
        due = max(self._due or now, now)
        wait = (due - self._tolerance - now).total_seconds()
        if wait > PATIENCE:
            raise Retry("more alerts than the receiver's pace allows", after=wait)
        self._due = due + self._interval
        if wait > 0:
            await asyncio.sleep(wait)
