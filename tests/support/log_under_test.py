"""Both event logs behind one face, so that one suite can ask the same of each."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.clock import FixedClock
from shared.eventlog import EventLog, Record, Subscription
from shared.eventlog.address import SqliteAddress, parse
from shared.eventlog.opening import create_topics, open_log
from shared.eventlog.sqlite import SqliteLog
from shared.topics import RAW, Topic
from tests.support.kafka_broker import KafkaBroker

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


def fresh_topic(*, partitions: int = 4, kept: timedelta | None = timedelta(days=1), compacted: bool = False) -> Topic:
    """Return a topic no other test uses."""
    return replace(RAW, name=f"t.{uuid.uuid4().hex[:12]}", partitions=partitions, kept=kept, compacted=compacted)


@dataclass
class LogUnderTest:
    """One kind of log: its address, and the ways to hurt it."""

    url: str
    broker: KafkaBroker | None = None
    members: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def prefetch(self) -> int:
        return parse(self.url).options.prefetch

    async def topic(self, topic: Topic | None = None) -> Topic:
        made = topic or fresh_topic()
        await create_topics(self.url, [made])
        return made

    @asynccontextmanager
    async def opened(self, client: str = "test") -> AsyncIterator[EventLog]:
        log = await open_log(self.url, client=client)
        try:
            yield log
        finally:
            await log.close()

    async def hurt(self) -> None:
        """Take the log away for a moment: the broker is killed and started again; the file is locked by another."""
        if self.broker is not None:
            await asyncio.to_thread(self.broker.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(self.broker.start)
        else:
            await asyncio.to_thread(self._hold_the_file)

    def _hold_the_file(self) -> None:
        """Let another process hold the write lock for two seconds, and die with it in the middle of a transaction."""
        address = parse(self.url)
        assert isinstance(address, SqliteAddress)
        script = (
            "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "c.execute('PRAGMA busy_timeout = 5000'); c.execute('BEGIN IMMEDIATE');"
            "c.execute('DELETE FROM record'); print('held', flush=True); time.sleep(60)"
        )
        command = [sys.executable, "-c", script, str(address.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()

    def member(self, topic: str, group: str, output: Path, *, pause: float = 0.0) -> subprocess.Popen[bytes]:
        """Start a member in a process of its own; it writes each record it was given to *output*, then commits it."""
        command = [sys.executable, "-m", "tests.support.log_member", self.url, topic, group, str(output), str(pause)]
        process = subprocess.Popen(command, cwd=ROOT)
        self.members.append(process)
        return process

    def end_members(self) -> None:
        for process in self.members:
            process.kill()
            process.wait()
        self.members.clear()

    async def after_retention(self, topic: Topic) -> list[Record]:
        """Return what *topic* holds once its time has passed and the log has cleaned up."""
        if self.broker is not None:
            return await self._settled(topic, lambda records: not records)
        address = parse(self.url)
        assert isinstance(address, SqliteAddress)
        log = SqliteLog(address, client="later", clock=FixedClock(datetime.now(UTC)))
        await log.prune(datetime.now(UTC) + (topic.kept or timedelta()) + timedelta(seconds=1))
        records = [record async for record in log.read(topic.name)]
        await log.close()
        return records

    async def after_compaction(self, topic: Topic, expected: int) -> list[Record]:
        """Return what *topic* holds once superseded records are gone."""
        if self.broker is not None:
            return await self._settled(topic, lambda records: len(records) <= expected)
        return await self.after_retention(topic)

    async def _settled(self, topic: Topic, enough: Callable[[list[Record]], bool]) -> list[Record]:
        async with self.opened() as log:
            for _ in range(int(PATIENCE)):
                records = [record async for record in log.read(topic.name)]
                if enough(records):
                    break
                await asyncio.sleep(1)
            return records


async def take(subscription: Subscription, count: int, *, commit: bool = False) -> list[Record]:
    """Return the next *count* records, committing each if asked."""
    taken: list[Record] = []

    async def reading() -> None:
        async for record in subscription:
            taken.append(record)
            if commit:
                await subscription.commit(record)
            if len(taken) == count:
                return

    try:
        await asyncio.wait_for(reading(), PATIENCE)
    except TimeoutError:
        raise AssertionError(f"{len(taken)} of {count} records came: {taken[-3:]}") from None
    return taken


async def fill(log: EventLog, topic: Topic, count: int, *, keys: int = 20, start: int = 0) -> list[str]:
    """Append *count* records, values '0', '1', … over so many keys; return the values."""
    values = [str(number) for number in range(start, start + count)]
    for value in values:
        await log.append(topic.name, f"k{int(value) % keys}", value.encode(), {})
    return values


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Wait until *condition* holds."""
    for _ in range(int(PATIENCE * 20)):
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never happened: {what}")


def written(*outputs: Path) -> list[tuple[str, str]]:
    """Return key and value of every record that member processes wrote down, half lines of the killed left out."""
    lines = [line for path in outputs if path.exists() for line in path.read_text().splitlines(keepends=True)]
    return [(line.split()[0], line.split()[1]) for line in lines if line.endswith("\n")]


def in_order(pairs: list[tuple[str, str]]) -> bool:
    """Say whether the first sight of each value comes in order within its key."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    for key, value in pairs:
        if value in seen:
            continue
        seen.add(value)
        if int(value) < last.get(key, -1):
            return False
        last[key] = int(value)
    return True
