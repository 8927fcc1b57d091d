"""aiosqlite with one trip to its thread for each statement.

SQLAlchemy asks an asynchronous driver four times for what SQLite answers in one go (cursor, execute, fetch, close), and
for a rollback whenever a connection is given back. Each trip costs some hundred microseconds of two threads; the
statement itself mostly costs twenty.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite

_CHUNK = 64
"""Rows that aiosqlite's own iteration takes at a time; SQLAlchemy does not use it."""
PREPARED = 32
"""Statements that a connection keeps prepared. A list of another length is another statement, and one of 500 takes
120 kB: with the driver's own 128 for each of 15 connections that adds up, for little more than what is asked often."""


def connecting(path: str, patience: float) -> Callable[[], Connection]:
    """Return what makes a connection to the file at *path*, to be awaited; *patience* is SQLite's busy timeout."""

    def connect() -> Connection:
        connection = Connection(lambda: sqlite3.connect(path, timeout=patience, cached_statements=PREPARED), _CHUNK)
        connection._thread.daemon = True  # as SQLAlchemy does to aiosqlite's own  # noqa: SLF001
        return connection

    return connect


class Connection(aiosqlite.Connection):
    """A connection whose cursors fetch with the statement, and which rolls back only what was begun."""

    _in_doubt = False

    def cursor(self) -> Cursor:  # type: ignore[override]  # what SQLAlchemy enters is the cursor itself
        """Return a cursor; nothing is asked of SQLite yet."""
        return Cursor(self)

    async def rollback(self) -> None:
        """Roll back if a transaction is open, or may be: what a cancelled task asked for is done all the same."""
        if self._in_doubt or self.in_transaction:
            await super().rollback()
            self._in_doubt = False

    async def run(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Return what *work* returns, in the connection's own thread."""
        return await self._execute(work, self._conn)

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._in_doubt = True
            raise


class Cursor:
    """The part of a cursor that SQLAlchemy uses. Rows are fetched by the trip that executes."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute, and fetch what there is."""

        def work(connection: sqlite3.Connection) -> None:
            self._take(connection.execute(sql, parameters))

        await self._connection.run(work)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Execute once for each of *parameters*."""

        def work(connection: sqlite3.Connection) -> None:
            self._take(connection.executemany(sql, parameters))

        await self._connection.run(work)
        return self

    async def fetchall(self) -> list[Any]:
        """Return the rows."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open any more."""

    def _take(self, cursor: sqlite3.Cursor) -> None:
        self.description, self._rows = cursor.description, cursor.fetchall()
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()
