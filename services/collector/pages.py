"""The pages that are to be read again, over a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import (
    JSON,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    delete,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.collector.rereading import KEPT, Page
from shared.database import METADATA, UtcMoment, reading, writing

ARTICLE_PAGE = Table(
    "article_page",
    METADATA,
    Column("item", String(36), nullable=False),
    Column("source", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("entry", JSON, nullable=False),
    Column("first_seen_at", UtcMoment, nullable=False),
    Column("next_due_at", UtcMoment),
    Column("landed", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("text_hash", String(64)),
    Column("length", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("missing_since", UtcMoment),
    PrimaryKeyConstraint("item", name="pk_article_page"),
    Index("ix_article_page_next_due_at_source", "next_due_at", "source"),
    Index("ix_article_page_source", "source"),
)

MOST = 500
"""Pages remembered for one source; of more, the oldest are let go. A busy outlet has some 300 stories in a day."""


class Pages:
    """The table. Every method raises Retry while the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sources_due(self, now: datetime) -> list[str]:
        """Return the sources that have a page to be read again *now*, the longest due first."""
        due = ARTICLE_PAGE.c.next_due_at
        wanted = select(ARTICLE_PAGE.c.source).where(due <= now).group_by(ARTICLE_PAGE.c.source).order_by(func.min(due))
        async with reading(self._engine) as connection:
            return list((await connection.execute(wanted)).scalars())

    async def due(self, source: str, now: datetime, most: int) -> list[Page]:
        """Return the pages of *source* to be read again *now*, the longest due first, at most so many."""
        table = ARTICLE_PAGE.c
        wanted = select(ARTICLE_PAGE).where(table.source == source, table.next_due_at <= now)
        async with reading(self._engine) as connection:
            rows = await connection.execute(wanted.order_by(table.next_due_at, table.item).limit(most))
        return [Page(**row) for row in rows.mappings()]

    async def prune(self, now: datetime) -> int:
        """Forget the pages whose time is over, and the oldest of a source that has too many; return how many."""
        table = ARTICLE_PAGE.c
        newest = func.row_number().over(partition_by=table.source, order_by=(table.first_seen_at.desc(), table.item))
        ranked = select(table.item, newest.label("place")).subquery()
        beyond = select(ranked.c.item).where(ranked.c.place > MOST)
        old = (table.first_seen_at < now - KEPT) | table.item.in_(beyond)
        async with writing(self._engine) as connection:
            return (await connection.execute(delete(ARTICLE_PAGE).where(old))).rowcount


async def remember(connection: AsyncConnection, pages: Sequence[Page], forget: Sequence[str] = ()) -> None:
    """Write *pages* in the place of what was known of them, and *forget* the pages of those items."""
    old = [*(page.item for page in pages), *forget]
    if old:
        await connection.execute(delete(ARTICLE_PAGE).where(ARTICLE_PAGE.c.item.in_(old)))
    if pages:
        await connection.execute(ARTICLE_PAGE.insert(), [_row(page) for page in pages])


def _row(page: Page) -> dict[str, object]:
    return {one.name: getattr(page, one.name) for one in fields(page)} | {"entry": dict(page.entry)}
