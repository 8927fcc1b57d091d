"""One session, one process: what the lease promises, on every database and across databases."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from services.collector.sources import Elsewhere
from services.collector.sources.telegram.session_lease import SessionLease
from shared.database import create_engine, writing
from shared.errors import Retry
from shared.migrations import upgrade
from tests.support.databases import Database, database

__all__ = ["database"]

KEY = "0" * 64
SHORT = 1.2
"""Seconds of a lease in these tests."""


def nobody() -> None:
    raise AssertionError("the session was let go")


class Machines:
    """Makes leases of processes on machines of their own: they share the database, no files."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._leases: list[SessionLease] = []

    def lease(self, seconds: float = 60.0, key: str = KEY) -> SessionLease:
        folder = self._folder / f"machine-{len(self._leases)}"
        folder.mkdir()
        self._leases.append(SessionLease(self._database.connect(), key, seconds=seconds, folder=folder))
        return self._leases[-1]

    async def close(self) -> None:
        for lease in self._leases:
            await lease.release()


@pytest.fixture
async def machines(database: Database, tmp_path: Path) -> AsyncIterator[Machines]:
    machines = Machines(database, tmp_path)
    yield machines
    await machines.close()


async def test_of_many_processes_that_ask_at_once_one_has_the_session(machines: Machines) -> None:
    leases = [machines.lease() for _ in range(8)]
    results = await asyncio.gather(*(lease.hold(nobody) for lease in leases), return_exceptions=True)
    assert results.count(None) == 1
    refused = [one for one in results if one is not None]
    assert all(isinstance(one, Elsewhere) for one in refused)
    assert all("is in use" in str(one) and f"process {os.getpid()}" in str(one) for one in refused)
    assert all(isinstance(one, Retry) and one.after and 50 < one.after <= 60 for one in refused)


async def test_who_has_it_has_it_again_and_another_session_is_another_matter(machines: Machines) -> None:
    first = machines.lease()
    await first.hold(nobody)
    await first.hold(nobody)
    await machines.lease(key="1" * 64).hold(nobody)


async def test_a_session_that_was_released_is_free_at_once(machines: Machines) -> None:
    first, second = machines.lease(), machines.lease()
    await first.hold(nobody)
    await first.release()
    await second.hold(nobody)
    with pytest.raises(Elsewhere):
        await first.hold(nobody)


async def test_a_session_stays_with_who_renews_it(machines: Machines) -> None:
    first, second = machines.lease(SHORT), machines.lease(SHORT)
    await first.hold(nobody)
    await asyncio.sleep(2 * SHORT)
    with pytest.raises(Elsewhere):
        await second.hold(nobody)


async def test_a_session_that_is_taken_over_is_let_go(machines: Machines, database: Database) -> None:
    lost = asyncio.Event()
    first = machines.lease(SHORT)
    await first.hold(lost.set)
    async with writing(database.connect()) as connection:
        await connection.execute(text("UPDATE telegram_session SET holder = 'another, process 1, x'"))
    await asyncio.wait_for(lost.wait(), SHORT)
    with pytest.raises(Elsewhere, match="another, process 1"):
        await first.hold(nobody)


async def test_a_session_that_cannot_be_renewed_is_let_go_before_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "claimwatch.db"
    await upgrade(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}", patience=0.1)
    lost = asyncio.Event()
    lease = SessionLease(engine, KEY, seconds=SHORT, folder=tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        begun = asyncio.get_running_loop().time()
        await lease.hold(lost.set)
        other.execute("BEGIN IMMEDIATE")
        await asyncio.wait_for(lost.wait(), SHORT)
        assert asyncio.get_running_loop().time() - begun < SHORT
    await engine.dispose()


async def test_the_pause_for_names_is_kept_for_whoever_comes_next(machines: Machines) -> None:
    first, second = machines.lease(), machines.lease()
    assert await first.names_pause() == 0
    await first.hold(nobody)
    await first.pause_names(12_167)
    await first.release()
    assert 12_100 < await second.names_pause() <= 12_167
    assert await machines.lease(key="1" * 64).names_pause() == 0


async def fresh(folder: Path, name: str) -> str:
    url = f"sqlite:///{folder / name}"
    await upgrade(url)
    return url


async def test_two_databases_on_one_machine_do_not_share_a_session(tmp_path: Path) -> None:
    engines = [create_engine(await fresh(tmp_path, name)) for name in ("one.db", "two.db")]
    first, second = (SessionLease(engine, KEY, folder=tmp_path) for engine in engines)
    await first.hold(nobody)
    with pytest.raises(Retry, match=r"on this machine .* with another database") as refused:
        await second.hold(nobody)
    assert not isinstance(refused.value, Elsewhere)
    await first.release()
    await second.hold(nobody)
    await second.release()
    for engine in engines:
        await engine.dispose()


async def test_a_machine_without_a_place_for_locks_does_with_the_database(machines: Machines, tmp_path: Path) -> None:
    lease = machines.lease()
    (tmp_path / "machine-0").rmdir()
    await lease.hold(nobody)


HOLD = """
import asyncio, pathlib, sys
from services.collector.sources.telegram.session_lease import SessionLease
from shared.database import create_engine

async def main():
    url, folder, seconds = sys.argv[1:]
    lease = SessionLease(create_engine(url), "0" * 64, seconds=float(seconds), folder=pathlib.Path(folder))
    await lease.hold(lambda: None)
    print("held", file=sys.stderr, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_who_is_killed_keeps_a_session_until_its_lease_ends_and_no_longer(
    database: Database, machines: Machines, tmp_path: Path
) -> None:
    seconds = 3.0
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, database.url, str(tmp_path), str(seconds), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    assert await asyncio.wait_for(process.stderr.readline(), 30) == b"held\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    heir = SessionLease(database.connect(), KEY, seconds=seconds, folder=tmp_path)
    with pytest.raises(Elsewhere, match=f"process {process.pid}") as refused:
        await heir.hold(nobody)
    assert refused.value.after
    await asyncio.sleep(refused.value.after + 0.1)
    await heir.hold(nobody)
    await heir.release()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
