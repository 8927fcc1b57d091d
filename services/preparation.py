"""What must be there before a service starts: the database in its right shape, the log with its topics, both reachable.

A part that is away is waited for, with back-off and a line for every attempt; a part that is wrong ends the start with
the command that puts it right.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog

from shared.clock import Clock, SystemClock
from shared.database import create_engine, sqlite_path
from shared.errors import ClaimwatchError, ConfigurationError, Retry
from shared.eventlog.opening import create_topics, open_log
from shared.migrations import check_revision, upgrade
from shared.runtime import Runtime
from shared.settings import SharedSettings
from shared.topics import TOPICS

LOG = structlog.get_logger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds between the first two attempts, and between later ones at most; each wait doubles the one before."""

T = TypeVar("T")


class Stopped(ClaimwatchError):
    """The process was asked to stop while it waited."""


@asynccontextmanager
async def prepared(
    settings: SharedSettings, *, name: str, stop: asyncio.Event, embedded: bool, clock: Clock | None = None
) -> AsyncIterator[Runtime]:
    """Give a runtime with everything in it open; *name* is what the log knows this process by.

    *embedded*: files of ours are made and migrated as needed. Servers are never changed here.

    Raises:
        Stopped: *stop* was set before everything was there.
        ConfigurationError: something is wrong, with the command that puts it right.

    """
    engine = create_engine(settings.database, settings.database_password)
    try:
        if embedded and sqlite_path(settings.database):
            await patiently("database", lambda: upgrade(settings.database), stop)
        await patiently("database", lambda: check_revision(engine), stop)
        own_log = embedded and is_file(settings.log)
        await patiently("log", lambda: ensure_topics(settings.log, create=own_log), stop)
        log = await patiently("log", lambda: open_log(settings.log, client=f"claimwatch-{name}"), stop)
        try:
            yield Runtime(log=log, engine=engine, clock=clock or SystemClock(), stop=stop)
        finally:
            await log.close()
    finally:
        await engine.dispose()


async def ensure_topics(url: str, *, create: bool) -> None:
    """Return when every topic is there; with *create* the missing ones are made.

    Raises:
        ConfigurationError: topics are missing; the text names the command that makes them.
        Retry: the log cannot be reached.

    """
    report = await create_topics(url, TOPICS, dry_run=not create)
    if report.created and not create:
        raise ConfigurationError("log", f"topics are missing: {', '.join(report.created)}", "Run: claimwatch topics")
    for drift in report.drift:
        LOG.warning(
            "topic differs from plan", topic=drift.topic, what=drift.what, planned=drift.planned, found=drift.found
        )


def is_file(log_url: str) -> bool:
    """Whether the log at *log_url* is a file of this machine."""
    return log_url.startswith("sqlite:")


async def patiently(
    what: str, attempt: Callable[[], Coroutine[Any, Any, T]], stop: asyncio.Event, *, first_wait: float = FIRST_WAIT
) -> T:
    """Return what *attempt* gives, trying again for as long as it says ``Retry``.

    Raises:
        Stopped: *stop* was set meanwhile.

    """
    wait, count = first_wait, 0
    while True:
        count += 1
        try:
            return await unless_stopped(attempt(), stop)
        except Retry as reason:
            pause = max(wait, reason.after or 0.0)
            LOG.warning("waiting", part=what, reason=reason.reason, attempt=count, next_in_seconds=round(pause))
            await _sleep(pause, stop)
            wait = min(2 * wait, LONGEST_WAIT)


async def unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T:
    """Return what *work* gives; as soon as *stop* is set, give it up and raise ``Stopped``."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Stopped("stopped while waiting")
    finally:
        for one in (task, stopped):
            one.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
    raise Stopped("stopped while waiting")
