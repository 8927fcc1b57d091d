"""One history of the database's shape for all services, SQLite and PostgreSQL alike.

The revisions travel inside the package; no file beside it is read.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import create_engine, reading, sqlite_path, writing
from shared.errors import ConfigurationError
from shared.settings import Secret

LOG = structlog.get_logger(__name__)

LOCK = 0x636C61696D
"""Key of the advisory lock that lets one process migrate at a time on PostgreSQL ("claim" in ASCII)."""


async def upgrade(url: str, password: Secret | None = None, *, revision: str = "head") -> str:
    """Bring the database at *url* to *revision*, in one transaction, and return the revision it has then.

    A SQLite file with something to migrate is first copied to ``NAME.backup-REVISION`` beside it. Several processes
    may ask at once: one migrates, the others then find nothing to do.

    Raises:
        Retry: the database cannot be reached.
        ConfigurationError: it refuses us, or was made by a newer version.

    """
    engine = create_engine(url, password, foreign_keys=False)
    try:
        async with reading(engine) as connection:
            before = await connection.run_sync(_current)
        target = ScriptDirectory.from_config(config()).as_revision_number(revision)
        if before == target and before is not None:
            return before
        _refuse_unknown(before)
        path = sqlite_path(url)
        if path and before:
            await asyncio.to_thread(_copy, path, path.with_name(f"{path.name}.backup-{before}"))
        async with writing(engine) as connection:
            await connection.run_sync(_upgrade, revision)
            after = await connection.run_sync(_current)
    finally:
        await engine.dispose()
    LOG.info("database migrated", before=before, after=after)
    return str(after)


async def check_revision(engine: AsyncEngine) -> None:
    """Return when the database has exactly the shape this version was written for.

    Raises:
        Retry: the database cannot be reached.
        ConfigurationError: it has another shape; the text names the command that cures it.

    """
    async with reading(engine) as connection:
        found = await connection.run_sync(_current)
    wanted = ScriptDirectory.from_config(config()).get_current_head()
    if found == wanted:
        return
    _refuse_unknown(found)
    state = f"is at revision {found}" if found else "is empty"
    raise ConfigurationError("database", f"{state}, this version needs {wanted}", "Run: claimwatch migrate")


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for this package, to run its commands on *connection*."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        # Held until the transaction ends; whoever waited here then reads the revision the first one left.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    command.upgrade(config(connection), revision)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken:
            message = f"the migration left a broken reference in table {broken[0]}"
            raise RuntimeError(message)


def _refuse_unknown(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            "database",
            f"is at revision {found}, which this version does not know",
            "Run the newer claimwatch that made it, or restore the backup taken before",
        )


def _copy(path: Path, target: Path) -> None:
    """Copy a SQLite database that may be in use, whole or not at all."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as copy:
        source.backup(copy)
    shutil.copymode(path, part)
    part.replace(target)
