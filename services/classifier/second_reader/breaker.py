"""Pure: whether an endpoint that failed again and again is left alone for a while."""

from __future__ import annotations

from datetime import datetime, timedelta


class Breaker:
    """Opens after *failures* in a row; after *pause* lets one question through, whose outcome closes or reopens it.

    Time is an argument of every question. Whoever was permitted reports exactly once how it went.
    """

    def __init__(self, failures: int, pause: timedelta) -> None:
        self._limit = failures
        self._pause = pause
        self._failed = 0
        self._until: datetime | None = None
        self._trying = False

    def permits(self, now: datetime) -> bool:
        """Whether a question may be asked *now*; while half open, this is the one that may."""
        if self._until is None:
            return True
        if now < self._until or self._trying:
            return False
        self._trying = True
        return True

    def succeed(self) -> None:
        """Note that the endpoint answered: close."""
        self._failed, self._until, self._trying = 0, None, False

    def fail(self, now: datetime, after: float | None = None) -> bool:
        """Note a failure; say whether that opened the breaker. *after*: seconds the endpoint asked to be left alone."""
        closed = self._until is None
        self._failed += 1
        self._trying = False
        if self._failed < self._limit and after is None and closed:
            return False
        pause = self._pause if after is None else timedelta(seconds=after)
        until = now + pause
        self._until = until if self._until is None else max(until, self._until)
        return closed

    def give_up(self) -> None:
        """Note that the permitted question was never put, so that another may be."""
        self._trying = False
