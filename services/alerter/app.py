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
from services.alerter.notices import SINK, CanarySink, NoticeHandler, Notices
from services.alerter.outbox import Outbox
from services.alerter.settings import AlerterSettings
from services.alerter.store import Address, Store, Tracked
from services.alerter.subscriptions import Subscription, matches
from services.alerter.track import track
from shared.clock import Clock
from shared.messages import Alert, Incident, TaggedItem
from shared.notices import is_canary
from shared.runtime import Runtime
from shared.stage import Output, Stage, StageLimits, run_stage
from shared.topics import ALERTS, INCIDENTS, NOTICES, TAGGED

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
    ways = {**channels, SINK.subscription: CanarySink(runtime.engine, runtime.clock.now)}
    deliveries = DeliveryLoop(Outbox(runtime.engine), ways, runtime.clock)
    notices = NoticeHandler(Notices(runtime.engine), settings.subscriptions, runtime.clock, deliveries)
    handler = Handler(Store(runtime.engine), settings, runtime.clock, deliveries, notices)
    tracked = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(deliveries.run(tracked), name="deliver")
        async with asyncio.TaskGroup() as stages:
            tagged = Stage("alerter", TAGGED, "alerter", handler.handle)
            stages.create_task(run_stage(tagged, runtime, LIMITS), name="track")
            told = Stage("notices", NOTICES, "alerter", notices.handle)
            stages.create_task(run_stage(told, runtime, LIMITS), name="notices")
        tracked.set()  # what the stages queued while they drained is still delivered


class Handler:
    """What the alerter's stage does with one tagged item."""

    def __init__(
        self,
        store: Store,
        settings: AlerterSettings,
        clock: Clock,
        deliveries: DeliveryLoop,
        notices: NoticeHandler,
    ) -> None:
        self._store = store
        self._notices = notices
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
        if is_canary(tagged.item):
            await self._notices.pass_on(tagged, self._decide, self._policy)
            return []
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
