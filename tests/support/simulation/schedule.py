"""The fewest looks that the schedule needs for a world: its own functions, played without chance, kills or repeats."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from services.collector.schedule import Pace, adapted, after_failure, after_success
from tests.support.simulation.outlets import Activation, Broadcast, Outlet, World
from tests.support.simulation.site import LONGEST_WAIT
from tests.support.simulation.time import START

LONGEST = 21_600.0
"""The longest pause of a failing source; the setting's default."""
EVEN = 0.5
"""The chance that neither stretches nor shortens a wait."""


def fewest_looks(source: Outlet | Broadcast, world: World, until: float, activations: Iterable[Activation]) -> int:
    """Return how often *source* is looked at in *world* up to *until* if every wait is exactly the schedule's own.

    *activations* are those that were told; the look that follows one comes no sooner for it.
    """
    active = [(one.at, one.until) for one in activations if one.source == source.name]
    server = source.server if isinstance(source, Outlet) else world.telegram
    pace = Pace(
        source.interval, LONGEST, source.floor if isinstance(source, Outlet) else source.interval, source.interval
    )
    moment, looks, failures, interval = 0.0, 0, 0, None
    before = None
    while moment < until:
        looks += 1
        trouble, now = server.trouble(moment), START + timedelta(seconds=moment)
        if trouble is None or trouble.kind == "stale":
            after = _said(source, moment) if trouble is None else before
            interval = adapted(interval, pace, news=before is not None and bool((after or set()) - before))
            failures, before = 0, after
            at_floor = any(since <= moment < end for since, end in active)
            due = after_success(now, pace, EVEN, interval=interval, active=at_floor)
        else:
            failures += 1
            asked = min(trouble.until - moment, LONGEST_WAIT)
            busy = trouble.kind in ("busy", "busy-date", "unavailable")
            due = after_failure(now, pace, failures, EVEN, interval=interval, after=asked if busy else None)
        moment = (due - START).total_seconds()
    return looks


def _said(source: Outlet | Broadcast, moment: float) -> set[tuple[str, float]]:
    """Return what can be read at *moment*: each story, and since when it says what it says."""
    if isinstance(source, Broadcast):
        return set()  # channels keep to their interval
    return {(story.token, text.since) for story, text in source.shown(source.phase(moment))}
