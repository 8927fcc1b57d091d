"""The database behind the services: one engine from an address, reading and writing blocks, one migration history.

SQLite (embedded) and PostgreSQL (at scale) behave alike to the callers; what differs between them stays in this file.
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, DateTime, Dialect, MetaData, TypeDecorator, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.clock import aware
from shared.errors import ConfigurationError, Reject, Retry
from shared.settings import Secret
from shared.sqlite_driver import connecting

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)
"""Every table of every service. Named constraints, because SQLite can only change what has a name."""

PATIENCE = 30.0
"""Seconds to wait for SQLite's one writer, or for a free connection, before saying Retry."""

CONNECTIONS = 15
"""Most connections to one SQLite file. All are kept: each has a thread, and costs more to begin than to hold."""

SWITCHING = 0.02
"""Seconds between attempts to switch a new file to its write-ahead log."""

_READ = "claimwatch_read"
_WRITE = "claimwatch_write"
_WRITER = "claimwatch_writer"

_SQLITE_LATER = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_INTERRUPT}
)
_SQLITE_UNUSABLE = {
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
}
# SQLSTATE classes and codes, PostgreSQL 15 manual, appendix A: connection lost, transaction to be repeated
# (serialization failure, deadlock), out of resources, lock not available, operator intervention (shutdown, starting
# up), system error.
_POSTGRES_LATER = ("08", "40", "53", "55P03", "57", "58")
# A value it cannot hold (NUL, out of range), or too large for an index: class 22, program_limit_exceeded.
_POSTGRES_NEVER = ("22", "54000")
_POSTGRES_REFUSED = {
    "28": ("the server refuses this user or password", "Check the user in `database` and `database_password`"),
    "3D": ("the server has no database of this name", "Create it, for example with createdb"),
    "42501": ("the user lacks a privilege", "Grant the user all rights on the database"),
}


class UtcMoment(TypeDecorator[datetime]):
    """An aware moment. SQLite keeps it without a zone, in UTC; both give it back aware, in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return *value* in UTC, without its zone for SQLite; refuses a naive moment."""
        if value is None:
            return None
        moment = aware(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment, aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def create_engine(
    url: str, password: Secret | None = None, *, patience: float = PATIENCE, foreign_keys: bool = True
) -> AsyncEngine:
    """Return an engine for ``sqlite:///PATH`` or ``postgresql://USER@HOST[:PORT]/NAME``; connects to nothing yet.

    *patience* is in seconds. *foreign_keys* is switched off for migrations only: SQLite changes a table by dropping
    it, and would delete what refers to it.

    Raises:
        ConfigurationError: another kind of address, a password inside it, or a directory that does not exist.

    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite_engine(address, patience, foreign_keys=foreign_keys)
    return _postgres_engine(address, password, patience)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection that sees one consistent state and changes nothing.

    Raises:
        Retry: the database cannot be reached or answered too late.
        ConfigurationError: it refuses us.

    """
    options = engine.get_execution_options().get(_READ, {})
    with translated():
        async with engine.connect() as connection:
            await connection.execution_options(**options)
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Give a connection inside one transaction: committed at the end of the block, rolled back on any error.

    On SQLite the transaction takes the write lock before its first read (``BEGIN IMMEDIATE``), because a reader that
    turns writer is told "database is locked" at once, whatever its busy timeout. Writers of one process queue in turn.

    Raises:
        Retry: the database cannot be reached, is locked too long, or asks to repeat the transaction.
        ConfigurationError: it refuses us.

    """
    turn: asyncio.Lock | None = engine.get_execution_options().get(_WRITER)
    with translated():
        if turn is None:
            async with engine.begin() as connection:
                yield connection
            return
        async with turn, engine.connect() as connection:
            await connection.execution_options(**{_WRITE: True})
            async with connection.begin():
                yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the drivers' errors into ours: ``Retry`` for what time may cure, ``ConfigurationError`` for refusals.

    A value that PostgreSQL can never keep is a ``Reject``. Every other error is a defect and stays what it is.

    Texts carry the driver's own message, never the statement, its values or the address.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise Retry("database: no free connection in time") from error
    except DBAPIError as error:
        raise (_meaning(error.orig, disconnected=error.connection_invalidated) or error) from error
    except (ConnectionError, TimeoutError) as error:
        raise Retry(f"database: cannot be reached ({type(error).__name__})") from error
    except OSError as error:
        if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EMFILE, None} or "Connect call" in str(error):
            raise Retry(f"database: cannot be reached ({error.strerror or type(error).__name__})") from error
        raise
    except Exception as error:
        # asyncpg raises its own errors, unwrapped, while it connects; they are told by their SQLSTATE.
        if not hasattr(error, "sqlstate"):
            raise
        raise (_meaning(error, disconnected=False) or error) from error


def _meaning(error: BaseException | None, *, disconnected: bool) -> Exception | None:
    """Return what *error* means to a caller of ours, or None when it is a defect that must stop the process."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return _sqlite_meaning(error, code & 0xFF)
    state = str(getattr(error, "sqlstate", None) or "")
    for prefix, (problem, fix) in _POSTGRES_REFUSED.items():
        if state.startswith(prefix):
            return ConfigurationError("database", problem, fix)
    if disconnected or state.startswith(_POSTGRES_LATER):
        return Retry(f"database: {state or 'connection lost'}")
    if state.startswith(_POSTGRES_NEVER):
        return Reject(f"database: a value cannot be kept ({state})")
    return None


def _sqlite_meaning(error: BaseException | None, code: int) -> Exception | None:
    if code in _SQLITE_LATER:
        return Retry(f"database: {error}")
    if code in _SQLITE_UNUSABLE:
        return ConfigurationError("database", _SQLITE_UNUSABLE[code], "Name a SQLite file that this user may write")
    return None


def sqlite_path(url: str) -> Path | None:
    """Return the file behind a SQLite address, None for a server's."""
    address = _address(url)
    return Path(str(address.database)) if address.get_backend_name() == "sqlite" else None


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError("database", "not an address", _FORMS) from error
    if address.password is not None:
        raise ConfigurationError("database", "holds a password", "Move it to `database_password`, which is never shown")
    if address.drivername == "postgresql":
        return address
    if address.drivername == "sqlite":
        if not address.database or address.database == ":memory:":
            raise ConfigurationError("database", "names no file", _FORMS)
        return address
    raise ConfigurationError("database", f"{address.drivername!r} is not supported", _FORMS)


_FORMS = "Use sqlite:///PATH or postgresql://USER@HOST/NAME"


def _sqlite_engine(address: URL, patience: float, *, foreign_keys: bool) -> AsyncEngine:
    folder = Path(str(address.database)).parent
    if not folder.is_dir():
        raise ConfigurationError("database", f"the directory {folder} does not exist", "Create it")
    engine = create_async_engine(
        address.set(drivername="sqlite+aiosqlite"),
        async_creator=connecting(str(address.database), patience),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_use_lifo=True,  # whoever was used last has the pages in memory; the others need none while it suffices
        pool_timeout=patience,
        execution_options={_WRITER: asyncio.Lock()},
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
        connection.run_async(lambda driver: _keep_a_write_ahead_log(driver, patience))
        cursor = connection.cursor()
        for pragma in ("synchronous=FULL", f"foreign_keys={int(foreign_keys)}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


async def _keep_a_write_ahead_log(driver: Any, patience: float) -> None:
    """Switch the file to WAL; SQLite refuses at once, busy timeout or not, while another process is switching too."""
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        try:
            await driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
            if not busy or asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(SWITCHING)
        else:
            return


def _postgres_engine(address: URL, password: Secret | None, patience: float) -> AsyncEngine:
    query = dict(address.query)
    if "sslmode" in query:  # libpq's name for what asyncpg calls ssl
        query["ssl"] = query.pop("sslmode")
    secret = password.get_secret_value() if password else None
    return create_async_engine(
        address.set(drivername="postgresql+asyncpg", password=secret, query=query),
        connect_args={
            "timeout": min(patience, 10.0),
            "command_timeout": 2 * patience,
            "server_settings": {"application_name": "claimwatch"},
        },
        execution_options={_READ: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}},
        pool_size=10,
        pool_timeout=patience,
        hide_parameters=True,
    )
