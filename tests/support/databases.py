"""A migrated database of either kind, for suites that every database must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import create_engine
from shared.migrations import upgrade


@dataclass
class Database:
    """One database that several processes share: every ``connect`` is an engine of its own."""

    url: str
    engines: list[AsyncEngine] = field(default_factory=list)

    def connect(self) -> AsyncEngine:
        """Return another process's engine."""
        engine = create_engine(self.url)
        self.engines.append(engine)
        return engine

    async def close(self) -> None:
        """Let every engine go."""
        for engine in self.engines:
            await engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh, migrated database of each kind."""
    if request.param == "postgres":
        url = await request.getfixturevalue("postgres").create_database()
    else:
        url = f"sqlite:///{tmp_path / 'claimwatch.db'}"
    await upgrade(url)
    opened = Database(url)
    yield opened
    await opened.close()
