"""Processor time of this process and of those it began, which says more than rates where others use the machine too."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)
"""Where they stand in ``/proc/PID/stat`` behind the name: parent; user and system time, its own and of ended children
(proc(5))."""


def spent(but: Collection[int] = ()) -> float:
    """Return the seconds of processor time that this process and all below it took so far, without those in *but*.

    Needs Linux's ``/proc``; exact to a hundredth of a second for each process.
    """
    parents, seconds = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        parents[int(place.name)], seconds[int(place.name)] = int(told[_PARENT]), sum(map(int, told[_TIMES])) / _TICK
    mine = {os.getpid()}
    while below := {one for one, parent in parents.items() if parent in mine and one not in but} - mine:
        mine |= below
    return sum(seconds[one] for one in mine)
