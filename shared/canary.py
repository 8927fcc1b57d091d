"""When canaries were sent and when they arrived: the one table that both ends of the pipeline write."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import METADATA, UtcMoment, reading, writing

CANARIES = Table(
    "canaries",
    METADATA,
    Column("id", String, primary_key=True),
    Column("sent_at", UtcMoment, nullable=False, index=True),
    Column("arrived_at", UtcMoment),
)
KEPT = timedelta(days=7)


async def record_sent(engine: AsyncEngine, canary: str, now: datetime) -> None:
    """Remember that *canary* (the id of its item) is on its way; a repeat keeps the first moment.

    Raises:
        Retry: the database cannot be reached.

    """
    async with writing(engine) as connection:
        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(CANARIES)
        await connection.execute(insert.values(id=canary, sent_at=now).on_conflict_do_nothing())
        await connection.execute(delete(CANARIES).where(CANARIES.c.sent_at < now - KEPT))


async def record_arrived(engine: AsyncEngine, canary: str, now: datetime) -> bool:
    """Remember that *canary* came through; False when that was known, or the canary is not.

    Raises:
        Retry: the database cannot be reached.

    """
    waiting = (CANARIES.c.id == canary) & CANARIES.c.arrived_at.is_(None)
    async with writing(engine) as connection:
        return (await connection.execute(update(CANARIES).where(waiting).values(arrived_at=now))).rowcount == 1


async def find_overdue(engine: AsyncEngine, before: datetime) -> datetime | None:
    """Return when the first canary was sent, before *before*, that has not arrived, and no later one has either.

    Raises:
        Retry: the database cannot be reached.

    """
    async with reading(engine) as connection:
        arrived = await connection.scalar(
            select(func.max(CANARIES.c.sent_at)).where(CANARIES.c.arrived_at.is_not(None))
        )
        lost = select(func.min(CANARIES.c.sent_at)).where(CANARIES.c.arrived_at.is_(None), CANARIES.c.sent_at < before)
        found: datetime | None = await connection.scalar(lost.where(CANARIES.c.sent_at > arrived) if arrived else lost)
    return found
