"""Two collectors as processes on one database and one session file: one reads, and is killed; the other goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.mtproto import MtprotoServer
from tests.support.processes import PATIENCE, Service, prepare, until, write_configuration

pytestmark = pytest.mark.timeout(400)


def published(database: Path) -> list[tuple[str, int]]:
    """Return the posts that were published and remembered, with their versions."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.execute("SELECT url, version FROM source_item ORDER BY url"))


def configuration(folder: Path, session: str) -> Path:
    """Write what both processes read: one database, one log, one channel, one session in a file of its own."""
    secret = folder / "telegram-session"
    secret.write_text(f"{session}\n")
    channel = {"id": "war", "name": "War", "kind": "telegram", "channel": "warnews"}
    account = {"mode": "account", "accept_terms": True, "api_id": 1, "api_hash": "hash", "session_file": str(secret)}
    tree = {
        "log": f"sqlite:///{folder / 'log.db'}",
        "database": f"sqlite:///{folder / 'state.db'}",
        "collector": {"spread": 0, "sources": [channel], "telegram": account | {"interval": 5}},
    }
    return write_configuration(folder / "claimwatch.toml", tree)


async def test_the_session_of_a_killed_collector_is_taken_over_and_never_used_twice(tmp_path: Path) -> None:
    async with MtprotoServer() as server:
        channel = server.channel("WarNews")
        channel.post("One killed")
        session = server.session()
        config = configuration(tmp_path, session)
        await asyncio.to_thread(prepare, config)
        first, second = (Service("collect", tmp_path / name, config) for name in ("first", "second"))
        for service in (first, second):
            service.directory.mkdir()
        running = {"first": first, "second": second}

        def remembered(posts: int) -> Callable[[], bool]:
            return lambda: (
                published(tmp_path / "state.db")
                == [(f"https://t.me/WarNews/{number}", 1) for number in range(1, posts + 1)]
            )

        try:
            first.start()
            await until(remembered(1), "the first process reads", running=running, patience=PATIENCE)
            second.start()
            await until(
                lambda: f"process {first.pid})" in second.log,
                "the second stands by",
                running=running,
                patience=PATIENCE,
            )
            assert server.connected == 1
            first.kill()
            channel.post("Two killed")
            await until(remembered(2), "the second process takes over", running=running, patience=PATIENCE)
            assert second.stop() == 0
        finally:
            for service in (first, second):
                service.kill_if_running()
    assert session not in first.log + second.log
    assert server.calls["ResolveUsername"] == 1
