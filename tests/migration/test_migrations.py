"""One history for both databases: it leads from every earlier revision to exactly what the code expects."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text

import services.alerter.tables
import services.collector.health_state
import services.collector.sources.telegram.session_lease
import services.collector.state
import services.collector.websub.store
import shared.canary
from shared.database import METADATA, create_engine, reading, sqlite_path, writing
from shared.errors import ConfigurationError
from shared.migrations import check_revision, config, upgrade
from tests.support.telling import DAY, NOON

TABLES = (
    services.alerter.tables,
    services.collector.health_state,
    services.collector.sources.telegram.session_lease,
    services.collector.state,
    services.collector.websub.store,
    shared.canary,
)
REVISIONS = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]
HEAD = REVISIONS[-1]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        address: str = await request.getfixturevalue("postgres").create_database()
        return address
    return f"sqlite:///{tmp_path / 'claimwatch.db'}"


async def differences(url: str) -> list[object]:
    """Return in what the database differs from the tables in the code."""

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[object] = compare_metadata(context, METADATA)
        return found

    engine = create_engine(url)
    async with reading(engine) as connection:
        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


def backups(folder: Path) -> list[str]:
    return [one.name for one in folder.glob("*.backup-*")]


async def execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    async with writing(engine) as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def test_the_history_ends_in_what_the_code_expects(url: str) -> None:
    assert await upgrade(url) == HEAD
    assert await differences(url) == []


async def test_a_difference_would_be_seen(url: str) -> None:
    await upgrade(url)
    await execute(url, "ALTER TABLE incidents ADD COLUMN surplus integer")
    assert len(await differences(url)) == 1


@pytest.mark.parametrize("revision", REVISIONS)
async def test_it_leads_on_from_every_revision_and_keeps_what_is_stored(url: str, revision: str) -> None:
    await upgrade(url, revision=revision)
    await execute(url, "INSERT INTO source_state (source, cursor, failures, notes) VALUES ('a feed', '{}', 3, '[]')")
    await upgrade(url)
    assert await differences(url) == []
    engine = create_engine(url)
    async with reading(engine) as connection:
        assert await connection.scalar(text("SELECT failures FROM source_state")) == 3
    await engine.dispose()


async def test_deliveries_keep_their_place_when_a_delivery_may_carry_a_notice(url: str) -> None:
    columns = "state, attempts, ambiguous, created_at, not_before"
    values = "'sent', 1, false, '2016-02-03 12:00:00', '2016-02-03 12:00:00'"
    await upgrade(url, revision="0005")
    await execute(
        url,
        "INSERT INTO incidents (id, revision, status, last_seen_at, document) "
        "VALUES ('i', 1, 'open', '2016-02-03 12:00:00', '{}')",
    )
    await execute(
        url,
        "INSERT INTO alerts (id, incident, kind, version, position, created_at, document) "
        "VALUES ('a', 'i', 'new', 'v', 0, '2016-02-03 12:00:00', '{}')",
    )
    for number in ("1", "2"):
        names = f"'d{number}', 'a', 'i', 's{number}', 'console'"
        await execute(
            url,
            f"INSERT INTO deliveries (id, alert, incident, subscription, channel, {columns}) "
            f"VALUES ({names}, {values})",
        )
    await upgrade(url)
    await execute(
        url,
        f"INSERT INTO deliveries (id, alert, incident, subscription, channel, notice, {columns}) "
        f"VALUES ('d3', 'n', 'subject', 's', 'console', true, {values})",
    )
    engine = create_engine(url)
    async with reading(engine) as connection:
        found = await connection.execute(text("SELECT id, sequence, notice FROM deliveries ORDER BY sequence"))
        rows = [(row.id, row.sequence, bool(row.notice)) for row in found]
    await engine.dispose()
    assert rows == [("d1", 1, False), ("d2", 2, False), ("d3", 3, True)]


async def test_the_history_can_be_walked_back(url: str) -> None:
    from alembic import command  # noqa: PLC0415 - the product never goes back; only this test does

    await upgrade(url)
    engine = create_engine(url, foreign_keys=False)
    async with writing(engine) as connection:
        await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    assert left == ["alembic_version"]


async def test_a_second_migration_finds_nothing_to_do(url: str) -> None:
    assert await upgrade(url) == await upgrade(url) == HEAD


async def test_several_processes_may_migrate_at_once(url: str) -> None:
    assert await asyncio.gather(*(upgrade(url) for _ in range(4))) == [HEAD] * 4
    assert await differences(url) == []


async def test_many_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    async def opened(url: str) -> None:
        engine = create_engine(url)
        async with reading(engine) as connection:
            assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
        await engine.dispose()

    for number in range(100):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        await asyncio.gather(*(opened(url) for _ in range(8)))


async def test_a_database_in_the_right_shape_is_accepted(url: str) -> None:
    await upgrade(url)
    engine = create_engine(url)
    await check_revision(engine)
    await engine.dispose()


async def test_a_database_in_an_older_shape_is_refused_with_the_command_that_cures_it(url: str) -> None:
    engine = create_engine(url)
    with pytest.raises(ConfigurationError, match=r"is empty, this version needs .* Run: claimwatch migrate"):
        await check_revision(engine)
    await upgrade(url, revision=REVISIONS[0])
    with pytest.raises(ConfigurationError, match=rf"is at revision {REVISIONS[0]}, .* Run: claimwatch migrate"):
        await check_revision(engine)
    await engine.dispose()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    await upgrade(url)
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    engine = create_engine(url)
    with pytest.raises(ConfigurationError, match="newer claimwatch"):
        await check_revision(engine)
    with pytest.raises(ConfigurationError, match="newer claimwatch"):
        await upgrade(url)
    await engine.dispose()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    await upgrade(url, revision=REVISIONS[0])
    await execute(url, "CREATE TABLE deliveries (in_the_way integer)")  # the last tables of 0002 cannot be made
    with pytest.raises(Exception, match="deliveries"):
        await upgrade(url)
    await execute(url, "DROP TABLE deliveries")
    assert await upgrade(url) == HEAD
    assert await differences(url) == []


async def test_a_file_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'claimwatch.db'}"
    await upgrade(url)
    assert backups(tmp_path) == []  # there was nothing to lose
    url = f"sqlite:///{tmp_path / 'older.db'}"
    await upgrade(url, revision=REVISIONS[0])
    await execute(url, "INSERT INTO source_state (source, cursor, failures, notes) VALUES ('a', '{}', 3, '[]')")
    await upgrade(url)
    backup = tmp_path / f"older.db.backup-{REVISIONS[0]}"
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISIONS[0],)]
        assert copy.execute("SELECT failures FROM source_state").fetchall() == [(3,)]
    before = backup.stat().st_mtime_ns
    await upgrade(url)
    assert backup.stat().st_mtime_ns == before


async def test_references_are_enforced_on_sqlite_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'claimwatch.db'}"
    await upgrade(url)
    forces = services.alerter.tables.FORCES
    engine = create_engine(url)
    with pytest.raises(Exception, match="FOREIGN KEY"):
        async with writing(engine) as connection:
            await connection.execute(insert(forces).values(incident="none", force="RU", day=DAY, seen=NOON))
    async with reading(engine) as connection:
        assert (await connection.execute(select(forces))).all() == []
    await engine.dispose()
    assert sqlite_path(url) == tmp_path / "claimwatch.db"
