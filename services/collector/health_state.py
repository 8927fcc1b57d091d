"""What is remembered of the sources' health, and of what the operator was told of it.

Telling goes through a small outbox: a notice is written here before it is appended to the log, and marked once it is
there. A crash in between appends it again under the same id, which its readers know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, PrimaryKeyConstraint, String, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.collector.diagnosis import NETWORK, Told
from services.collector.state_tables import upsert
from services.collector.vitals import Vitals
from shared.database import METADATA, UtcMoment, reading, writing
from shared.notices import Notice

SOURCE_VITALS = Table(
    "source_vitals",
    METADATA,
    Column("source", String, nullable=False),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("source", name="pk_source_vitals"),
)

SOURCE_PROBLEM = Table(
    "source_problem",
    METADATA,
    Column("subject", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("since", UtcMoment, nullable=False),
    Column("over_at", UtcMoment),  # kept for the network only: what failed before it says nothing of a source
    Column("untold", Text),  # the notice that is not in the log yet
    PrimaryKeyConstraint("subject", name="pk_source_problem"),
)


_OF_THESE = select(SOURCE_VITALS).where(SOURCE_VITALS.c.source.in_(bindparam("sources", expanding=True)))


@dataclass(frozen=True)
class Remembered:
    """What was told: the problems that are not over, the notices not yet in the log, when the last storm ended."""

    told: tuple[Told, ...]
    untold: tuple[Notice, ...]
    calm_since: datetime | None


async def change_vitals(connection: AsyncConnection, changes: Mapping[str, Callable[[Vitals], Vitals]]) -> None:
    """Let each of *changes* make a new health record of its source out of the present one, and keep those that differ.

    A source without a record has an empty one.
    """
    if not changes:
        return
    found = await connection.execute(_OF_THESE, {"sources": list(changes)})
    known = {source: Vitals.model_validate_json(document) for source, document in found}
    before = {source: known.get(source, Vitals()) for source in changes}
    after = {source: change(before[source]) for source, change in changes.items()}
    rows = [
        {"source": source, "document": vitals.model_dump_json()}
        for source, vitals in after.items()
        if vitals != before[source]
    ]
    if rows:
        await upsert(connection, SOURCE_VITALS, rows, {"document"})


class HealthState:
    """The health records of all sources and what was told. Every method raises Retry while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def vitals(self) -> dict[str, Vitals]:
        """Return the health record of every source that has one."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(select(SOURCE_VITALS))).all()
        return {row.source: Vitals.model_validate_json(row.document) for row in rows}

    async def remembered(self) -> Remembered:
        """Return what was told, and what is still to be appended to the log."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(select(SOURCE_PROBLEM).order_by(SOURCE_PROBLEM.c.subject))).all()
        return Remembered(
            told=tuple(Told(row.subject, row.kind, row.since) for row in rows if row.over_at is None),
            untold=tuple(Notice.model_validate_json(row.untold) for row in rows if row.untold),
            calm_since=next((row.over_at for row in rows if row.subject == NETWORK), None),
        )

    async def decide(self, notices: Iterable[tuple[Notice, str]]) -> None:
        """Write down *notices*, each with the kind of its problem, before they are told; all of them, or none."""
        async with writing(self._engine) as connection:
            for notice, kind in notices:
                over_at = notice.at if notice.state == "over" else None
                row = {"kind": kind, "since": notice.since, "over_at": over_at, "untold": notice.model_dump_json()}
                upsert = _insert(connection, SOURCE_PROBLEM).values(subject=notice.subject, **row)
                await connection.execute(upsert.on_conflict_do_update(index_elements=["subject"], set_=row))

    async def told(self, notices: Sequence[Notice]) -> None:
        """Remember that *notices* are in the log."""
        table = SOURCE_PROBLEM
        async with writing(self._engine) as connection:
            for notice in notices:
                this = (table.c.subject == notice.subject) & (table.c.untold == notice.model_dump_json())
                if notice.state == "over" and notice.subject != NETWORK:
                    await connection.execute(delete(table).where(this))
                else:
                    await connection.execute(update(table).where(this).values(untold=None))


def _insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
