"""Says how a simulated week goes while it lasts, and judges it now and then, so that a fault is told at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from tests.support.simulation.judging import find_faults
from tests.support.simulation.outlets import DAY, HOUR
from tests.support.simulation.reading import Reading
from tests.support.simulation.verdict import Verdict, around
from tests.support.simulation.week import Week

TOLD_EVERY = 10.0
"""Seconds (of ours) between two lines."""
JUDGED_EVERY, SHARE = 3 * HOUR, 1 / 14
"""Simulated seconds between two judgements, at least, and the share of the week that lies between them."""
MOST_EXAMPLES = 3
"""Examples of one fault that are told at a time with the server's log."""


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@dataclass
class Teller:
    """An observer of a week; *say* is given every line."""

    say: Callable[[str], None] = _print
    _told_at: float = field(default_factory=monotonic)
    _judged_at: float = 0.0
    _known: set[tuple[str, str, str]] = field(default_factory=set)

    async def __call__(self, week: Week, reading: Reading) -> None:
        """Look at *week*: a line if it is time for one, a judgement if it is time for that."""
        if monotonic() - self._told_at >= TOLD_EVERY:
            self._told_at = monotonic()
            self.say(_progress(week, len(self._known)))
        if week.lived - self._judged_at >= max(JUDGED_EVERY / week.world.pace, SHARE * week.world.seconds):
            self._judged_at = week.lived
            await reading.catch_up()
            self.tell(week, find_faults(week))

    def tell(self, week: Week, verdict: Verdict) -> None:
        """Tell the faults of *verdict* that were not told before, each with what its server wrote down around it."""
        for fault, examples in verdict.faults.items():
            fresh = [one for one in examples if (fault, one.source, one.about) not in self._known]
            self._known |= {(fault, one.source, one.about) for one in fresh}
            if fresh:
                self.say(f"FAULT at {_moment(week.lived)}: {fault}, {len(fresh)} more")
            for one in fresh[:MOST_EXAMPLES]:
                self.say(f"  {one}")
                for line in around(one, week.exchanges):
                    self.say(f"    {line}")


def _progress(week: Week, faults: int) -> str:
    speed = week.lived / week.wall if week.wall else 0.0
    left = (week.world.seconds - week.lived) / speed if speed else 0.0
    return (
        f"{_moment(week.lived)} of {week.world.seconds / DAY:g} days, {len(week.exchanges):,} requests, "
        f"{len(week.kills)} kills, {faults} faults; {speed:.0f} times as fast as life, {left / 60:.1f} minutes left"
    )


def _moment(seconds: float) -> str:
    day, rest = divmod(seconds, DAY)
    return f"day {day + 1:.0f}, {rest // HOUR:02.0f}:{rest % HOUR // 60:02.0f}"
