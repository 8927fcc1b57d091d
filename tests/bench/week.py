"""A simulated week of 200 feeds and 50 channels, with kills: what was lost or made up, and how soon news came."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.figures import Figure
from tests.support.simulation.judging import judge
from tests.support.simulation.outlets import DAY, make_world
from tests.support.simulation.telling import Teller
from tests.support.simulation.week import live_through

SEED, FEEDS, CHANNELS, KILLS = 2016, 200, 50, 12
QUIET_FROM = 0.6
"""Share of the time after which nobody is killed, so that one life is long enough to watch its memory."""
PATIENCE = 7200.0
_MEMORY = Path("/dev/shm")
PLACE = _MEMORY if _MEMORY.is_dir() else None
"""Where the week's files lie: in memory where there is such a place, for a process that is killed loses nothing there
either, and a disk takes milliseconds for what the simulated collector writes thousands of times."""


async def measure(folder: Path, days: float) -> list[Figure]:
    """Live through *days* of the week and return the figures; a fault is one too, told at once on standard error."""
    world = make_world(SEED, seconds=days * DAY, feeds=FEEDS, channels=CHANNELS)
    teller = Teller()
    week = await live_through(
        world, folder, kills=KILLS, seed=SEED, quiet_from=QUIET_FROM, patience=PATIENCE, observer=teller
    )
    verdict = judge(week)
    teller.tell(week, verdict)
    for beyond in verdict.unmet:
        print(f"LIMIT: {beyond}", file=sys.stderr)
    group = f"{days:g} simulated days of {FEEDS} feeds and {CHANNELS} channels"
    faults = {f"FAULT: {fault}": float(len(examples)) for fault, examples in verdict.faults.items()}
    faults |= {f"LIMIT: {beyond}": 1.0 for beyond in verdict.unmet}
    counted = {"faults": float(sum(faults.values()))} | faults | verdict.figures
    return [Figure(group, what, value, "") for what, value in counted.items()]
