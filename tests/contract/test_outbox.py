"""What the outbox and its loop must keep to on every database; SQLite and PostgreSQL pass the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from services.alerter.channels import Receipt
from services.alerter.deliver import DeliveryLoop
from services.alerter.outbox import Outbox
from services.alerter.patience import DeliveryRules
from services.alerter.store import Address, Store, Tracked
from services.alerter.track import track
from shared.clock import Clock, FixedClock, SystemClock
from shared.errors import Reject, Retry
from shared.messages import Alert, Incident, stable_id
from tests.support.databases import Database, database
from tests.support.receiving import Receiver
from tests.support.telling import DAY, NOON, tell

__all__ = ["database"]

pytestmark = pytest.mark.timeout(30)

QUICK = DeliveryRules(
    first=timedelta(milliseconds=1),
    longest=timedelta(milliseconds=5),
    poll=timedelta(milliseconds=20),
    attempts=4,
    age=timedelta(days=36500),  # the alerts are of 2016, the clock mostly of today
    timeout=timedelta(seconds=20),
    lease=timedelta(seconds=60),
    drain=timedelta(seconds=10),
)
PATIENT = DeliveryRules(poll=timedelta(hours=1))
LEASE = timedelta(minutes=2)
LATER = NOON + timedelta(days=1)


async def cause(database: Database, item: str, *subscriptions: str, **fields: object) -> Tracked:
    """Handle an item that causes one alert or more for *subscriptions*."""

    def route(_alert: Alert, _incident: Incident) -> Sequence[Address]:
        return [Address(name, "test") for name in subscriptions]

    tagged = tell(item, **fields)  # type: ignore[arg-type]
    return await track(tagged, Store(database.connect()), tagged.item.published_at or NOON, route=route)


async def cause_many(database: Database, number: int, *subscriptions: str) -> None:
    """Cause *number* alerts, each about an incident of its own."""
    for each in range(number):
        day = timedelta(days=40 * each)
        await cause(database, f"item {each}", *subscriptions, date=DAY + day, at=NOON + day)


@asynccontextmanager
async def delivering(
    database: Database, rules: DeliveryRules = QUICK, clock: Clock | None = None, **channels: Receiver
) -> AsyncIterator[DeliveryLoop]:
    """Run a delivery loop while the block runs, and let it end in order."""
    loop = DeliveryLoop(Outbox(database.connect()), channels, clock or SystemClock(), rules=rules, draw=lambda: 0.5)
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    try:
        yield loop
    finally:
        stop.set()
        await running


async def states(database: Database) -> dict[tuple[str, str], int]:
    return await Outbox(database.connect()).counts()


async def reach(database: Database, wanted: dict[tuple[str, str], int]) -> None:
    """Wait until the deliveries stand as *wanted*."""
    outbox = Outbox(database.connect())
    while await outbox.counts() != wanted:  # noqa: ASYNC110 - the database tells nobody when it changes
        await asyncio.sleep(0.005)


async def test_an_alert_reaches_its_subscription_with_its_incident_and_its_own_id(database: Database) -> None:
    desk = Receiver()
    made = await cause(database, "a", "desk")
    async with delivering(database, desk=desk):
        await desk.wait_for(1)
        await reach(database, {("desk", "sent"): 1})
    (delivery,) = desk.taken
    assert delivery.alert == made.alerts[0]
    assert delivery.incident == made.incidents[0]
    assert delivery.id == stable_id(made.alerts[0].id, "desk")
    assert (delivery.attempt, delivery.ambiguous, delivery.thread) == (1, False, None)


async def test_the_next_alert_of_an_incident_is_told_the_thread(database: Database) -> None:
    desk, room = Receiver(), Receiver()
    async with delivering(database, desk=desk, room=room):
        await cause(database, "a", "desk", "room")
        await desk.wait_for(1)
        await cause(database, "b", "desk", "room", min=4, max=4)
        await desk.wait_for(2)
        await room.wait_for(2)
    assert desk.taken[1].thread == f"thread of {desk.taken[0].id}"
    assert room.taken[1].thread == f"thread of {room.taken[0].id}"
    assert desk.taken[1].incident.revision == 2


async def test_a_wake_up_needs_no_poll(database: Database) -> None:
    desk = Receiver()
    async with delivering(database, PATIENT, desk=desk) as loop:
        await cause(database, "warm up", "desk")
        loop.wake(["desk", "unknown"])
        await desk.wait_for(1)
        loop.wake((await cause(database, "b", "desk", min=4, max=4)).addressed)
        await desk.wait_for(2)


async def test_a_later_alert_never_overtakes_an_earlier_one_of_its_incident(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    await cause(database, "b", "desk", min=4, max=4)
    await cause(database, "c", "desk", force="TR", place="Afrin", date=DAY, at=NOON)
    claimed = await Outbox(database.connect()).claim("desk", now=LATER, lease=timedelta(), limit=9)
    assert [each.delivery.alert.item for each in claimed] == ["a", "c"]
    desk.raise_next(Retry("busy"))
    async with delivering(database, desk=desk):
        await desk.wait_for(3)
    order = [delivery.alert.item for delivery in desk.taken]
    assert order.index("a") < order.index("b")
    assert sorted(order) == ["a", "b", "c"]


async def test_a_slow_subscription_and_a_dead_one_delay_nobody(database: Database) -> None:
    desk, slow, dead = Receiver(), Receiver(), Receiver()
    await cause_many(database, 6, "slow", "dead", "desk")
    answers = [slow.hang_next() for _ in range(6)]
    dead.raise_next(*[Reject("gone")] * 6)
    async with delivering(database, desk=desk, slow=slow, dead=dead):
        await desk.wait_for(6)
        await reach(
            database, {("desk", "sent"): 6, ("dead", "dead"): 6, ("slow", "sending"): 4, ("slow", "pending"): 2}
        )
        for answer in answers:
            answer.set()
        await slow.wait_for(6)


async def test_a_refusal_is_final_and_says_why(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    desk.raise_next(Reject("channel_not_found\0" + "x" * 9999))
    async with delivering(database, desk=desk):
        await reach(database, {("desk", "dead"): 1})
    (dead,) = await Outbox(database.connect()).dead()
    assert dead.reason.startswith("channel_not_found")
    assert len(dead.reason) == 500
    assert (dead.subscription, dead.attempts) == ("desk", 1)


async def test_attempts_are_counted_and_end(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    desk.raise_next(*[Retry("busy")] * 9)
    async with delivering(database, desk=desk):
        await reach(database, {("desk", "dead"): 1})
    assert [delivery.attempt for delivery in desk.seen] == [1, 2, 3, 4]
    assert len({delivery.id for delivery in desk.seen}) == 1
    assert not any(delivery.ambiguous for delivery in desk.seen)
    (dead,) = await Outbox(database.connect()).dead()
    assert dead.reason == "busy (given up after 4 attempts)"


async def test_a_receiver_that_names_a_wait_is_left_alone_until_then(database: Database) -> None:
    desk, room, clock = Receiver(), Receiver(), FixedClock(NOON + timedelta(days=999))
    await cause_many(database, 6, "desk", "room")
    desk.raise_next(*[Retry("slow down", after=30)] * 4)
    async with delivering(database, QUICK, clock, desk=desk, room=room):
        await room.wait_for(6)
        await reach(database, {("desk", "pending"): 6, ("room", "sent"): 6})
        assert len(desk.seen) == 4
        clock.advance(timedelta(seconds=31))
        await desk.wait_for(6)
    assert len(desk.seen) == 10


async def test_a_dead_delivery_can_be_revived(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    desk.raise_next(Reject("gone"))
    async with delivering(database, desk=desk):
        await reach(database, {("desk", "dead"): 1})
        outbox = Outbox(database.connect())
        (dead,) = await outbox.dead()
        assert await outbox.revive([dead.id, "another"], SystemClock().now()) == 1
        await desk.wait_for(1)
        await reach(database, {("desk", "sent"): 1})
    assert desk.taken[0].id == dead.id


async def test_no_answer_in_time_makes_the_next_attempt_ambiguous(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    desk.hang_next()
    impatient = replace(QUICK, timeout=timedelta(milliseconds=30))
    async with delivering(database, impatient, desk=desk):
        await desk.wait_for(1)
    assert [(delivery.attempt, delivery.ambiguous) for delivery in desk.seen] == [(1, False), (2, True)]


async def test_what_a_crash_left_unrecorded_is_repeated_under_the_same_id(database: Database) -> None:
    desk, clock = Receiver(), FixedClock(NOON)
    await cause(database, "a", "desk")
    (claimed,) = await Outbox(database.connect()).claim("desk", now=NOON, lease=LEASE, limit=9)
    await desk.send(claimed.delivery)  # the receiver has it; the process dies before it can record that
    async with delivering(database, QUICK, clock, desk=desk):
        clock.advance(LEASE - timedelta(seconds=1))
        assert await Outbox(database.connect()).due(clock.now()) == set()
        assert len(desk.taken) == 1
        clock.advance(timedelta(seconds=2))
        await desk.wait_for(2)
    first, second = desk.taken
    assert (first.id, first.ambiguous) == (second.id, False)
    assert (second.attempt, second.ambiguous) == (2, True)


async def test_a_loop_whose_lease_ran_out_cannot_overwrite_the_next_one(database: Database) -> None:
    await cause(database, "a", "desk")
    slow, quick = Outbox(database.connect()), Outbox(database.connect())
    (late,) = await slow.claim("desk", now=NOON, lease=LEASE, limit=1)
    later = NOON + LEASE
    (now,) = await quick.claim("desk", now=later, lease=LEASE, limit=1)
    assert not await slow.postpone(late, later, "too late", ambiguous=False)
    assert not await slow.bury(late, "too late", later)
    assert await quick.sent(now, Receipt("thread"), later)
    assert not await slow.sent(late, Receipt(), later)
    assert await states(database) == {("desk", "sent"): 1}


async def test_loops_side_by_side_send_each_delivery_once(database: Database) -> None:
    receivers = [Receiver() for _ in range(3)]
    await cause_many(database, 20, "desk")
    loops = [DeliveryLoop(Outbox(database.connect()), {"desk": one}, SystemClock(), rules=QUICK) for one in receivers]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop.run(stop))
        await reach(database, {("desk", "sent"): 20})
        stop.set()
    taken = [delivery.id for one in receivers for delivery in one.seen]
    assert len(taken) == len(set(taken)) == 20


async def test_claims_side_by_side_never_overlap(database: Database) -> None:
    await cause_many(database, 12, "desk")
    boxes, now = [Outbox(database.connect()) for _ in range(4)], SystemClock().now()
    claims = await asyncio.gather(*(box.claim("desk", now=now, lease=LEASE, limit=5) for box in boxes))
    claimed = [each.delivery.id for some in claims for each in some]
    assert len(claimed) == len(set(claimed))
    rest = await boxes[0].claim("desk", now=now, lease=LEASE, limit=99)
    assert len(claimed) + len(rest) == 12


async def test_a_stop_lets_what_is_under_way_finish_and_starts_nothing_new(database: Database) -> None:
    desk = Receiver()
    await cause_many(database, 6, "desk")
    answers = [desk.hang_next() for _ in range(4)]
    loop = DeliveryLoop(Outbox(database.connect()), {"desk": desk}, SystemClock(), rules=QUICK)
    stop = asyncio.Event()
    running = asyncio.create_task(loop.run(stop))
    await desk.wait_for(seen=4)
    stop.set()
    for answer in answers:
        answer.set()
    await running
    assert await states(database) == {("desk", "sent"): 4, ("desk", "pending"): 2}


async def test_a_stop_does_not_wait_for_ever_and_what_it_cut_off_is_repeated(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    desk.hang_next()
    rules = replace(QUICK, drain=timedelta(milliseconds=20))
    async with delivering(database, rules, desk=desk):
        await desk.wait_for(seen=1)
    assert await states(database) == {("desk", "sending"): 1}
    async with delivering(database, QUICK, FixedClock(SystemClock().now() + timedelta(hours=1)), desk=desk):
        await desk.wait_for(1)
    assert desk.taken[0].ambiguous


async def test_deliveries_of_a_subscription_nobody_configures_are_held_until_somebody_does(database: Database) -> None:
    desk, room = Receiver(), Receiver()
    await cause(database, "a", "desk", "room")
    async with delivering(database, desk=desk):
        await reach(database, {("desk", "sent"): 1, ("room", "held"): 1})
    async with delivering(database, desk=desk, room=room):
        await room.wait_for(1)
    assert [len(desk.taken), len(room.taken)] == [1, 1]


async def test_a_defect_in_a_channel_stops_the_loop_loudly(database: Database) -> None:
    desk = Receiver()
    await cause(database, "a", "desk")
    desk.raise_next(ZeroDivisionError())
    loop = DeliveryLoop(Outbox(database.connect()), {"desk": desk}, SystemClock(), rules=QUICK)
    with pytest.raises(ExceptionGroup) as caught:
        await loop.run(asyncio.Event())
    assert caught.group_contains(ZeroDivisionError)
    assert await states(database) == {("desk", "sending"): 1}


async def test_a_delivery_that_always_takes_the_process_down_is_given_up(database: Database) -> None:
    desk, clock = Receiver(), FixedClock(NOON)
    await cause(database, "a", "desk")
    for _ in range(QUICK.attempts):
        assert await Outbox(database.connect()).claim("desk", now=clock.now(), lease=LEASE, limit=1)
        clock.advance(LEASE)
    async with delivering(database, QUICK, clock, desk=desk):
        await reach(database, {("desk", "dead"): 1})
    assert desk.seen == []


async def test_nothing_configured_delivers_nothing_and_still_stops(database: Database) -> None:
    await cause(database, "a", "desk")
    async with delivering(database):
        await reach(database, {("desk", "held"): 1})
