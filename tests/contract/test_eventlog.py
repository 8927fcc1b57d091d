"""What every event log promises (``shared.eventlog``), asked of both: SQLite always, Apache Kafka for real."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, Reject, Retry
from shared.eventlog import MAX_RECORD_BYTES, EventLog, Record, Subscription
from shared.partition import partition_of
from shared.topics import Topic
from tests.support.log_under_test import LogUnderTest, fill, fresh_topic, in_order, take, until, written

KAFKA_OPTIONS = "session_ms=1500&fetch_wait_ms=10&drain=2&request_ms=5000"


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogUnderTest]:
    if request.param == "kafka":
        broker = request.getfixturevalue("kafka")
        under = LogUnderTest(f"kafka://{broker.bootstrap}?{KAFKA_OPTIONS}", broker)
    else:
        under = LogUnderTest(f"sqlite:///{tmp_path}/log.db?lease=1.5")
    yield under
    under.end_members()


async def test_key_value_headers_and_time_come_back_as_they_were(under_test: LogUnderTest) -> None:
    topic = await under_test.topic()
    headers = {"ce_id": "1", "пример": "اختبار \n\x00", "empty": ""}
    value = bytes(range(256))
    before = datetime.now(UTC) - timedelta(seconds=2)
    async with under_test.opened() as log:
        await log.append(topic.name, "ключ/1", value, headers)
        await log.append(topic.name, "ключ/1", b"", {})
        async with log.subscribe(topic.name, "g") as subscription:
            first, second = await take(subscription, 2)
    assert (first.topic, first.key, first.value, dict(first.headers)) == (topic.name, "ключ/1", value, headers)
    assert (second.value, dict(second.headers), second.offset) == (b"", {}, first.offset + 1)
    assert before < first.time < datetime.now(UTC) + timedelta(seconds=2)


async def test_one_key_keeps_its_order_among_many_writers(under_test: LogUnderTest) -> None:
    topic = await under_test.topic()

    async def write(log: EventLog, key: str) -> None:
        for number in range(40):
            await log.append(topic.name, key, str(number).encode(), {})

    async with under_test.opened() as log:
        await asyncio.gather(*(write(log, f"k{number}") for number in range(20)))
        async with log.subscribe(topic.name, "g") as subscription:
            records = await take(subscription, 800)
    for number in range(20):
        assert [int(each.value) for each in records if each.key == f"k{number}"] == list(range(40))


async def test_the_partition_is_the_one_kafka_chooses(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=12))
    chance = random.Random(7)
    keys = ["", "a", "ключ", "مفتاح", "🔑", *("k" * chance.randint(1, 60) + str(number) for number in range(300))]
    async with under_test.opened() as log:
        await asyncio.gather(*(log.append(topic.name, key, b"", {}) for key in keys))
        found = {record.key: record.partition async for record in log.read(topic.name)}
    assert found == {key: partition_of(key, 12) for key in keys}


async def test_what_was_not_committed_comes_again(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1))
    async with under_test.opened() as log:
        values = await fill(log, topic, 10)
        async with log.subscribe(topic.name, "g") as subscription:
            records = await take(subscription, 7)
            await subscription.commit(records[3])
        async with log.subscribe(topic.name, "g") as subscription:
            again = await take(subscription, 6)
    assert [record.value.decode() for record in again] == values[4:]


async def test_a_commit_moves_its_own_partition_only(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=3))
    async with under_test.opened() as log:
        await fill(log, topic, 60)
        async with log.subscribe(topic.name, "g") as subscription:
            records = await take(subscription, 60)
            last = [record for record in records if record.partition == records[0].partition][-1]
            await subscription.commit(last)
        rest = 60 - (last.offset + 1)
        async with log.subscribe(topic.name, "g") as subscription:
            again = await take(subscription, rest)
            lags = await subscription.lag()
    assert {record.partition for record in again} == {0, 1, 2} - {last.partition}
    assert {lag.partition: lag.records for lag in lags}[last.partition] == 0
    assert sum(lag.records for lag in lags) == rest


async def test_an_earlier_commit_does_not_undo_a_later_one(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1))
    async with under_test.opened() as log:
        await fill(log, topic, 6)
        async with log.subscribe(topic.name, "g") as subscription:
            records = await take(subscription, 5)
            await subscription.commit(records[4])
            await subscription.commit(records[1])
        async with log.subscribe(topic.name, "g") as subscription:
            assert [record.value for record in await take(subscription, 1)] == [b"5"]


async def test_groups_are_independent(under_test: LogUnderTest) -> None:
    topic = await under_test.topic()
    async with under_test.opened() as log:
        await fill(log, topic, 30)
        async with log.subscribe(topic.name, "one") as one, log.subscribe(topic.name, "two") as two:
            taken = await asyncio.gather(take(one, 30, commit=True), take(two, 30, commit=True))
        async with log.subscribe(topic.name, "three") as three:
            assert len(await take(three, 30)) == 30
    assert all(len({record.value for record in records}) == 30 for records in taken)


async def test_a_closed_subscription_stops(under_test: LogUnderTest) -> None:
    topic = await under_test.topic()

    async def read(subscription: Subscription) -> list[Record]:
        return [record async for record in subscription]

    async with under_test.opened() as log:
        async with log.subscribe(topic.name, "g") as subscription:
            reading = asyncio.create_task(read(subscription))
            await asyncio.sleep(0.1)
            assert not reading.done()
        assert await asyncio.wait_for(reading, 10) == []


async def test_an_iteration_that_was_broken_off_goes_on_where_it_stopped(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1))
    async with under_test.opened() as log:
        values = await fill(log, topic, 20)
        async with log.subscribe(topic.name, "g") as subscription:
            records = [*await take(subscription, 3), *await take(subscription, 17)]
    assert [record.value.decode() for record in records] == values


async def test_lag_counts_what_is_not_committed_and_its_age(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1))
    async with under_test.opened() as log, log.subscribe(topic.name, "g") as subscription:
        assert [lag.records for lag in await subscription.lag()] == [0]
        await fill(log, topic, 5)
        records = await take(subscription, 3)
        await subscription.commit(records[1])
        (lag,) = await subscription.lag()
    assert lag.records == 3
    assert lag.oldest_seconds is not None
    assert 0 <= lag.oldest_seconds < 60


async def test_two_members_share_and_one_takes_over_when_the_other_leaves(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=6))
    async with under_test.opened("a") as a, under_test.opened("b") as b:
        values = await fill(a, topic, 120)
        async with a.subscribe(topic.name, "g") as first:
            seen = [record.value.decode() for record in await take(first, 10, commit=True)]
            async with b.subscribe(topic.name, "g") as second:
                readers = [_Reader(first), _Reader(second)]
                await until(lambda: _shared(first, second, 6), "both hold three of six partitions")
                await fill(a, topic, 120, start=120)
                await until(lambda: sum(len(each.values) for each in readers) >= 220, "everything was read")
                both = [each.values.copy() for each in readers]
                await readers[1].end()
            await fill(a, topic, 60, start=240)
            every = values + [str(number) for number in range(120, 300)]
            await until(lambda: set(seen + readers[0].values + readers[1].values) == set(every), "the first takes over")
            await readers[0].end()
    assert all(len(values) >= 20 for values in both), "both members work"


async def test_a_member_that_joins_while_records_are_handled_loses_and_skips_nothing(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=6))
    async with under_test.opened("a") as a, under_test.opened("b") as b:
        every = await fill(a, topic, 150)
        async with a.subscribe(topic.name, "g") as first:
            slow = _Reader(first, pause=0.01)
            await until(lambda: len(slow.values) > 20, "the first is at work")
            async with b.subscribe(topic.name, "g") as second:
                other = _Reader(second, pause=0.01)
                await until(lambda: set(slow.values + other.values) == set(every), "everything was read")
                await asyncio.gather(slow.end(), other.end())
    pairs = [(f"k{int(value) % 20}", value) for value in slow.values]
    assert in_order(pairs)


async def test_a_killed_member_is_taken_over_and_nothing_is_lost(under_test: LogUnderTest, tmp_path: Path) -> None:
    topic = await under_test.topic(fresh_topic(partitions=6))
    outputs = [tmp_path / "one", tmp_path / "two"]
    async with under_test.opened() as log:
        every = await fill(log, topic, 300)
        victim = under_test.member(topic.name, "g", outputs[0], pause=0.005)
        under_test.member(topic.name, "g", outputs[1], pause=0.005)
        await until(lambda: len(written(outputs[0])) > 30, "the first is at work")
        victim.kill()
        every += await fill(log, topic, 100, start=300)
        await until(lambda: {value for _, value in written(*outputs)} == set(every), "everything was handled")
    assert all(in_order(written(output)) for output in outputs)


async def test_a_commit_for_a_lost_partition_is_dropped(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=2))
    async with under_test.opened("a") as a, under_test.opened("b") as b:
        await fill(a, topic, 40)
        async with a.subscribe(topic.name, "g") as first:
            held = await take(first, 40)
            reading = _Reader(first)
            async with b.subscribe(topic.name, "g") as second:
                await until(lambda: _shared(first, second, 2), "each holds one partition")
                (lost,) = {lag.partition for lag in await second.lag()}
                mine = [record for record in held if record.partition == lost]
                await first.commit(mine[-1])
                again = await take(second, len(mine))
            await reading.end()
    assert [record.offset for record in again] == [record.offset for record in mine]


async def test_nothing_is_lost_when_the_log_goes_away_for_a_moment(under_test: LogUnderTest) -> None:
    topic = await under_test.topic()
    async with under_test.opened() as log:
        async with log.subscribe(topic.name, "g") as subscription:
            reader = _Reader(subscription)
            writing = asyncio.create_task(_write_stubbornly(log, topic, 300))
            await until(lambda: len(reader.values) > 20, "records flow")
            await under_test.hurt()
            every = await writing
            await until(lambda: set(reader.values) == set(every), "everything was read")
            await reader.end()
        held = [record.value.decode() async for record in log.read(topic.name)]
    assert set(held) == set(every)


async def test_what_was_appended_survives_opening_again(under_test: LogUnderTest) -> None:
    topic = await under_test.topic()
    async with under_test.opened() as log:
        values = await fill(log, topic, 20)
    async with under_test.opened() as log, log.subscribe(topic.name, "g") as subscription:
        assert {record.value.decode() for record in await take(subscription, 20)} == set(values)


async def test_a_slow_handler_does_not_grow_memory(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=2))
    block = bytes(100_000)
    async with under_test.opened() as log:
        await asyncio.gather(*(log.append(topic.name, f"k{number}", block, {}) for number in range(600)))
        async with log.subscribe(topic.name, "g") as subscription:
            tracemalloc.start()
            try:
                await take(subscription, 1)
                await asyncio.sleep(1)
                held, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert len(await take(subscription, 599)) == 599
    assert held < 25_000_000, "60 MB wait, and only what is read ahead may be in memory"


async def test_records_past_their_time_go(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1, kept=timedelta(seconds=2)))
    async with under_test.opened() as log:
        await fill(log, topic, 10)
        async with log.subscribe(topic.name, "g") as subscription:
            await take(subscription, 10, commit=True)
    assert await under_test.after_retention(topic) == []
    async with under_test.opened() as log:
        await log.append(topic.name, "k", b"new", {})
        (record,) = [record async for record in log.read(topic.name)]
    assert record.offset == 10, "offsets go on after what was deleted"


async def test_a_compacted_topic_keeps_the_last_record_of_each_key(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1, kept=None, compacted=True))
    async with under_test.opened() as log:
        for number in range(30):
            await log.append(topic.name, f"k{number % 3}", str(number).encode(), {})
        if under_test.broker is not None:
            await asyncio.sleep(3.5)  # the broker compacts closed segments only, and closes one after three seconds
        await log.append(topic.name, "k9", b"30", {})
    records = await under_test.after_compaction(topic, expected=4)
    assert [record.value for record in records] == [b"27", b"28", b"29", b"30"]


async def test_a_topic_that_was_not_created_is_a_configuration_error(under_test: LogUnderTest) -> None:
    await under_test.topic()
    async with under_test.opened() as log:
        with pytest.raises(ConfigurationError, match="claimwatch topics"):
            await log.append("missing", "k", b"", {})
        with pytest.raises(ConfigurationError, match="missing"):
            async with log.subscribe("missing", "g"):
                pass
        with pytest.raises(ConfigurationError, match="missing"):
            await anext(aiter(log.read("missing")))


async def test_the_largest_record_passes_and_a_larger_one_is_rejected(under_test: LogUnderTest) -> None:
    topic = await under_test.topic(fresh_topic(partitions=1))
    async with under_test.opened() as log:
        await log.append(topic.name, "k", bytes(MAX_RECORD_BYTES - 1), {})
        with pytest.raises(Reject, match="too large"):
            await log.append(topic.name, "k", bytes(MAX_RECORD_BYTES), {})
        async with log.subscribe(topic.name, "g") as subscription:
            (record,) = await take(subscription, 1)
    assert len(record.value) == MAX_RECORD_BYTES - 1


class _Reader:
    """Reads in the background and commits each record after a pause."""

    def __init__(self, subscription: Subscription, pause: float = 0.0) -> None:
        self.values: list[str] = []
        self._task = asyncio.create_task(self._read(subscription, pause))

    async def _read(self, subscription: Subscription, pause: float) -> None:
        async for record in subscription:
            self.values.append(record.value.decode())
            await asyncio.sleep(pause)
            await _stubborn(lambda done=record: subscription.commit(done))

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        assert self._task.cancelled() or self._task.exception() is None


async def _write_stubbornly(log: EventLog, topic: Topic, count: int) -> list[str]:
    for number in range(count):
        await _stubborn(lambda at=number: log.append(topic.name, f"k{at % 20}", str(at).encode(), {}))
        await asyncio.sleep(0.005)
    return [str(number) for number in range(count)]


async def _stubborn(act: object) -> None:
    while True:
        try:
            await act()  # type: ignore[operator]
        except Retry:
            await asyncio.sleep(0.1)
        else:
            return


async def _shared(first: Subscription, second: Subscription, partitions: int) -> bool:
    """Say whether two members hold all partitions, half each."""
    ours, theirs = await first.lag(), await second.lag()
    numbers = [lag.partition for lag in (*ours, *theirs)]
    return len(ours) == len(theirs) and sorted(numbers) == list(range(partitions))
