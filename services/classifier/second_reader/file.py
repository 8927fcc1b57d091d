"""The SQLite file that answers and expenses are kept in, shared by every classifier on the machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 5.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, content BLOB NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answer_by_use ON answer (used, size);
CREATE TABLE IF NOT EXISTS spent (
    day TEXT PRIMARY KEY, requests INTEGER NOT NULL, tokens INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""


def prepare(path: Path) -> None:
    """Make the file at *path* and its tables, where they are not there yet.

    Raises:
        sqlite3.Error: the file cannot be made, or is something else.

    """
    with connected(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that commits each statement by itself.

    A connection for each use costs a fraction of a millisecond beside a question of seconds, and needs no lock of ours.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection inside a transaction that no other writer is in; an error undoes it."""
    with connected(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
