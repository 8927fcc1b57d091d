"""What is particular to the embedded log: its file, its retention, its one writer."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.clock import FixedClock
from shared.errors import ConfigurationError, Retry
from shared.eventlog.address import SqliteAddress, SqliteOptions
from shared.eventlog.opening import check_log, create_topics, open_log
from shared.eventlog.plan import Drift
from shared.eventlog.sqlite import SqliteLog
from shared.topics import Topic
from tests.support.log_under_test import fill, fresh_topic, take

NOW = datetime(2016, 2, 3, tzinfo=UTC)


async def _log(path: Path, topic: Topic, clock: FixedClock) -> SqliteLog:
    await create_topics(f"sqlite:///{path}", [topic])
    return SqliteLog(SqliteAddress(path, SqliteOptions()), client="t", clock=clock)


async def test_nothing_a_group_has_still_to_read_is_deleted(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    topic = fresh_topic(partitions=1, kept=timedelta(days=7))
    log = await _log(tmp_path / "log.db", topic, clock)
    await fill(log, topic, 10)
    async with log.subscribe(topic.name, "fast") as fast, log.subscribe(topic.name, "slow") as slow:
        await take(fast, 10, commit=True)
        await take(slow, 4, commit=True)
    assert await log.prune(NOW + timedelta(days=6)) == 0
    assert await log.prune(NOW + timedelta(days=8)) == 4
    assert [record.value async for record in log.read(topic.name)] == [str(n).encode() for n in range(4, 10)]
    async with log.subscribe(topic.name, "slow") as slow:
        assert len(await take(slow, 6, commit=True)) == 6
    assert await log.prune(NOW + timedelta(days=8)) == 6
    await log.close()


async def test_a_group_that_joined_but_never_committed_holds_everything(tmp_path: Path) -> None:
    topic = fresh_topic(partitions=1, kept=timedelta(days=7))
    log = await _log(tmp_path / "log.db", topic, FixedClock(NOW))
    async with log.subscribe(topic.name, "g"):
        await fill(log, topic, 3)
    assert await log.prune(NOW + timedelta(days=8)) == 0
    await log.close()


async def test_many_appends_at_once_share_their_transactions(tmp_path: Path) -> None:
    topic = fresh_topic()
    path = tmp_path / "log.db"
    log = await _log(path, topic, FixedClock(NOW))
    watcher = sqlite3.connect(path)
    before = _commits(path)
    await asyncio.gather(*(log.append(topic.name, f"k{number}", b"v", {}) for number in range(500)))
    watcher.close()
    assert len([record async for record in log.read(topic.name)]) == 500
    assert _commits(path) - before < 50
    await log.close()


def _commits(path: Path) -> int:
    """Count the commit frames in the write-ahead log: SQLite file format section 4.1, "database size after commit"."""
    data = path.with_name(path.name + "-wal").read_bytes()
    page = int.from_bytes(data[8:12], "big")
    frames = range(32, len(data) - 24 - page + 1, 24 + page)
    return sum(1 for at in frames if int.from_bytes(data[at + 4 : at + 8], "big"))


async def test_the_error_of_one_append_does_not_touch_the_others(tmp_path: Path) -> None:
    topic = fresh_topic()
    log = await _log(tmp_path / "log.db", topic, FixedClock(NOW))
    names = [topic.name if number % 2 else "missing" for number in range(100)]
    results = await asyncio.gather(*(log.append(name, "k", b"v", {}) for name in names), return_exceptions=True)
    assert [type(result) for result in results] == [ConfigurationError, type(None)] * 50
    assert len([record async for record in log.read(topic.name)]) == 50
    await log.close()


async def test_a_file_that_is_no_log_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database, and long enough not to be taken for an empty one" * 20)
    later = sqlite3.connect(tmp_path / "later")
    later.execute("PRAGMA user_version = 99")
    later.close()
    for name, said in (("text", "not a database"), ("later", "later version"), ("no/such/folder", "unable to open")):
        with pytest.raises(ConfigurationError, match=said):
            await check_log(f"sqlite:///{tmp_path / name}")


async def test_drift_is_reported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    topic = fresh_topic(partitions=3)
    await create_topics(url, [topic])
    changed = Topic(topic.name, topic.message, topic.key, timedelta(days=2), partitions=4)
    assert (await create_topics(url, [changed])).drift == (
        Drift(topic.name, "partitions", "4", "3"),
        Drift(topic.name, "kept", "2 days", "1 days"),
    )


async def test_a_dry_run_creates_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    topic = fresh_topic()
    assert (await create_topics(url, [topic], dry_run=True)).created == (topic.name, topic.dead_letters)
    log = await open_log(url, client="t")
    with pytest.raises(ConfigurationError, match=topic.name):
        await log.append(topic.name, "k", b"", {})
    await log.close()


async def test_a_closed_log_says_later_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    topic = fresh_topic()
    log = await _log(tmp_path / "log.db", topic, FixedClock(NOW))
    await log.close()
    await log.close()
    with pytest.raises(Retry, match="closed"):
        await log.append(topic.name, "k", b"", {})


async def test_two_processes_may_make_the_file_at_the_same_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    topic = fresh_topic()
    reports = await asyncio.gather(*(create_topics(url, [topic]) for _ in range(8)))
    assert sum(bool(report.created) for report in reports) == 1
