"""When a source is looked at next. Pure: times in, times out; chance is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from services.collector.sources import Quiet

FLOOR, CEILING = 60.0, 900.0
"""Seconds between two looks, at least and at most, where nobody says otherwise. A quiet outlet breaks news too."""
HINT_CAP = 900.0
"""Seconds. What a feed and its server ask for is respected up to here: blog software says "hourly" without meaning it,
and news cannot wait for that."""
FASTER, SLOWER = 0.5, 1.25
"""What becomes of the interval after a look that brought news, and after one that brought none: quick to follow a
story, slow to let go of it."""
LONGEST_ASKED = 86_400.0
"""Seconds that a server's ``Retry-After``, or a feed that is gone, keeps us away at most."""
JITTER = 0.1
"""Share by which a wait is stretched or shortened, so that sources do not march in step."""
_HOUR = timedelta(hours=1)
_WEEK_OF_HOURS = 7 * 24


@dataclass(frozen=True)
class Pace:
    """A source's rhythm, in seconds.

    ``interval`` is the wait it begins with, and adapts between ``floor`` and ``ceiling``; ``longest`` is the longest
    wait while it fails; ``hint_cap`` how long a wait the publisher's hints can ask for.
    """

    interval: float
    longest: float
    floor: float = FLOOR
    ceiling: float = CEILING
    hint_cap: float = HINT_CAP

    @property
    def shortest(self) -> float:
        """The least wait: the floor, unless the source begins below it."""
        return min(self.floor, self.interval)

    def within(self, interval: float | None) -> float:
        """Return *interval*, by default the one to begin with, between floor and ceiling."""
        return min(max(interval or self.interval, self.shortest), max(self.ceiling, self.interval))


def adapted(interval: float | None, pace: Pace, *, news: bool) -> float:
    """Return the interval that follows a look made at *interval* (None: the first), which brought *news* or none."""
    if interval is None:
        return pace.within(None)  # all of a first look is new, which says nothing of the source's rhythm
    return pace.within(interval * (FASTER if news else SLOWER))


def after_success(
    now: datetime,
    pace: Pace,
    chance: float,
    *,
    interval: float | None = None,
    active: bool = False,
    hint: float | None = None,
    quiet: Quiet | None = None,
    next_in: float | None = None,
) -> datetime:
    """Return when to look again after a look that worked.

    *chance* is in 0…1. *interval* is the adaptive one. *active* says that the source speaks of an open incident: it is
    looked at at its floor, whatever the hints say. *hint* is how long the server holds its answer fresh, *quiet* the
    hours and days in which the publisher does not want us. *next_in* is the source's own wish (there is more to read)
    and goes before everything. Seconds.
    """
    if next_in is not None:
        return now + timedelta(seconds=max(next_in, 0.0))
    if active:
        return now + timedelta(seconds=_jittered(pace.shortest, chance))
    hinted = min(hint or 0.0, pace.hint_cap) * (1 + JITTER * chance)
    wait = max(_jittered(pace.within(interval), chance), hinted)
    latest = now + timedelta(seconds=max(wait, pace.hint_cap))
    return min(_out_of(quiet, now + timedelta(seconds=wait)), latest)


def after_failure(
    now: datetime,
    pace: Pace,
    failures: int,
    chance: float,
    *,
    interval: float | None = None,
    after: float | None = None,
) -> datetime:
    """Return when to look again after the *failures*-th failure in a row (from 1).

    The wait begins at the adaptive *interval* and doubles with each failure up to the longest; a source is never given
    up. *after* is the least wait in seconds that the server asked for; never a moment sooner.
    """
    usual = pace.within(interval)
    wait = _jittered(min(usual * 2.0 ** min(failures - 1, 30), max(pace.longest, usual)), chance)
    return now + timedelta(seconds=max(wait, after or 0.0))


def at_start(
    now: datetime, due: datetime | None, source: str, pace: Pace, spread: float, *, failing: bool = False
) -> datetime:
    """Return when to look first after a start, given when the *source* was *due* before it.

    What is overdue or new is spread over *spread* seconds, each source always at its own place; what is not yet due
    waits for its time, but never longer than its pace now allows; a *failing* one as long as its server may have asked.
    """
    if due is not None and due > now:
        longest = max(pace.longest, pace.interval, LONGEST_ASKED if failing else 0.0)
        return min(due, now + timedelta(seconds=longest))
    place = int.from_bytes(sha256(source.encode()).digest()[:4]) / 2**32
    return now + timedelta(seconds=place * min(spread, pace.interval))


def brought_forward(due: datetime, looked_at: datetime | None, pace: Pace) -> datetime:
    """Return when to look at a source that has become active: as soon as its floor allows, never later than *due*."""
    if looked_at is None:
        return due
    return min(due, looked_at + timedelta(seconds=pace.shortest))


def _out_of(quiet: Quiet | None, due: datetime) -> datetime:
    """Return the first moment from *due* on that is not *quiet*; *due* where everything is."""
    moment = due
    for _ in range(_WEEK_OF_HOURS):
        if quiet is None or (moment.hour not in quiet.hours and moment.weekday() not in quiet.days):
            return moment
        moment = moment.replace(minute=0, second=0, microsecond=0) + _HOUR
    return due


def _jittered(wait: float, chance: float) -> float:
    return wait * (1 - JITTER + 2 * JITTER * chance)
