"""What was told of the sources' health, and how notices are delivered, on every database."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.alerter.deliver import DeliveryLoop
from services.alerter.notices import SINK, CanarySink, NoticeHandler, Notices
from services.alerter.outbox import Outbox
from services.alerter.patience import DeliveryRules
from services.alerter.queueing import Address
from services.alerter.subscriptions import Subscription
from services.collector.health_state import HealthState
from services.collector.state import Conclusion, SourceState, State
from services.collector.vitals import Vitals
from shared.canary import find_overdue, record_arrived, record_sent
from shared.clock import FixedClock
from shared.notices import Notice
from tests.support.alerts import NOW, telling
from tests.support.databases import Database, database
from tests.support.receiving import Receiver

__all__ = ["database"]

pytestmark = pytest.mark.timeout(30)

MINUTE = timedelta(minutes=1)
OPERATOR = Address("operator", "console")


def notice(state: str = "raised", subject: str = "a") -> Notice:
    return telling(id=f"{subject} {state}", state=state, subject=subject, sources=(subject,)).notice


async def test_vitals_are_kept_in_the_same_transaction_as_the_source(database: Database) -> None:
    state = State(database.connect())
    await state.conclude(Conclusion(SourceState("a"), NOW, lambda vitals: vitals.failed("blocked", NOW)))
    await state.conclude(Conclusion(SourceState("b"), NOW, lambda vitals: vitals))
    assert await HealthState(database.connect()).vitals() == {"a": Vitals(trouble="blocked", troubled_since=NOW)}
    with pytest.raises(ZeroDivisionError):
        await _save_half(database)
    assert (await HealthState(database.connect()).vitals())["a"].trouble == "blocked"


async def _save_half(database: Database) -> None:
    async with State(database.connect()).saving() as saving:
        await saving.conclusions([Conclusion(SourceState("a"), NOW, lambda vitals: vitals.recovered())])
        raise ZeroDivisionError


async def test_a_decision_is_told_after_a_crash_and_then_never_again(database: Database) -> None:
    memory = HealthState(database.connect())
    await memory.decide([(notice(), "silent")])
    crashed = await HealthState(database.connect()).remembered()
    assert crashed.untold == (notice(),)
    assert [(one.subject, one.kind, one.since) for one in crashed.told] == [("a", "silent", notice().since)]
    await memory.told(crashed.untold)
    assert (await memory.remembered()).untold == ()
    assert len((await memory.remembered()).told) == 1


async def test_a_problem_that_is_over_is_forgotten_once_told_and_a_storm_leaves_its_end(database: Database) -> None:
    memory = HealthState(database.connect())
    for subject in ("a", ":network"):
        await memory.decide([(notice(subject=subject), "failing")])
        await memory.told([notice(subject=subject)])
        await memory.decide([(notice("over", subject), "failing")])
    assert len((await memory.remembered()).untold) == 2
    await memory.told([notice("over"), notice("over", ":network")])
    left = await memory.remembered()
    assert (left.told, left.untold, left.calm_since) == ((), (), NOW)


async def test_a_canary_is_overdue_until_it_or_a_later_one_arrives(database: Database) -> None:
    engine = database.connect()
    await record_sent(engine, "first", NOW)
    await record_sent(engine, "first", NOW + 9 * MINUTE)  # another collector's
    assert await find_overdue(engine, NOW) is None
    await record_sent(engine, "second", NOW + MINUTE)
    assert await find_overdue(engine, NOW + 5 * MINUTE) == NOW
    assert await record_arrived(engine, "second", NOW + 2 * MINUTE)
    assert await find_overdue(engine, NOW + 5 * MINUTE) is None
    assert not await record_arrived(engine, "second", NOW + 3 * MINUTE)
    assert not await record_arrived(engine, "unknown", NOW)
    await record_sent(engine, "third", NOW + timedelta(days=9))
    assert not await record_arrived(engine, "first", NOW)  # forgotten


async def test_a_notice_is_queued_once_and_its_end_follows_in_its_thread(database: Database) -> None:
    notices, operator = Notices(database.connect()), Receiver()
    assert await notices.keep(notice(), [OPERATOR], NOW) == {"operator"}
    assert await Notices(database.connect()).keep(notice(), [OPERATOR], NOW) == frozenset()
    await notices.keep(notice("over"), [OPERATOR], NOW)
    rules = DeliveryRules(poll=timedelta(milliseconds=20))
    loop, stop = (
        DeliveryLoop(Outbox(database.connect()), {"operator": operator}, FixedClock(NOW), rules=rules),
        asyncio.Event(),
    )
    running = asyncio.create_task(loop.run(stop))
    await operator.wait_to_be_told(2)
    stop.set()
    await running
    first, second = operator.told
    assert (first.notice, first.thread) == (notice(), None)
    assert (second.notice, second.thread) == (notice("over"), f"thread of {first.id}")
    assert await Outbox(database.connect()).counts() == {("operator", "sent"): 2}


async def test_the_sink_stops_the_time_once_and_what_arrived_is_forgotten(database: Database) -> None:
    engine = database.connect()
    await record_sent(engine, "item", NOW)
    arrival = telling(id="arrival", kind="canary", state="over", subject=SINK.subscription, summary="item")
    await Notices(engine).keep(arrival.notice, [SINK], NOW)
    sink = CanarySink(database.connect(), lambda: NOW + MINUTE)
    await sink.tell(arrival)
    await sink.tell(arrival)
    assert await find_overdue(engine, NOW + timedelta(hours=1)) is None
    await Notices(engine).forget_canaries(NOW + MINUTE)
    assert await Outbox(engine).counts() == {}


@pytest.mark.parametrize(
    ("kinds", "sources", "queued"),
    [
        ((), (), 0),
        (("new", "conflict"), (), 0),
        (("source-health",), (), 1),
        (("new", "source-health"), ("a", "b"), 1),
        (("source-health",), ("other",), 0),
        (("canary",), (), 0),
    ],
)
async def test_only_who_names_the_kind_is_told(
    database: Database, kinds: tuple[str, ...], sources: tuple[str, ...], queued: int
) -> None:
    one = Subscription.model_validate({"name": "s", "channel": "console", "kinds": kinds, "sources": sources})
    engine = database.connect()
    loop = DeliveryLoop(Outbox(engine), {}, FixedClock(NOW))
    await NoticeHandler(Notices(engine), [one], FixedClock(NOW), loop).handle(notice(), None)
    assert await Outbox(engine).counts() == ({("s", "pending"): 1} if queued else {})
