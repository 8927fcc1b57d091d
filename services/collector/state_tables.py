"""The collector's tables, and how rows are put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import METADATA, UtcMoment

SOURCE_STATE = Table(
    "source_state",
    METADATA,
    Column("source", String, nullable=False),
    Column("cursor", JSON, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_look_at", UtcMoment),
    Column("last_ok_at", UtcMoment),
    Column("last_new_at", UtcMoment),
    Column("last_error", Text),
    Column("last_error_at", UtcMoment),
    Column("next_due_at", UtcMoment),
    Column("leased_until", UtcMoment),
    Column("notes", JSON, nullable=False),
    Column("interval", Float),
    Column("farewell", JSON(none_as_null=True)),
    Column("identity", String),
    PrimaryKeyConstraint("source", name="pk_source_state"),
)

SOURCE_ITEM = Table(
    "source_item",
    METADATA,
    Column("item", String(36), nullable=False),
    Column("source", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("version_id", String(36), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("url", Text),
    Column("title", Text),
    Column("published_at", UtcMoment),
    Column("last_seen_at", UtcMoment, nullable=False),
    Column("link", String(32)),
    Column("story", String(32)),
    Column("recent", JSON(none_as_null=True)),
    PrimaryKeyConstraint("item", name="pk_source_item"),
    Index("ix_source_item_source_last_seen_at", "source", "last_seen_at"),
    Index("ix_source_item_source_link", "source", "link"),
    Index("ix_source_item_source_story", "source", "story"),
)

HOST_PAUSE = Table(
    "host_pause",
    METADATA,
    Column("host", String, nullable=False),
    Column("until", UtcMoment, nullable=False),
    PrimaryKeyConstraint("host", name="pk_host_pause"),
)

SOURCE_ACTIVITY = Table(
    "source_activity",
    METADATA,
    Column("source", String, nullable=False),
    Column("until", UtcMoment, nullable=False),
    PrimaryKeyConstraint("source", name="pk_source_activity"),
)

Guard = Callable[[Any], ColumnElement[bool]]
"""Given the new row, what must hold for it to take the place of the old one."""


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: list[dict[str, Any]],
    columns: Iterable[str],
    *,
    when: Guard | None = None,
) -> None:
    """Insert *rows*; where the key exists, set *columns* if *when*, given the new row, holds."""
    await connection.execute(_upserting(connection.dialect.name, table, frozenset(columns), when), rows)


@lru_cache(maxsize=64)
def _upserting(
    dialect: str, table: Table, columns: frozenset[str], when: Guard | None
) -> SqliteInsert | PostgresInsert:
    """Return the statement, made once: SQLAlchemy takes longer to write it than the database to carry it out."""
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={column: statement.excluded[column] for column in sorted(columns)},
        where=when(statement.excluded) if when else None,
    )


@lru_cache(maxsize=4)
def adding(dialect: str, table: Table = SOURCE_STATE) -> SqliteInsert | PostgresInsert:
    """Return the statement that adds to *table* the rows which are not there yet."""
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing()


def not_older(new: Any) -> ColumnElement[bool]:
    """Let a further version stay: a second collector may have published it meanwhile."""
    older: ColumnElement[bool] = SOURCE_ITEM.c.version <= new.version
    return older


def _longer(table: Table) -> Guard:
    def holds(new: Any) -> ColumnElement[bool]:
        longer: ColumnElement[bool] = table.c.until < new.until
        return longer

    return holds


LONGER: dict[Table, Guard] = {table: _longer(table) for table in (HOST_PAUSE, SOURCE_ACTIVITY)}
"""Let a later moment stay."""
