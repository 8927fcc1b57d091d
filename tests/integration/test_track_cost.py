"""Handling one item costs the same however much is stored: every search goes through an index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerter.channels import Receipt
from services.alerter.outbox import Outbox
from services.alerter.store import Address, Store
from services.alerter.track import track
from shared.database import create_engine, reading
from shared.migrations import upgrade
from tests.support.telling import NOON, tell


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await upgrade(url)
    engine = create_engine(url)
    yield engine
    await engine.dispose()


async def work(engine: AsyncEngine) -> None:
    store, outbox = Store(engine), Outbox(engine)
    for number in range(3):
        tagged = tell(f"item {number}", min=number + 1, max=number + 1, names=("Ivan Petrov",))
        await track(tagged, store, NOON, route=lambda _alert, _incident: [Address("desk", "test")])
    await store.outputs(tell("item 0").item.id)
    later = NOON + timedelta(minutes=1)
    for claimed in await outbox.claim("desk", now=later, lease=timedelta(minutes=1), limit=9):
        await outbox.sent(claimed, Receipt("thread"), later)


async def test_no_statement_walks_through_a_whole_table(engine: AsyncEngine) -> None:
    said: dict[str, Any] = {}

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def note(_connection: Connection, _cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:  # noqa: FBT001 - SQLAlchemy's signature
        if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            said[statement] = given[0] if many else given

    await work(engine)
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(said) > 15
    walks = []
    async with reading(engine) as connection:
        for statement, given in said.items():
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
            walks += [(row.detail, statement) for row in plan if _walks(row.detail)]
    assert walks == []


def _walks(detail: str) -> bool:
    """Tell whether a line of SQLite's plan reads a whole table; the subqueries' results are small."""
    return detail.startswith("SCAN") and not detail.startswith(("SCAN anon", "SCAN (subquery", "SCAN CONSTANT ROW"))
