"""One session, one process: a lease in the database across machines, a locked file across databases.

Telegram ends a session for good when two places use it at once (AUTH_KEY_DUPLICATED). So no process connects before it
has both, and one that cannot renew its lease in time disconnects before another may take it. Nothing is held by a
process that died: the kernel unlocks the file at once, the lease runs out.

The row also keeps until when Telegram wants no names looked up, which outlives the process that was told.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Column, ColumnElement, PrimaryKeyConstraint, String, Table, Update, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.collector.sources import Elsewhere
from shared.database import METADATA, UtcMoment, reading, writing
from shared.errors import Retry

log = structlog.get_logger(__name__)

TELEGRAM_SESSION = Table(
    "telegram_session",
    METADATA,
    Column("session", String(64), nullable=False),
    Column("holder", String),
    Column("held_until", UtcMoment),
    Column("names_after", UtcMoment),
    PrimaryKeyConstraint("session", name="pk_telegram_session"),
)
"""One row a session, named by a hash of its key; moments are the database's own clock's."""

LEASE = 15.0
"""Seconds a session stays with a process that says nothing more: so long a crash leaves Telegram unread."""
RENEWALS = 5
"""Renewals that fit into a lease."""
MARGIN = 1 / 3
"""Share of the lease before its end at which an unrenewed session is disconnected, so that nobody overlaps."""
ANOTHER = "For a second collector that reads Telegram, log in once more: every process needs a session of its own"


class Lease(Protocol):
    """The right of this process to use one session."""

    async def hold(self, lost: Callable[[], None]) -> None:
        """Return once the session is this process's; *lost* is called when it has to be let go at once.

        Raises:
            Elsewhere: another process reads with it, and publishes into the same database.
            Retry: the session is in use on this machine with another database, or the database is away.

        """
        ...

    async def release(self) -> None:
        """Let another process have the session."""
        ...

    async def names_pause(self) -> float:
        """Return for how many seconds Telegram wants no name looked up."""
        ...

    async def pause_names(self, seconds: float) -> None:
        """Remember that no name is to be looked up for so long, whoever holds the session then."""
        ...


class SessionLease:
    """See :class:`Lease`. *session* is the hash of the session's key; *folder* is where processes meet in a file."""

    def __init__(
        self, engine: AsyncEngine, session: str, *, seconds: float = LEASE, folder: Path | None = None
    ) -> None:
        self._engine = engine
        self._session = session
        self._seconds = seconds
        self._lock = _FileLock((folder or Path(tempfile.gettempdir())) / f"claimwatch-telegram-{session[:32]}.lock")
        self._holder = f"{socket.gethostname()}, process {os.getpid()}, {os.urandom(4).hex()}"
        self._turn = asyncio.Lock()
        self._held: _Held | None = None

    async def hold(self, lost: Callable[[], None]) -> None:
        """See :class:`Lease`."""
        async with self._turn:
            if self._held:
                return
            deadline = await self._take()
            if not self._lock.take():
                await self._give_back()
                raise Retry(
                    "telegram account: another process on this machine uses this session, with another database. Stop "
                    f"it, or leave Telegram to it. {ANOTHER}"
                )
            self._held = _Held(lost)
            self._arm(self._held, deadline)
            self._held.renewing = asyncio.create_task(self._renew(self._held), name="renew the telegram session")
        log.info("telegram session is held by this process", session=self._session[:8])

    async def release(self) -> None:
        """See :class:`Lease`."""
        async with self._turn:
            held = self._held
            self._let_go()
            if held:
                with suppress(Retry):  # it runs out by itself
                    await self._give_back()

    async def names_pause(self) -> float:
        """See :class:`Lease`."""
        async with reading(self._engine) as connection:
            row = TELEGRAM_SESSION.c.session == self._session
            until = await connection.scalar(select(TELEGRAM_SESSION.c.names_after).where(row))
            return max(0.0, (until - await _now(connection)).total_seconds()) if until else 0.0

    async def pause_names(self, seconds: float) -> None:
        """See :class:`Lease`."""
        async with writing(self._engine) as connection:
            until = await _now(connection) + timedelta(seconds=seconds)
            await connection.execute(self._row().values(names_after=until))

    async def _take(self) -> float:
        """Take or renew the lease; return by when, on this process's own clock, it must be renewed or let go."""
        begun = asyncio.get_running_loop().time()
        async with writing(self._engine) as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            await connection.execute(
                dialect.insert(TELEGRAM_SESSION).values(session=self._session).on_conflict_do_nothing()
            )
            now = await _now(connection)
            taken = self._row(_free(now) | (TELEGRAM_SESSION.c.holder == self._holder))
            until = now + timedelta(seconds=self._seconds)
            if (await connection.execute(taken.values(holder=self._holder, held_until=until))).rowcount == 0:
                raise await self._elsewhere(connection, now)
        return begun + self._seconds * (1 - MARGIN)

    async def _elsewhere(self, connection: AsyncConnection, now: datetime) -> Elsewhere:
        query = select(TELEGRAM_SESSION).where(TELEGRAM_SESSION.c.session == self._session)
        row = (await connection.execute(query)).one()
        holder = str(row.holder).rpartition(", ")[0]
        left = (row.held_until - now).total_seconds() if row.held_until else 0.0
        return Elsewhere(
            f"telegram account: its session is in use ({holder}); this process stands by and takes over if that one "
            f"ends. {ANOTHER}",
            after=max(1.0, left),
        )

    async def _give_back(self) -> None:
        async with writing(self._engine) as connection:
            held = self._row(TELEGRAM_SESSION.c.holder == self._holder)
            await connection.execute(held.values(holder=None, held_until=None))

    async def _renew(self, held: _Held) -> None:
        """Renew until *held* is let go; never cancelled, for a driver cut off in mid-transaction may not come back."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds / RENEWALS):
                    await held.over.wait()
            async with self._turn:
                if self._held is not held:
                    return
                try:
                    self._arm(held, await self._take())
                except Elsewhere as reason:
                    log.error("telegram session was taken over", reason=reason.reason)  # noqa: TRY400 - no traceback
                    self._give_up(held)
                except Retry as reason:
                    log.warning("telegram session could not be renewed", reason=reason.reason)

    def _arm(self, held: _Held, deadline: float) -> None:
        """Let the session go at *deadline*, unless it was let go or is renewed before."""
        if held.lapse:
            held.lapse.cancel()
        if not held.over.is_set():
            held.lapse = asyncio.get_running_loop().call_at(deadline, self._give_up, held)

    def _give_up(self, held: _Held) -> None:
        """Disconnect: from now on another process may use the session."""
        if self._held is held:
            log.warning("telegram session is let go", session=self._session[:8])
            self._let_go()
            held.lost()

    def _let_go(self) -> None:
        if self._held:
            self._held.over.set()
            if self._held.lapse:
                self._held.lapse.cancel()
        self._held = None
        self._lock.release()

    def _row(self, *conditions: ColumnElement[bool]) -> Update:
        return update(TELEGRAM_SESSION).where(TELEGRAM_SESSION.c.session == self._session, *conditions)


@dataclass
class _Held:
    """The session while it is held: whom to tell when it is lost, and what keeps it."""

    lost: Callable[[], None]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    lapse: asyncio.TimerHandle | None = None
    renewing: asyncio.Task[None] | None = None


class _FileLock:
    """A file locked by this process alone; a machine without a place for it does without."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Lock the file; False when another process has."""
        if self._file is not None:
            return True
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            log.warning("telegram session cannot be locked on this machine", file=str(self._path), error=error.strerror)
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Unlock it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(TELEGRAM_SESSION.c.held_until.is_(None), TELEGRAM_SESSION.c.held_until <= now)


async def _now(connection: AsyncConnection) -> datetime:
    """Return the database's time: the clocks of two machines need not agree."""
    if connection.dialect.name == "sqlite":
        told = await connection.scalar(select(func.strftime("%Y-%m-%dT%H:%M:%f", "now")))
        return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)
    moment: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return moment.astimezone(UTC)
