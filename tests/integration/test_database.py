from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import UtcMoment, create_engine, reading, writing
from shared.errors import ConfigurationError, Reject, Retry
from shared.settings import Secret
from shared.sqlite_driver import PREPARED
from tests.support.postgres_server import PostgresServer

NOTES = Table(
    "notes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("word", String),
    Column("moment", UtcMoment),
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    if request.param == "postgres":
        url = await request.getfixturevalue("postgres").create_database()
    else:
        url = f"sqlite:///{tmp_path / 'a.db'}"
    engine = create_engine(url, patience=5)
    async with writing(engine) as connection:
        await connection.run_sync(NOTES.metadata.create_all)
    yield engine
    await engine.dispose()


async def count(engine: AsyncEngine) -> int:
    async with reading(engine) as connection:
        return len((await connection.execute(select(NOTES))).all())


async def test_a_block_that_ends_is_kept_and_one_that_fails_leaves_nothing(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        await connection.execute(insert(NOTES).values(word="kept"))

    async def fail_half_way() -> None:
        async with writing(engine) as connection:
            await connection.execute(insert(NOTES).values(word="lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_half_way()
    assert await count(engine) == 1


async def test_many_writers_that_read_first_all_get_their_turn(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        await connection.execute(insert(NOTES).values(id=1, word="0"))

    async def add_one() -> None:
        async with writing(engine) as connection:
            word = await connection.scalar(select(NOTES.c.word).where(NOTES.c.id == 1).with_for_update())
            await connection.execute(NOTES.update().values(word=str(int(word) + 1)))

    await asyncio.gather(*(add_one() for _ in range(40)))
    async with reading(engine) as connection:
        assert await connection.scalar(select(NOTES.c.word)) == "40"


async def test_a_reader_sees_one_state_while_others_write(engine: AsyncEngine) -> None:
    async with reading(engine) as connection:
        before = len((await connection.execute(select(NOTES))).all())
        async with writing(engine) as writer:
            await writer.execute(insert(NOTES).values(word="new"))
        assert len((await connection.execute(select(NOTES))).all()) == before == 0
    assert await count(engine) == 1


async def test_a_block_that_is_cancelled_anywhere_is_kept_whole_or_not_at_all(engine: AsyncEngine) -> None:
    async def add_two() -> None:
        async with writing(engine) as connection:
            await connection.execute(insert(NOTES).values(word="one"))
            await connection.execute(insert(NOTES).values(word="other"))

    for steps in range(60):
        task = asyncio.create_task(add_two())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        before = await count(engine)
        assert before % 2 == 0
        await add_two()
        assert await count(engine) == before + 2


async def test_a_moment_comes_back_in_utc_and_a_naive_one_is_refused(engine: AsyncEngine) -> None:
    moment = datetime(2016, 2, 3, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=3)))
    async with writing(engine) as connection:
        await connection.execute(insert(NOTES).values(moment=moment))
    async with reading(engine) as connection:
        found = await connection.scalar(select(NOTES.c.moment).where(NOTES.c.moment == moment))
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC
    with pytest.raises(Exception, match="without a time zone"):
        async with writing(engine) as connection:
            await connection.execute(insert(NOTES).values(moment=datetime(2016, 2, 3)))  # noqa: DTZ001


async def test_a_defect_in_a_statement_is_not_taken_for_a_passing_trouble(engine: AsyncEngine) -> None:
    with pytest.raises(Exception, match="nonsense") as caught:
        async with writing(engine) as connection:
            await connection.execute(text("SELECT nonsense FROM nowhere"))
    assert not isinstance(caught.value, (Retry, Reject, ConfigurationError))


async def test_sqlite_locked_by_another_program_is_a_retry_and_goes_on_afterwards(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", patience=0.05)
    async with writing(engine) as connection:
        await connection.run_sync(NOTES.metadata.create_all)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Retry, match="locked"):
        async with writing(engine) as connection:
            await connection.execute(insert(NOTES).values(word="later"))
    other.execute("ROLLBACK")
    other.close()
    async with writing(engine) as connection:
        await connection.execute(insert(NOTES).values(word="later"))
    assert await count(engine) == 1
    await engine.dispose()


async def test_two_engines_on_one_sqlite_file_never_meet_a_locked_database(tmp_path: Path) -> None:
    engines = [create_engine(f"sqlite:///{tmp_path / 'a.db'}") for _ in range(3)]
    async with writing(engines[0]) as connection:
        await connection.run_sync(NOTES.metadata.create_all)

    async def write(engine: AsyncEngine) -> None:
        for _ in range(20):
            async with writing(engine) as connection:
                await connection.execute(select(NOTES).limit(1))
                await connection.execute(insert(NOTES).values(word="x"))

    await asyncio.gather(*(write(engine) for engine in engines for _ in range(3)))
    assert await count(engines[0]) == 180
    for engine in engines:
        await engine.dispose()


async def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("a poem, and not a short one, about a database that never was" * 20)
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(ConfigurationError, match="not a SQLite database"):
        await count(engine)
    await engine.dispose()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////nowhere/at/all/a.db", "does not exist"),
        ("mysql://u@h/d", "not supported"),
        ("just words", "not an address"),
        ("postgresql://u:hunter2@h/d", "holds a password"),
    ],
)
def test_a_bad_address_is_refused_with_its_fix_and_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        create_engine(url)
    assert caught.value.key == "database"
    assert "hunter2" not in str(caught.value)


async def test_a_server_that_is_not_there_is_a_retry_without_the_password() -> None:
    engine = create_engine("postgresql://u@127.0.0.1:1/d", Secret("hunter2"))
    with pytest.raises(Retry, match="cannot be reached") as caught:
        await count(engine)
    assert "hunter2" not in repr(caught.value) + repr(engine) + str(engine.url)
    await engine.dispose()


@pytest.mark.postgres
async def test_a_database_that_was_never_created_is_refused(postgres: PostgresServer) -> None:
    engine = create_engine(f"postgresql://postgres@127.0.0.1:{postgres.port}/nowhere")
    with pytest.raises(ConfigurationError, match="no database of this name"):
        await count(engine)
    await engine.dispose()


@pytest.mark.postgres
async def test_a_value_that_postgres_cannot_keep_is_rejected(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with pytest.raises(Reject, match="22021"):
        async with writing(engine) as connection:
            await connection.execute(text("SELECT CAST(:word AS text)"), {"word": "a\0b"})
    await engine.dispose()


@pytest.mark.postgres
async def test_a_server_that_restarts_is_a_retry_and_goes_on_afterwards() -> None:
    with PostgresServer.ready() as server:
        engine = create_engine(await server.create_database(), patience=5)
        async with writing(engine) as connection:
            await connection.run_sync(NOTES.metadata.create_all)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):  # several connections in the pool, all of which will be dead
                group.create_task(count(engine))

        async def write_while_it_stops() -> None:
            async with writing(engine) as connection:
                await connection.execute(insert(NOTES).values(word="lost"))
                await asyncio.to_thread(server.stop)
                await connection.execute(insert(NOTES).values(word="lost too"))

        with pytest.raises(Retry):
            await write_while_it_stops()
        with pytest.raises(Retry):
            await count(engine)
        await asyncio.to_thread(server.start)
        assert await count(engine) == 0
        async with writing(engine) as connection:
            await connection.execute(insert(NOTES).values(word="kept"))
        assert await count(engine) == 1
        await engine.dispose()


def prepared() -> int:
    """Return how many SQLite statements this process keeps prepared."""
    return sum(type(one).__module__ == "sqlite3" and type(one).__name__ == "Statement" for one in gc.get_objects())


async def test_lists_of_ever_new_lengths_are_not_all_kept_prepared(tmp_path: Path) -> None:
    engine, before = create_engine(f"sqlite:///{tmp_path / 'a.db'}"), prepared()
    async with writing(engine) as connection:
        await connection.run_sync(NOTES.metadata.create_all)
    for length in range(1, 3 * PREPARED):
        async with reading(engine) as connection:
            await connection.execute(select(NOTES).where(NOTES.c.id.in_(range(length))))
    assert 0 < prepared() - before <= PREPARED
    await engine.dispose()


async def test_whoever_asks_alone_is_given_the_connection_used_last(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    async with reading(engine), reading(engine), reading(engine):
        pass
    used = set()
    for _ in range(6):
        async with reading(engine) as connection:
            used.add(id((await connection.get_raw_connection()).driver_connection))
    assert len(used) == 1
    await engine.dispose()
