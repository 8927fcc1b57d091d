"""Which sources speak of open incidents, so that they are looked at as often as they allow.

::

    incidents ─▶ speakers ─▶ table source_activity ─▶ (this collector at once, others soon) Activity ─▶ schedule

The alerter is not known here: what it publishes on ``incidents`` is read like by any subscriber downstream. Of several
collectors each reads a part of that topic, and all read the table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.collector.state import State
from shared.clock import Clock
from shared.eventlog import Record
from shared.messages import Incident
from shared.stage import Output, Stage
from shared.topics import INCIDENTS

GROUP = "collector-activity"
"""The collectors' group on ``incidents``."""


def speakers(incident: Incident, active_for: timedelta) -> dict[str, datetime]:
    """Return the sources that speak of *incident*, each with the moment until which it counts as active. Pure.

    The last word on an incident, whoever says it, keeps everyone who spoke of it active: they are who will correct
    themselves. A merged incident is silent, because its claims speak in another one.
    """
    if incident.status != "open":
        return {}
    until = incident.last_seen_at + active_for
    return {statement.source.id: until for statement in incident.statements if statement.state != "deleted"}


@dataclass
class Activity:
    """Until when which source is active, as the table last said."""

    until: Mapping[str, datetime] = field(default_factory=dict)

    def active(self, source: str, now: datetime) -> bool:
        """Whether *source* is to be looked at at its floor."""
        return source in self.until and now < self.until[source]

    def renew(self, until: Mapping[str, datetime], now: datetime) -> Sequence[str]:
        """Take in what the table says, and return the sources that became active since the last time."""
        risen = [source for source in until if now < until[source] and not self.active(source, now)]
        self.until = dict(until)
        return risen


def listening(state: State, clock: Clock, active_for: timedelta, heard: Callable[[], Awaitable[None]]) -> Stage:
    """Return the stage that reads ``incidents`` into the table, and then says that it *heard*.

    All sources are written down: the collector that reads the incident may not be the one that reads the source.
    """

    async def handle(incident: Incident, _record: Record) -> Sequence[Output]:
        now = clock.now()
        until = speakers(incident, active_for)
        current = {source: end for source, end in until.items() if now < end}
        if current:
            await state.activate(current)
            await heard()
        return ()

    return Stage("listen", INCIDENTS, GROUP, handle)
