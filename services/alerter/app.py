"""The alerter's composition root: tagged items through the ledger into the store, alerts out of the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from services.alerter import ledger
from services.alerter.channels import Channel
from services.alerter.channels.building import build_channels
from services.alerter.deliver import DeliveryLoop
from services.alerter.outbox import Outbox
from services.alerter.settings import AlerterSettings
from services.alerter.store import Address, Store, Tracked
from services.alerter.subscriptions import Subscription, matches
from services.alerter.track import track
from shared.clock import Clock
from shared.messages import Alert, Incident, TaggedItem
from shared.runtime import Runtime
from shared.stage import Output, Stage, StageLimits, run_stage
from shared.topics import ALERTS, INCIDENTS, TAGGED

LIMITS = StageLimits(concurrency=1)
"""One item at a time: decisions about one incident would overtake each other, and so would its states on the topic."""


async def run(runtime: Runtime, settings: AlerterSettings) -> None:
    """Track items and deliver alerts until ``runtime.stop`` is set; then finish what is in hand."""
    channels = build_channels(settings, runtime.clock)
    try:
        await run_with(runtime, settings, channels)
    finally:
        for channel in {id(each): each for each in channels.values()}.values():
            await channel.close()


async def run_with(runtime: Runtime, settings: AlerterSettings, channels: Mapping[str, Channel]) -> None:
    """Do the same over *channels*, by the names of their subscriptions."""
    deliveries = DeliveryLoop(Outbox(runtime.engine), channels, runtime.clock)
    handler = Handler(Store(runtime.engine), settings, runtime.clock, deliveries)
    tracked = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(deliveries.run(tracked), name="deliver")
        await run_stage(Stage("alerter", TAGGED, "alerter", handler.handle), runtime, LIMITS)
        tracked.set()  # what the stage queued while it drained is still delivered


class Handler:
    """What the alerter's stage does with one tagged item."""

    def __init__(
        self,
        store: Store,
        settings: AlerterSettings,
        clock: Clock,
        deliveries: DeliveryLoop,
    ) -> None:
        self._store = store
        self._route = partial(route, settings.subscriptions)
        self._policy = settings.policy
        self._bundling = settings.bundling
        self._decide = partial(ledger.decide, rules=settings.ledger.rules())
        self._clock = clock
        self._deliveries = deliveries

    async def handle(self, tagged: TaggedItem, _record: Any) -> Sequence[Output]:
        """Track *tagged*, wake the deliveries it caused, and return what to say downstream.

        Raises:
            Retry: the database cannot be reached.

        """
        now = self._clock.now()
        tracked = await track(
            tagged,
            self._store,
            now,
            route=self._route,
            settings=self._policy,
            decide=self._decide,
            bundling=self._bundling,
        )
        self._deliveries.wake(tracked.addressed)
        return list(outputs(tracked))


def route(subscriptions: Iterable[Subscription], alert: Alert, incident: Incident) -> list[Address]:
    """Return the addresses of everyone who wants to hear of *alert*. Pure."""
    return [Address(each.name, each.channel) for each in subscriptions if matches(each, alert, incident)]


def outputs(tracked: Tracked) -> Iterable[Output]:
    """Yield the incidents as they stand, then the alerts: who reads both finds what an alert speaks of."""
    for incident in tracked.incidents:
        yield Output(INCIDENTS, incident)
    for alert in tracked.alerts:
        yield Output(ALERTS, alert)
