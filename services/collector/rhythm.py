"""How often a source has something new, learned from its own history, and when its silence is no longer usual. Pure.

Night and weekend count as little as they did so far. Time is measured in *active* hours: an hour in which the source
usually publishes twice as much as on average counts twice. The gaps between items, in active hours, say what is usual.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil
from statistics import median

SLOT = timedelta(minutes=10)
"""How exactly arrivals are kept: several in one slot are one burst. Silence is a matter of hours."""
FEWEST, SHORTEST = 12, timedelta(days=3)
"""Bursts, and time from the first to the last, below which nothing is concluded: a night must have been seen."""
WEEKS = timedelta(days=21)
"""History from which weekdays are told apart: three of each."""
QUANTILE = 0.95
"""The gap that is "long, but usual": so that one outage of the past does not excuse all that follow."""
PATIENCE, PATIENCE_AT_FIRST = 3.0, 5.0
"""How many such gaps are waited for; the greater number until two weekends were seen. For items at random times the
chance of a gap of three times the 95 % quantile is 0.05³, one in eight thousand."""
SEASONED = timedelta(days=14)
LEAST = timedelta(hours=2)
"""Silence that is never worth a word."""
QUIET_HOUR = 0.05
"""Weight of an hour in which nothing was ever published: even then time passes."""

_HOURS = 24
_WEEK = 7 * _HOURS


@dataclass(frozen=True)
class Rhythm:
    """What is usual for one source: ``gap`` is the median time between bursts; ``patience`` is in active hours."""

    gap: timedelta
    patience: float
    _sums: tuple[float, ...]

    def overdue_at(self, last: datetime) -> datetime:
        """Return the moment from which silence since *last* is no longer usual."""
        week = self._sums[-1]
        start = last.astimezone(UTC)
        weeks, rest = divmod(self.patience, week)
        begun = _position(start)
        whole = int(begun)
        rest += self._upto(begun) - self._sums[whole]
        hours = 0
        while rest >= (weight := self._weight(whole + hours)):
            rest -= weight
            hours += 1
        active_end = whole + hours + rest / weight
        waited = timedelta(weeks=weeks, hours=active_end - begun)
        return last + max(waited, LEAST)

    def active(self, start: datetime, end: datetime) -> float:
        """Return the active hours from *start* to *end*."""
        weeks, rest = divmod(end - start, timedelta(weeks=1))
        first, last = _position(start), _position(start + rest)
        span = self._upto(last) - self._upto(first)
        return weeks * self._sums[-1] + (span if last >= first else span + self._sums[-1])

    def _weight(self, hour: int) -> float:
        place = hour % _WEEK
        return self._sums[place + 1] - self._sums[place]

    def _upto(self, position: float) -> float:
        whole = int(position)
        return self._sums[whole] + (position - whole) * self._weight(whole)


def slot_of(moment: datetime) -> int:
    """Return the number of the slot that *moment* lies in."""
    return int(moment.timestamp() // SLOT.total_seconds())


def moment_of(slot: int) -> datetime:
    """Return the beginning of a slot."""
    return datetime.fromtimestamp(slot * SLOT.total_seconds(), UTC)


MOST_LEARNED = 4096
"""Sources whose rhythm is kept; other collectors on the same database may come and go with theirs."""


class Learned:
    """The rhythm of each source as it was last learned: while it publishes nothing, it is not learned again.

    A history is kept as bare numbers (5 kB at its longest, 22 kB as the tuple it was): with hundreds of sources, those
    are what would go on growing for weeks. Of a source no more than the last is kept.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[array[int], Rhythm | None]] = {}

    def __len__(self) -> int:
        """Return of how many sources something is kept."""
        return len(self._last)

    def of(self, source: str, slots: tuple[int, ...]) -> Rhythm | None:
        """Return the rhythm of *source*, which published in *slots*, as :func:`learn` does."""
        last, history = self._last.pop(source, None), array("q", slots)
        if last is None or last[0] != history:
            last = (history, learn(slots))
        self._last[source] = last
        if len(self._last) > MOST_LEARNED:
            del self._last[next(iter(self._last))]  # whom nobody asked for longest
        return last[1]


def learn(slots: tuple[int, ...]) -> Rhythm | None:
    """Return the rhythm of a source that published in *slots*, which ascend; None while too little is known."""
    moments = [moment_of(slot) for slot in slots]
    if len(moments) < FEWEST or moments[-1] - moments[0] < SHORTEST:
        return None
    span = moments[-1] - moments[0]
    hours = _weights(Counter(moment.hour for moment in moments), _HOURS, smooth=True)
    days = _weights(Counter(moment.weekday() for moment in moments), 7) if span >= WEEKS else [1.0] * 7
    sums = tuple(accumulate((days[day] * hours[hour] for day in range(7) for hour in range(_HOURS)), initial=0.0))
    clock = Rhythm(timedelta(), 0.0, sums)
    gaps = sorted(clock.active(one, other) for one, other in pairwise(moments))
    long = gaps[ceil(QUANTILE * len(gaps)) - 1]
    patience = long * (PATIENCE if span >= SEASONED else PATIENCE_AT_FIRST)
    usual = median(other - one for one, other in pairwise(slots)) * SLOT
    return Rhythm(usual, patience, sums)


def _weights(counts: Counter[int], size: int, *, smooth: bool = False) -> list[float]:
    """Return how busy each of *size* turns is, 1 on average; each is blended with its neighbours if *smooth*."""
    share: Sequence[float] = [counts[turn] + 1 / size for turn in range(size)]
    if smooth:
        share = [(share[turn - 1] + 2 * share[turn] + share[(turn + 1) % size]) / 4 for turn in range(size)]
    mean = sum(share) / size
    return [max(one / mean, QUIET_HOUR) for one in share]


def _position(moment: datetime) -> float:
    """Return how many hours of the week have passed at *moment*."""
    passed = moment.weekday() * _HOURS + moment.hour + moment.minute / 60 + moment.second / 3600
    return min(passed, _WEEK - 1e-9)
