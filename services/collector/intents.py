"""The collector's outbox: versions that are decided and remembered, and may not be on the log yet.

They are written in the transaction that remembers them and moves their source's cursor, and crossed out once they are
appended. Whatever a process that was ended leaves here is appended by the next that takes the source, under the same
ids and before anything else of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.novelty import Novelty
from services.collector.state_tables import SOURCE_STATE, adding
from shared.database import METADATA, UtcMoment

SOURCE_INTENT = Table(
    "source_intent",
    METADATA,
    Column("version_id", String(36), nullable=False),
    Column("source", String, nullable=False),
    Column("novelty", JSON, nullable=False),
    Column("meant_at", UtcMoment, nullable=False),
    Column("place", Integer, nullable=False),
    Column("whole", Boolean, nullable=False),
    PrimaryKeyConstraint("version_id", name="pk_source_intent"),
    Index("ix_source_intent_source_meant_at", "source", "meant_at"),
)

OUTSTANDING = SOURCE_STATE.c.source.in_(select(SOURCE_INTENT.c.source)).label("outstanding")
"""Of a row of ``source_state``: whether the source has anything here."""

_NOVELTY = TypeAdapter(Novelty)
_COMPLETED = (
    update(SOURCE_INTENT)
    .where(SOURCE_INTENT.c.version_id == bindparam("id"))
    .values(novelty=bindparam("with_article"), whole=True)
)


@dataclass(frozen=True)
class Intent:
    """A version to append. ``place`` is its order among those meant at one moment.

    ``whole``: the entry is as it is to be published, with the text of its article if that was to be had.
    """

    novelty: Novelty
    meant_at: datetime
    place: int = 0
    whole: bool = False

    @property
    def id(self) -> str:
        """The version's id, and that of its message."""
        return self.novelty.remembered.version_id


def meant(novelties: Iterable[Novelty], now: datetime, *, whole: bool = False) -> list[Intent]:
    """Return what it is to mean *novelties* now, in their order."""
    return [Intent(one, now, place, whole) for place, one in enumerate(novelties)]


async def write(connection: AsyncConnection, intents: Iterable[tuple[str, Intent]]) -> None:
    """Write *intents* down, each with its source; one that is there already stays."""
    rows = [
        {
            "version_id": one.id,
            "source": source,
            "novelty": _NOVELTY.dump_python(one.novelty, mode="json"),
            "meant_at": one.meant_at,
            "place": one.place,
            "whole": one.whole,
        }
        for source, one in intents
    ]
    if rows:
        await connection.execute(adding(connection.dialect.name, SOURCE_INTENT), rows)


async def complete(connection: AsyncConnection, intents: Sequence[Intent]) -> None:
    """Write down the text with which *intents* are published; those that are crossed out stay so."""
    rows = [{"id": one.id, "with_article": _NOVELTY.dump_python(one.novelty, mode="json")} for one in intents]
    if rows:
        await connection.execute(_COMPLETED, rows)


async def outstanding(connection: AsyncConnection, source: str) -> list[Intent]:
    """Return what of *source* may not be on the log yet, in the order in which it was meant."""
    table = SOURCE_INTENT.c
    wanted = select(table.novelty, table.meant_at, table.place, table.whole).where(table.source == source)
    rows = await connection.execute(wanted.order_by(table.meant_at, table.place, table.version_id))
    return [Intent(_NOVELTY.validate_python(row.novelty), row.meant_at, row.place, row.whole) for row in rows]


async def settle(connection: AsyncConnection, versions: Sequence[str]) -> None:
    """Cross out *versions*: they are on the log."""
    await connection.execute(delete(SOURCE_INTENT).where(SOURCE_INTENT.c.version_id.in_(versions)))


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Cross out what was meant *before* for sources that nobody reads any more."""
    await connection.execute(delete(SOURCE_INTENT).where(SOURCE_INTENT.c.meant_at < before))
