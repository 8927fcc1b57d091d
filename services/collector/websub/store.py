"""Subscriptions over a restart: a hub that was asked goes on pushing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from services.collector.websub.subscription import Subscription
from shared.database import METADATA, UtcMoment, reading, writing

WEBSUB_SUBSCRIPTION = Table(
    "websub_subscription",
    METADATA,
    Column("source", String, nullable=False),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("token", String(64), nullable=False),
    Column("secret", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("next_at", UtcMoment),
    Column("asked_at", UtcMoment),
    Column("expires_at", UtcMoment),
    Column("pushed_at", UtcMoment),
    Column("failures", Integer, nullable=False),
    PrimaryKeyConstraint("source", name="pk_websub_subscription"),
    UniqueConstraint("token", name="uq_websub_subscription_token"),
)


class Subscriptions:
    """The table. Every method raises Retry while the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def every(self) -> dict[str, Subscription]:
        """Return the subscriptions by source."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(select(WEBSUB_SUBSCRIPTION))).mappings().all()
        return {row["source"]: Subscription(**row) for row in rows}

    async def by_token(self, token: str) -> Subscription | None:
        """Return the subscription whose callback ends in *token*."""
        async with reading(self._engine) as connection:
            wanted = select(WEBSUB_SUBSCRIPTION).where(WEBSUB_SUBSCRIPTION.c.token == token)
            row = (await connection.execute(wanted)).mappings().one_or_none()
        return Subscription(**row) if row else None

    async def begin(self, subscription: Subscription) -> None:
        """Keep *subscription* in the place of its source's earlier one."""
        async with writing(self._engine) as connection:
            await connection.execute(
                delete(WEBSUB_SUBSCRIPTION).where(WEBSUB_SUBSCRIPTION.c.source == subscription.source)
            )
            await connection.execute(WEBSUB_SUBSCRIPTION.insert(), _row(subscription))

    async def change(self, before: Subscription, after: Subscription) -> bool:
        """Keep *after* if what is kept is still *before*, as far as the hub goes; False when another was quicker."""
        table = WEBSUB_SUBSCRIPTION.c
        same = (table.token == before.token) & (table.next_at.is_not_distinct_from(before.next_at))
        async with writing(self._engine) as connection:
            result = await connection.execute(update(WEBSUB_SUBSCRIPTION).where(same).values(_row(after)))
        return result.rowcount > 0

    async def pushed(self, token: str, now: datetime) -> None:
        """Remember that a push came."""
        async with writing(self._engine) as connection:
            table = WEBSUB_SUBSCRIPTION
            await connection.execute(update(table).where(table.c.token == token).values(pushed_at=now))


def _row(subscription: Subscription) -> Mapping[str, Any]:
    return {one.name: getattr(subscription, one.name) for one in fields(subscription)}
