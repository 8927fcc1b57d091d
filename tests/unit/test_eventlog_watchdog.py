"""When a consumer counts as stuck, and what its subscription does then."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from shared.clock import SystemClock
from shared.errors import Retry
from shared.eventlog import Record
from shared.eventlog.address import KafkaOptions
from shared.eventlog.kafka_subscription import KafkaSubscription, Rebalanced
from shared.eventlog.watchdog import Standing, Stuck, Watchdog

BEHIND = Standing({0: 5}, {0: 9}, member=True)
READ_UP = Standing({0: 9}, {0: 9}, member=True)
EXPELLED = Standing({}, {}, member=False)
SPARE = Standing({}, {}, member=True)


@pytest.mark.parametrize("standing", [BEHIND, EXPELLED])
def test_no_movement_with_work_waiting_is_stuck_after_its_time(standing: Standing) -> None:
    watchdog = Watchdog(60, now=0)
    assert not watchdog.stuck(1, standing)
    assert not watchdog.stuck(59, standing)
    assert watchdog.stuck(61, standing)


@pytest.mark.parametrize("standing", [READ_UP, SPARE])
def test_nothing_to_do_is_never_stuck(standing: Standing) -> None:
    watchdog = Watchdog(60, now=0)
    assert not any(watchdog.stuck(now, standing) for now in range(0, 1000, 10))


def test_any_movement_starts_the_time_again() -> None:
    watchdog = Watchdog(60, now=0)
    assert not watchdog.stuck(50, BEHIND)
    assert not watchdog.stuck(100, Standing({0: 6}, {0: 9}, member=True))
    watchdog.moved(150)
    assert not watchdog.stuck(200, Standing({0: 6}, {0: 9}, member=True))


def test_it_looks_only_after_a_while() -> None:
    watchdog = Watchdog(60, now=0)
    assert [watchdog.due(now) for now in (1, 14, 15, 60)] == [False, False, True, True]


class ScriptedReader:
    """A reader that does what the test says."""

    def __init__(self, *, stuck: bool = False, batches: list[list[Record]] | None = None) -> None:
        self.batches = batches or []
        self.standing_now = BEHIND if stuck else READ_UP
        self.committed: list[tuple[int, int]] = []
        self.stopped = False
        self.fails: Exception | None = None

    async def poll(self, seconds: float, limit: int) -> list[Record]:
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails
        return self.batches.pop(0) if self.batches else []

    async def commit(self, partition: int, after: int) -> bool:
        self.committed.append((partition, after))
        return True

    async def standing(self) -> Standing:
        return self.standing_now

    async def stop(self) -> None:
        self.stopped = True


def _record(offset: int) -> Record:
    return Record("t", 0, offset, "k", b"", {}, datetime(2016, 2, 3, tzinfo=UTC))


def _subscription(*readers: ScriptedReader | Exception, stuck: float = 1.0) -> KafkaSubscription:
    waiting = list(readers)

    async def open_reader(watcher: Rebalanced) -> ScriptedReader:
        reader = waiting.pop(0)
        if isinstance(reader, Exception):
            raise reader
        return reader

    return KafkaSubscription(open_reader, "g on t", KafkaOptions(stuck=stuck, drain=5), SystemClock())


async def _first(subscription: KafkaSubscription) -> Record:
    return await asyncio.wait_for(anext(aiter(subscription)), 30)


async def test_a_stuck_consumer_is_replaced_and_its_successor_read() -> None:
    stuck, fresh = ScriptedReader(stuck=True), ScriptedReader(batches=[[_record(5)]])
    subscription = _subscription(stuck, fresh)
    await subscription.start()
    assert (await _first(subscription)).offset == 5
    assert stuck.stopped


async def test_a_successor_that_is_stuck_too_ends_it_loudly() -> None:
    subscription = _subscription(ScriptedReader(stuck=True), ScriptedReader(stuck=True))
    await subscription.start()
    with pytest.raises(Stuck, match="g on t"):
        await _first(subscription)


async def test_a_reader_that_fails_is_replaced_however_long_the_broker_is_away() -> None:
    failing, fresh = ScriptedReader(), ScriptedReader(batches=[[_record(0)]])
    failing.fails = Retry("gone")
    subscription = _subscription(failing, Retry("still away"), fresh)
    await subscription.start()
    assert (await _first(subscription)).offset == 0


async def test_partitions_are_given_back_once_what_is_in_hand_is_committed() -> None:
    reader = ScriptedReader(batches=[[_record(0), _record(1), _record(2)]])
    subscription = _subscription(reader)
    await subscription.start()
    first = await _first(subscription)
    giving_back = asyncio.create_task(subscription.revoked())
    await asyncio.sleep(0.05)
    assert not giving_back.done()
    await subscription.commit(first)
    await asyncio.wait_for(giving_back, 3)
    assert reader.committed == [(0, 1)]


async def test_nothing_read_before_a_move_is_handed_out_or_committed_after_it() -> None:
    reader = ScriptedReader(batches=[[_record(0), _record(1)], [_record(7)]])
    subscription = _subscription(reader)
    await subscription.start()
    old = await _first(subscription)
    await asyncio.gather(subscription.revoked(), subscription.commit(old))
    subscription.assigned()
    await subscription.commit(_record(1))
    assert (await _first(subscription)).offset == 7
    await subscription.commit(_record(1))
    assert reader.committed == [(0, 1)]
