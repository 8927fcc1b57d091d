"""The time: always aware, always UTC, always passed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; everything that needs it takes one as an argument."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's present moment in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to: for tests and for replays, which run at the documents' own time."""

    def __init__(self, now: datetime) -> None:
        self._now = aware(now)

    def now(self) -> datetime:
        """Return the moment last set."""
        return self._now

    def set(self, now: datetime) -> None:
        """Move to *now*, forwards or backwards."""
        self._now = aware(now)

    def advance(self, by: timedelta) -> None:
        """Move by *by*."""
        self._now += by


def aware(moment: datetime) -> datetime:
    """Return *moment* in UTC.

    Raises:
        ValueError: it has no time zone, so nobody can know when it was.

    """
    if moment.tzinfo is None:
        message = f"a moment without a time zone: {moment.isoformat()}"
        raise ValueError(message)
    return moment.astimezone(UTC)
