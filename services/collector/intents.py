"""Versions that are about to be published, written down before they are appended.

A collector that is ended between the two steps "append" and "remember" leaves them here, and the next look at the
source publishes them again under the same ids before anything else. So an item that is edited meanwhile has one first
version, not two that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import JSON, Column, Index, PrimaryKeyConstraint, String, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.novelty import Novelty
from services.collector.state_tables import adding
from shared.database import METADATA, UtcMoment

SOURCE_INTENT = Table(
    "source_intent",
    METADATA,
    Column("item", String(36), nullable=False),
    Column("source", String, nullable=False),
    Column("novelty", JSON, nullable=False),
    Column("meant_at", UtcMoment, nullable=False),
    PrimaryKeyConstraint("item", name="pk_source_intent"),
    Index("ix_source_intent_source_meant_at", "source", "meant_at"),
)

_NOVELTY = TypeAdapter(Novelty)


async def intend(connection: AsyncConnection, source: str, novelties: Sequence[Novelty], now: datetime) -> None:
    """Write down that *novelties* of *source* are about to be published; what is written of an item already stays."""
    rows = [
        {
            "item": one.remembered.item,
            "source": source,
            "novelty": _NOVELTY.dump_python(one, mode="json"),
            "meant_at": now,
        }
        for one in novelties
    ]
    if rows:
        await connection.execute(adding(connection.dialect.name, SOURCE_INTENT), rows)


async def intended(connection: AsyncConnection, source: str) -> list[Novelty]:
    """Return the versions of *source* of which it is not known whether they were published, the oldest first."""
    table = SOURCE_INTENT.c
    wanted = select(table.novelty).where(table.source == source).order_by(table.meant_at, table.item)
    return [_NOVELTY.validate_python(value) for value in (await connection.execute(wanted)).scalars()]


async def settled(connection: AsyncConnection, items: Sequence[str]) -> None:
    """Cross out what was meant for *items*: it is published and remembered."""
    await connection.execute(delete(SOURCE_INTENT).where(SOURCE_INTENT.c.item.in_(items)))


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Cross out what was meant *before* for sources that nobody reads any more."""
    await connection.execute(delete(SOURCE_INTENT).where(SOURCE_INTENT.c.meant_at < before))
