"""A canary from the collector's end to the alerter's, through the real reader: measured, and seen by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from services.alerter import app as alerter
from services.alerter.outbox import Outbox
from services.alerter.settings import AlerterSettings
from services.alerter.store import Store
from services.alerter.subscriptions import Subscription
from services.alerter.track import track
from services.classifier import app as classifier
from services.classifier.settings import ClassifierSettings
from services.collector.canary import Canaries, canary_item, turn_of
from services.collector.settings import CanarySettings, SourceSettings
from shared.canary import find_overdue
from shared.errors import ConfigurationError
from shared.messages import TaggedItem
from shared.notices import CANARY, is_canary
from shared.runtime import Runtime
from shared.topics import ALERTS, INCIDENTS
from tests.integration.test_watchman import told, watchman
from tests.support.collecting import CollectorWorld, world
from tests.support.receiving import Receiver

__all__ = ["world"]

pytestmark = pytest.mark.timeout(60)

NOW = datetime(2016, 2, 3, 12, 34, 56, tzinfo=UTC)
EVERYTHING = Subscription(name="desk", channel="console")
ANALYST = Subscription.model_validate(
    {"name": "analyst", "channel": "console", "kinds": ["new", "conflict", "update", "confirmation", "denial"]}
)
OPERATOR = Subscription(name="operator", channel="console", kinds=("canary",))


@asynccontextmanager
async def reading_and_alerting(world: CollectorWorld, **channels: Receiver) -> AsyncIterator[None]:
    """Run classifier and alerter while the block runs."""
    runtime = Runtime(log=world.runtime.log, engine=world.runtime.engine, clock=world.clock)
    settings = AlerterSettings(subscriptions=(EVERYTHING, ANALYST, OPERATOR))
    running = [
        asyncio.create_task(classifier.run(runtime, ClassifierSettings())),
        asyncio.create_task(alerter.run_with(runtime, settings, channels)),
    ]
    try:
        yield
    finally:
        runtime.stop.set()
        await asyncio.gather(*running)


async def empty(world: CollectorWorld, topic: str) -> bool:
    async with world.runtime.log.subscribe(topic, "nobody") as subscription:
        return sum(lag.records for lag in await subscription.lag()) == 0


async def test_a_canary_comes_through_and_is_seen_by_nobody(world: CollectorWorld) -> None:
    desk, analyst, operator = Receiver(), Receiver(), Receiver()
    engine = world.runtime.engine
    canaries = Canaries(world.runtime.log, engine, world.clock, 600)
    later = world.clock.now() + timedelta(hours=1)
    async with reading_and_alerting(world, desk=desk, analyst=analyst, operator=operator):
        for minutes in (0, 10):
            world.clock.advance(timedelta(seconds=1))
            await canaries.send(NOW + timedelta(minutes=minutes))
            while await find_overdue(engine, later):  # noqa: ASYNC110 - the database tells nobody when it changes
                await asyncio.sleep(0.02)
    assert (desk.seen, analyst.seen, operator.seen) == ([], [], [])
    assert (desk.told, analyst.told, operator.told) == ([], [], [])
    assert await Outbox(engine).counts() == {(":canary", "sent"): 2}
    assert await Store(engine).totals() == {"incidents": 0, "alerts": 0, "items": 0}
    assert await empty(world, INCIDENTS.name)
    assert await empty(world, ALERTS.name)


async def test_one_that_is_lost_is_told_to_the_operator_and_the_next_that_arrives_too(world: CollectorWorld) -> None:
    settings = CanarySettings(interval=600, deadline=60)
    canaries = Canaries(world.runtime.log, world.runtime.engine, world.clock, 600)
    await canaries.send(turn_of(world.clock.now(), 600))
    assert await watchman(world, settings).round() == []
    world.clock.advance(timedelta(minutes=2))
    (lost,) = await watchman(world, settings).round()
    assert (lost.kind, lost.state, lost.subject) == ("canary", "raised", ":pipeline")
    assert await watchman(world, settings).round() == []
    operator = Receiver()
    async with reading_and_alerting(world, desk=Receiver(), analyst=Receiver(), operator=operator):
        await operator.wait_to_be_told(1)
        while await find_overdue(world.runtime.engine, world.clock.now()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        (over,) = await watchman(world, settings).round()
        await operator.wait_to_be_told(2)
    assert [one.notice for one in operator.told] == [lost, over] == await told(world)


async def test_a_ledger_is_never_touched_by_a_canary_even_when_it_is_made_anew(world: CollectorWorld) -> None:
    item = canary_item(NOW, NOW)
    tagged = TaggedItem(id="tagged", item=item, relevant=True, score=1.0, lang="en", claims=())
    store = Store(world.runtime.engine)
    assert (await track(tagged, store, NOW)).incidents == ()
    assert await store.totals() == {"incidents": 0, "alerts": 0, "items": 0}


def test_processes_share_their_canaries_ids_and_turns_differ() -> None:
    assert turn_of(NOW, 600) == datetime(2016, 2, 3, 12, 30, tzinfo=UTC)
    assert canary_item(NOW, NOW).id == canary_item(NOW, NOW + timedelta(seconds=3)).id
    assert canary_item(NOW, NOW).id != canary_item(NOW + timedelta(seconds=600), NOW).id
    assert is_canary(canary_item(NOW, NOW))


def test_no_source_may_take_the_canarys_name() -> None:
    with pytest.raises(ConfigurationError, match="canary"):
        SourceSettings(id=CANARY.id, name="x", url="https://e.org/")
