"""From the address in the settings to an event log, its topics, and the question whether it can be used."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from types import ModuleType

from shared.errors import ConfigurationError
from shared.eventlog import EventLog, sqlite_tables
from shared.eventlog.address import KafkaAddress, SqliteAddress, parse
from shared.eventlog.plan import TopicPlan, TopicReport, planned, report
from shared.eventlog.sqlite import SqliteLog
from shared.eventlog.sqlite_tables import TopicRow
from shared.topics import Topic


async def open_log(url: str, *, client: str, group_instance: str | None = None) -> EventLog:
    """Return the event log at *url*, ready for use.

    *client* names this process to the log; *group_instance* is a name that stays the same through restarts, for
    Kafka's static membership (StatefulSets), and means nothing to the embedded log.

    Raises:
        ConfigurationError: the address, a right or a file is wrong, or the Kafka client is not installed.
        Retry: the log cannot be reached now.

    """
    address = parse(url)
    if isinstance(address, SqliteAddress):
        log = await asyncio.to_thread(SqliteLog, address, client=client)
        log.start_pruning()
        return log
    kafka: EventLog = await _kafka("kafka").open_kafka(address, client=client, group_instance=group_instance)
    return kafka


async def create_topics(url: str, topics: Sequence[Topic], *, dry_run: bool = False) -> TopicReport:
    """Create the *topics* that are missing, each with its dead-letter topic, and report what differs.

    Nothing that exists is changed: partitions cannot shrink, and a new number would move keys. With *dry_run* nothing
    is created either; the report says what would be. Raises as ``open_log``.
    """
    plans = planned(topics)
    address = parse(url)
    if isinstance(address, SqliteAddress):
        return await _create_in_file(address, plans, dry_run=dry_run)
    made: TopicReport = await _kafka("kafka_topics").create_topics(address, plans, dry_run=dry_run)
    return made


async def check_log(url: str) -> None:
    """Return when the log at *url* can be used; otherwise raise as ``open_log``, with a sentence that says why."""
    address = parse(url)
    if isinstance(address, KafkaAddress):
        await _kafka("kafka_topics").check(address)
        return
    log = await asyncio.to_thread(SqliteLog, address, client="check")
    try:
        await log.write(lambda connection: connection.execute("SELECT 1").fetchone())
    finally:
        await log.close()


async def _create_in_file(address: SqliteAddress, plans: Sequence[TopicPlan], *, dry_run: bool) -> TopicReport:
    log = await asyncio.to_thread(SqliteLog, address, client="topics")

    def work(connection: sqlite3.Connection) -> TopicReport:
        result = report(plans, {name: _found(row) for name, row in sqlite_tables.topic_rows(connection).items()})
        if not dry_run:
            for plan in plans:
                kept = plan.kept.total_seconds() if plan.kept is not None else None
                sqlite_tables.add_topic(connection, TopicRow(plan.name, plan.partitions, kept, plan.compacted))
        return result

    try:
        return await log.write(work)
    finally:
        await log.close()


def _found(row: TopicRow) -> TopicPlan:
    kept = timedelta(seconds=row.kept_seconds) if row.kept_seconds is not None else None
    return TopicPlan(row.name, row.partitions, kept, row.compacted)


def _kafka(module: str) -> ModuleType:
    """Return a part of the Kafka adapter; its client is an extra, so it is imported only when an address asks."""
    try:
        return importlib.import_module(f"shared.eventlog.{module}")
    except ModuleNotFoundError as error:
        raise ConfigurationError("log", "the Kafka client is not installed", "Install claimwatch[kafka]") from error
