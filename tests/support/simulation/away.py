"""When it is nobody's fault that a story is seen late: stretches in which its server or the collector was away."""

from __future__ import annotations

from tests.support.simulation.outlets import Broadcast, Outlet
from tests.support.simulation.week import LONGEST_AWAY, Week


def away(source: Outlet | Broadcast, week: Week) -> list[tuple[float, float]]:
    """Return the stretches that say nothing of how soon *source* is looked at: away, and catching up afterwards."""
    killed = [(kill, kill + LONGEST_AWAY / week.world.pace + 2 * source.interval) for kill in week.kills]
    return troubled(source, week) + killed


def troubled(source: Outlet | Broadcast, week: Week) -> list[tuple[float, float]]:
    """Return the stretches in which the server of *source* was in trouble, or *source* was still left alone for it."""
    server = source.server if isinstance(source, Outlet) else week.world.telegram
    return [(one.since, one.until + 8 * source.interval) for one in server.troubles]
