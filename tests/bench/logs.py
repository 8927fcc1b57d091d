"""The event log's throughput beside the same work done barely: sqlite3 in a loop, aiokafka in a loop."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.eventlog import EventLog
from shared.eventlog.opening import create_topics, open_log
from shared.topics import RAW, Topic
from tests.bench.figures import Figure, middle
from tests.support.kafka_broker import KafkaBroker

VALUE = b"x" * 2048
AT_ONCE = 50
"""Appends under way at the same time: what a collector with many sources does."""
BATCH = 100
"""Records between two commits."""
FETCH_WAIT_MS = 25
PARTITIONS = 4
LIMIT = 120.0

Measure = Callable[[], Awaitable[float]]
"""Does a piece of work and returns records a second."""


async def embedded(folder: Path, rounds: int, count: int) -> list[Figure]:
    """Measure the embedded log against plain sqlite3, both with a flush to disk for every transaction."""
    url = f"sqlite:///{folder / 'log.db'}"
    log = await open_log(url, client="bench")
    try:
        pairs: dict[str, list[tuple[float, float]]] = {"one": [], "many": [], "read": []}
        for number in range(rounds):
            topic = await _topic(url)
            plain = _Plain(folder / f"plain{number}.db")
            few = count // 10
            pairs["one"].append((await _appends(log, await _topic(url), few, 1), plain.write(few, 1)))
            pairs["many"].append((await _appends(log, topic, count, AT_ONCE), plain.write(count, AT_ONCE)))
            pairs["read"].append((await _reads(log, topic, count), plain.read(count)))
    finally:
        await log.close()
    group, unit = "embedded log (SQLite, 2 KB records)", "records/s"
    return [
        middle(group, "append one by one", unit, pairs["one"], "sqlite3, a transaction each"),
        middle(group, f"append, {AT_ONCE} at once", unit, pairs["many"], f"sqlite3, a transaction for {AT_ONCE}"),
        middle(
            group,
            f"read, a commit for {BATCH}",
            unit,
            pairs["read"],
            f"sqlite3, {BATCH} rows at a time, a commit for them",
        ),
    ]


async def on_kafka(broker: KafkaBroker, rounds: int, count: int) -> list[Figure]:
    """Measure the Kafka log against aiokafka's own producer and consumer with the same settings."""
    url = f"kafka://{broker.bootstrap}"
    log = await open_log(url, client="bench")
    try:
        pairs: dict[str, list[tuple[float, float]]] = {"one": [], "many": [], "read": []}
        for _ in range(rounds):
            few = count // 10
            single, topic = await _topic(url), await _topic(url)
            pairs["one"].append((await _appends(log, single, few, 1), await _bare_sends(broker, single, few, 1)))
            many = await _appends(log, topic, count, AT_ONCE)
            reads = await _reads(log, topic, count), await _bare_reads(broker, topic, count)
            pairs["many"].append((many, await _bare_sends(broker, topic, count, AT_ONCE)))
            pairs["read"].append(reads)
    finally:
        await log.close()
    group, unit = "Kafka log (2 KB records)", "records/s"
    return [
        middle(group, "append one by one", unit, pairs["one"], "aiokafka, send and wait"),
        middle(group, f"append, {AT_ONCE} at once", unit, pairs["many"], "aiokafka, send and wait, as many at once"),
        middle(
            group,
            f"read, a commit for {BATCH}",
            unit,
            pairs["read"],
            f"aiokafka, getmany of {BATCH}, a commit for each",
        ),
    ]


async def _topic(url: str) -> Topic:
    topic = replace(RAW, name=f"bench.{uuid.uuid4().hex[:8]}", partitions=PARTITIONS)
    await create_topics(url, [topic])
    return topic


async def _appends(log: EventLog, topic: Topic, count: int, width: int) -> float:
    return await _timed(lambda number: log.append(topic.name, f"k{number}", VALUE, {}), count, width)


async def _timed(act: Callable[[int], Awaitable[object]], count: int, width: int) -> float:
    """Do *act* so many times, so many at once; return times a second."""

    async def work(first: int) -> None:
        for number in range(first, count, width):
            await act(number)

    started = perf_counter()
    await asyncio.gather(*(work(first) for first in range(width)))
    return count / (perf_counter() - started)


async def _reads(log: EventLog, topic: Topic, count: int) -> float:
    """Read *count* records with a commit now and then; joining the group is not timed."""
    async with asyncio.timeout(LIMIT), log.subscribe(topic.name, "bench") as subscription:
        seen, started = 0, perf_counter()
        async for record in subscription:
            seen += 1
            if seen % BATCH == 0:
                await subscription.commit(record)
            if seen == count:
                break
        return count / (perf_counter() - started)


async def _bare_sends(broker: KafkaBroker, topic: Topic, count: int, width: int) -> float:
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=True, linger_ms=2, max_request_size=1 << 23
    )
    await producer.start()
    try:
        return await _timed(
            lambda number: producer.send_and_wait(topic.name, VALUE, f"k{number}".encode()), count, width
        )
    finally:
        await producer.stop()


async def _bare_reads(broker: KafkaBroker, topic: Topic, count: int) -> float:
    consumer = AIOKafkaConsumer(
        topic.name,
        bootstrap_servers=broker.bootstrap,
        group_id="bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    await consumer.start()
    try:
        seen, started = 0, perf_counter()
        async with asyncio.timeout(LIMIT):
            while seen < count:
                batches = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
                seen += sum(map(len, batches.values()))
                await consumer.commit()
        return count / (perf_counter() - started)
    finally:
        await consumer.stop()


class _Plain:
    """A table in a file, written and read with nothing between."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("CREATE TABLE record (place INTEGER PRIMARY KEY, key TEXT, value BLOB)")
        self._connection.execute("CREATE TABLE cursor (next INTEGER)")

    def write(self, count: int, batch: int) -> float:
        started = perf_counter()
        for first in range(0, count, batch):
            rows = [(f"k{number}", VALUE) for number in range(first, min(first + batch, count))]
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO record (key, value) VALUES (?, ?)", rows)
            self._connection.execute("COMMIT")
        return count / (perf_counter() - started)

    def read(self, count: int) -> float:
        started, place, seen = perf_counter(), 0, 0
        while seen < count:
            wanted = "SELECT place, key, value FROM record WHERE place > ? ORDER BY place LIMIT ?"
            rows = self._connection.execute(wanted, (place, BATCH)).fetchall()
            seen, place = seen + len(rows), rows[-1][0]
            self._connection.execute("INSERT INTO cursor VALUES (?)", (place,))
        return seen / (perf_counter() - started)
