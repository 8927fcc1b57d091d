"""The tables of the embedded log, and what is done to them; every function takes the connection it works on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.errors import ConfigurationError, Retry
from shared.eventlog import Lag, Record
from shared.partition import key_bytes, partition_of

SCHEMA_VERSION = 1
_BUSY_MILLISECONDS = 5000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (
    name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, kept_seconds REAL, compacted INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS record (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
    key BLOB NOT NULL, value BLOB NOT NULL, headers TEXT NOT NULL, time REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS record_position ON record (topic, partition, "offset");
CREATE TABLE IF NOT EXISTS head (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursor (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY ("group", topic, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS member (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, member TEXT NOT NULL, expires REAL NOT NULL,
    PRIMARY KEY ("group", topic, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lease (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, member TEXT NOT NULL,
    PRIMARY KEY ("group", topic, partition)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class TopicRow:
    """A topic as the log knows it; ``kept_seconds`` None means for ever."""

    name: str
    partitions: int
    kept_seconds: float | None
    compacted: bool


@dataclass(frozen=True)
class Entry:
    """A record to append; *time* in seconds since 1970."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str]
    time: float


def connect(path: Path) -> sqlite3.Connection:
    """Open the log's file, making it and its tables when they are not there.

    Raises:
        ConfigurationError: the file cannot be opened, is no database, or was written by a later version.
        Retry: another process is making the file at this moment.

    """
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            _create(connection)
        # FULL: a record that was acknowledged survives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise Retry(f"{path} is locked by another process") from error
        raise ConfigurationError(
            "log", f"{path} cannot be opened as an event log: {error}", "Check the folder, its rights and the file"
        ) from error
    if version > SCHEMA_VERSION:
        connection.close()
        raise ConfigurationError(
            "log", f"{path} was written by a later version of claimwatch", "Upgrade claimwatch or use another file"
        )
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def topic_rows(connection: sqlite3.Connection) -> dict[str, TopicRow]:
    """Return every topic by name."""
    rows = connection.execute("SELECT name, partitions, kept_seconds, compacted FROM topic")
    return {name: TopicRow(name, count, kept, bool(compacted)) for name, count, kept, compacted in rows}


def add_topic(connection: sqlite3.Connection, row: TopicRow) -> None:
    """Create a topic; one that exists stays as it is."""
    connection.execute(
        "INSERT INTO topic (name, partitions, kept_seconds, compacted) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (row.name, row.partitions, row.kept_seconds, int(row.compacted)),
    )


def partitions_of(connection: sqlite3.Connection, topic: str) -> int:
    """Return how many partitions *topic* has.

    Raises:
        ConfigurationError: there is no such topic.

    """
    row = connection.execute("SELECT partitions FROM topic WHERE name = ?", (topic,)).fetchone()
    if row is None:
        raise ConfigurationError("log", f"there is no topic {topic}", "Create the topics first: claimwatch topics")
    return int(row[0])


def append(connection: sqlite3.Connection, entry: Entry) -> None:
    """Add one record at the end of its key's partition."""
    partition = partition_of(entry.key, partitions_of(connection, entry.topic))
    taken = connection.execute(
        "INSERT INTO head (topic, partition, next) VALUES (?, ?, 1)"
        " ON CONFLICT (topic, partition) DO UPDATE SET next = next + 1 RETURNING next",
        (entry.topic, partition),
    ).fetchone()
    headers = json.dumps(dict(entry.headers))
    connection.execute(
        'INSERT INTO record (topic, partition, "offset", key, value, headers, time) VALUES (?, ?, ?, ?, ?, ?, ?)',
        (entry.topic, partition, taken[0] - 1, key_bytes(entry.key), entry.value, headers, entry.time),
    )


def fetch(
    connection: sqlite3.Connection, topic: str, positions: Mapping[int, int], limit: int, most_bytes: int
) -> list[Record]:
    """Return records from each partition's position on: at most *limit*, an equal share of it for each partition.

    Stops after *most_bytes* of values, but never without a first record.
    """
    found: list[Record] = []
    room = most_bytes
    share = max(1, limit // max(1, len(positions)))
    for partition, start in positions.items():
        for record in _after(connection, topic, partition, start, min(share, limit - len(found))):
            found.append(record)
            room -= len(record.value)
            if room <= 0:
                return found
    return found


def _after(connection: sqlite3.Connection, topic: str, partition: int, start: int, limit: int) -> Iterable[Record]:
    rows = connection.execute(
        'SELECT "offset", key, value, headers, time FROM record'
        ' WHERE topic = ? AND partition = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?',
        (topic, partition, start, limit),
    )
    for offset, key, value, headers, time in rows:
        named = key.decode("utf-8", "surrogateescape")
        moment = datetime.fromtimestamp(time, UTC)
        yield Record(topic, partition, offset, named, value, json.loads(headers), moment)


def lags(connection: sqlite3.Connection, group: str, topic: str, partitions: Sequence[int], now: float) -> list[Lag]:
    """Return how far *group* is behind in each of *partitions*."""
    return [_lag(connection, group, topic, partition, now) for partition in partitions]


def _lag(connection: sqlite3.Connection, group: str, topic: str, partition: int, now: float) -> Lag:
    position = connection.execute(
        'SELECT next FROM cursor WHERE "group" = ? AND topic = ? AND partition = ?', (group, topic, partition)
    ).fetchone()
    start = position[0] if position else 0
    head = connection.execute("SELECT next FROM head WHERE topic = ? AND partition = ?", (topic, partition)).fetchone()
    oldest = connection.execute(
        'SELECT time FROM record WHERE topic = ? AND partition = ? AND "offset" >= ? ORDER BY "offset" LIMIT 1',
        (topic, partition, start),
    ).fetchone()
    behind = max(0, (head[0] if head else 0) - start) if oldest else 0
    return Lag(partition, behind, max(0.0, now - oldest[0]) if oldest else None)


def prune(connection: sqlite3.Connection, now: float) -> int:
    """Delete what its topic no longer keeps, never what a group has still to read; return how many went."""
    gone = 0
    for row in topic_rows(connection).values():
        if row.compacted:
            gone += _compact(connection, row.name)
        elif row.kept_seconds is not None:
            gone += _expire(connection, row.name, now - row.kept_seconds)
    return gone


_UNREAD = (
    ' AND record."offset" < coalesce((SELECT min(cursor.next) FROM cursor'
    " WHERE cursor.topic = record.topic AND cursor.partition = record.partition), 9223372036854775807)"
)
_EXPIRED = f"DELETE FROM record WHERE topic = ? AND time < ?{_UNREAD}"  # noqa: S608 - constants only
_SUPERSEDED = f"""
    DELETE FROM record WHERE topic = ? AND rowid NOT IN (
        SELECT rowid FROM (SELECT rowid, max("offset") FROM record WHERE topic = ? GROUP BY partition, key)
    ){_UNREAD}
"""  # noqa: S608 - constants only


def _expire(connection: sqlite3.Connection, topic: str, before: float) -> int:
    return connection.execute(_EXPIRED, (topic, before)).rowcount


def _compact(connection: sqlite3.Connection, topic: str) -> int:
    """Keep the last record of each key."""
    return connection.execute(_SUPERSEDED, (topic, topic)).rowcount
