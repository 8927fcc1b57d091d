"""The alerter as a whole, on the embedded log: tagged items in; deliveries, incidents and alerts out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.alerter.app import run_with
from services.alerter.bundling import BundlingSettings
from services.alerter.outbox import Outbox
from services.alerter.settings import AlerterSettings
from services.alerter.store import Store
from services.alerter.subscriptions import Subscription
from shared.clock import FixedClock
from shared.codec import decode
from shared.database import create_engine
from shared.eventlog.opening import create_topics, open_log
from shared.messages import TaggedItem
from shared.migrations import upgrade
from shared.runtime import Runtime
from shared.stage import publish
from shared.topics import ALERTS, INCIDENTS, TAGGED, TOPICS, Topic
from tests.support.receiving import Receiver
from tests.support.telling import NOON, tell

SETTINGS = AlerterSettings(
    bundling=BundlingSettings(window=0),  # the clock of these tests stands still
    subscriptions=(
        Subscription(name="desk", channel="console"),
        Subscription(name="fours", channel="console", minimum=4),
        Subscription(name="conflicts", channel="console", kinds=("conflict",)),
    ),
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Runtime]:
    database, log = f"sqlite:///{tmp_path / 'claimwatch.db'}", f"sqlite:///{tmp_path / 'log.db'}"
    await upgrade(database)
    await create_topics(log, TOPICS)
    engine, opened = create_engine(database), await open_log(log, client="test")
    yield Runtime(log=opened, engine=engine, clock=FixedClock(NOON))
    await opened.close()
    await engine.dispose()


@asynccontextmanager
async def alerting(world: Runtime, **channels: Receiver) -> AsyncIterator[None]:
    """Run the alerter while the block runs."""
    runtime = Runtime(log=world.log, engine=world.engine, clock=world.clock)
    running = asyncio.create_task(run_with(runtime, SETTINGS, channels))
    try:
        yield
    finally:
        runtime.stop.set()
        await running


async def say(world: Runtime, *items: TaggedItem) -> None:
    for item in items:
        await publish(world.log, TAGGED, item, source="test", time=NOON)


async def heard(world: Runtime, topic: Topic, number: int) -> list[object]:
    """Return the first *number* messages of *topic*."""
    found: list[object] = []
    async with world.log.subscribe(topic.name, "a test") as subscription:
        async for record in subscription:
            found.append(decode(topic.message, record.value, record.headers))
            if len(found) == number:
                break
    return found


async def test_a_conflict_reaches_who_asked_for_it_and_the_topics(world: Runtime) -> None:
    desk, fours, conflicts = Receiver(), Receiver(), Receiver()
    async with alerting(world, desk=desk, fours=fours, conflicts=conflicts):
        await say(world, tell("ministry", stance="confirmed", party="Russian defence ministry"))
        await desk.wait_for(1)
        await say(world, tell("agency", min=4, max=4, stance="alleged", party="Syrian opposition"))
        await conflicts.wait_for(1)
        await fours.wait_for(1)
        await desk.wait_for(2)
        incidents = await heard(world, INCIDENTS, 2)
        alerts = await heard(world, ALERTS, 2)
    assert [delivery.alert.kind for delivery in desk.taken] == ["new", "conflict"]
    assert [delivery.alert.kind for delivery in conflicts.taken] == ["conflict"]
    assert {conflict.dimension for conflict in conflicts.taken[0].alert.conflicts} == {"count"}
    assert alerts == [delivery.alert for delivery in desk.taken]
    assert incidents == [delivery.incident for delivery in desk.taken]
    assert incidents[-1] == (await Store(world.engine).incidents())[0]


async def test_an_item_that_comes_again_is_said_again_and_sent_once(world: Runtime) -> None:
    desk = Receiver()
    async with alerting(world, desk=desk, fours=Receiver(), conflicts=Receiver()):
        await say(world, tell("a"), tell("a"))
        first, second = await heard(world, ALERTS, 2)
        await desk.wait_for(1)
    assert first == second
    assert len(desk.taken) == 1
    assert await Outbox(world.engine).counts() == {("desk", "sent"): 1}


async def test_an_item_without_claims_says_nothing_and_is_read_past(world: Runtime) -> None:
    desk = Receiver()
    async with alerting(world, desk=desk, fours=Receiver(), conflicts=Receiver()):
        await say(world, tell("nothing", claims=0), tell("a"))
        await desk.wait_for(1)
    assert await Store(world.engine).totals() == {"incidents": 1, "alerts": 1, "items": 1}


async def test_what_is_not_delivered_at_a_stop_is_delivered_at_the_next_start(world: Runtime) -> None:
    desk = Receiver()
    async with alerting(world, fours=Receiver(), conflicts=Receiver()):
        await say(world, tell("a"))
        await heard(world, ALERTS, 1)
    async with alerting(world, desk=desk, fours=Receiver(), conflicts=Receiver()):
        await desk.wait_for(1)
    assert desk.taken[0].alert.item == "a"
