"""When a source is looked at next. Pure: times in, times out; chance is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

HINT_CAP = 900.0
"""Seconds. A server's own cache lifetime is respected up to here: blog software says "hourly" without meaning it, and
news cannot wait for that."""
JITTER = 0.1
"""Share by which a wait is stretched or shortened, so that sources do not march in step."""


@dataclass(frozen=True)
class Pace:
    """A source's rhythm, in seconds: the usual wait, and the longest one while it fails."""

    interval: float
    longest: float


def after_success(
    now: datetime, pace: Pace, chance: float, *, hint: float | None = None, next_in: float | None = None
) -> datetime:
    """Return when to look again after a look that worked.

    *chance* is in 0…1. *hint* is how long the server holds its answer fresh; *next_in* is the source's own wish (there
    is more to read) and goes before everything. Seconds.
    """
    if next_in is not None:
        return now + timedelta(seconds=max(next_in, 0.0))
    wait = max(pace.interval, min(hint or 0.0, HINT_CAP))
    return now + timedelta(seconds=_jittered(wait, chance))


def after_failure(now: datetime, pace: Pace, failures: int, chance: float, *, after: float | None = None) -> datetime:
    """Return when to look again after the *failures*-th failure in a row (from 1).

    The wait doubles with each failure up to the longest; a source is never given up. *after* is the least wait in
    seconds that the server asked for; never a moment sooner.
    """
    doubled = pace.interval * 2.0 ** min(failures - 1, 30)
    wait = _jittered(min(doubled, max(pace.longest, pace.interval)), chance)
    return now + timedelta(seconds=max(wait, after or 0.0))


def at_start(now: datetime, due: datetime | None, source: str, pace: Pace, spread: float) -> datetime:
    """Return when to look first after a start, given when the *source* was *due* before it.

    What is overdue or new is spread over *spread* seconds, each source always at its own place; what is not yet due
    waits for its time, but never longer than its pace now allows.
    """
    if due is not None and due > now:
        return min(due, now + timedelta(seconds=max(pace.longest, pace.interval)))
    place = int.from_bytes(sha256(source.encode()).digest()[:4]) / 2**32
    return now + timedelta(seconds=place * min(spread, pace.interval))


def _jittered(wait: float, chance: float) -> float:
    return wait * (1 - JITTER + 2 * JITTER * chance)
