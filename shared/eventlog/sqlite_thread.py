"""The one thread that writes to the embedded log: what is asked for at the same time shares one transaction.

With ``synchronous=FULL`` a transaction costs a disk flush; fifty concurrent appends then cost one, not fifty.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.errors import ClaimwatchError, Retry

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

_MOST_AT_ONCE = 500


@dataclass
class _Asked:
    """One piece of work, who waits for it, and what came of it."""

    job: Job[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class WriterThread:
    """Runs jobs in the order they were asked for, on a connection that is its own from then on.

    A job that raises one of our errors must not have written anything before: the others of its transaction go on.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="event-log-writer", daemon=True)
        self._closed = False
        self._thread.start()

    async def run(self, job: Job[T]) -> T:
        """Return what *job* returns once its transaction is on disk.

        Raises:
            Retry: the database is locked by another process, the disk is full, or the log is closed.

        """
        if self._closed:
            raise Retry("the event log is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put(_Asked(job, future))
        return await future

    async def close(self) -> None:
        """Finish what was asked for, then end the thread."""
        if not self._closed:
            self._closed = True
            self._asked.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        try:
            while (batch := self._next_batch()) is not None:
                _run_together(self._connection, batch)
                _report(batch)
        finally:
            self._connection.close()

    def _next_batch(self) -> list[_Asked] | None:
        """Wait for work, then take whatever else is already waiting; None when the thread shall end."""
        first = self._asked.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _MOST_AT_ONCE:
            try:
                more = self._asked.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._asked.put(None)
                break
            batch.append(more)
        return batch


def _run_together(connection: sqlite3.Connection, batch: list[_Asked]) -> None:
    """Run *batch* in one transaction; when the transaction fails, everyone in it is told so."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for asked in batch:
            try:
                asked.result = asked.job(connection)
            except ClaimwatchError as error:
                asked.error = error
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - handed to everyone who waits for this transaction
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for asked in batch:
            asked.error = translated(error)


def translated(error: Exception) -> Exception:
    """Return what the callers of the log are told: a lock or a full disk passes, anything else does not."""
    if isinstance(error, sqlite3.OperationalError):
        told = Retry(f"the event log's database cannot be used now: {error}")
        told.__cause__ = error
        return told
    return error


def _report(batch: list[_Asked]) -> None:
    """Wake everyone who waits, with one call for each event loop."""
    for loop in {asked.future.get_loop() for asked in batch}:
        mine = [asked for asked in batch if asked.future.get_loop() is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, mine)


def _settle(batch: list[_Asked]) -> None:
    for asked in batch:
        if asked.future.done():
            continue
        if asked.error is not None:
            asked.future.set_exception(asked.error)
        else:
            asked.future.set_result(asked.result)
