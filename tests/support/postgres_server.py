"""A real PostgreSQL server for the tests: a temporary cluster on a free loopback port.

Outside pytest::

    with PostgresServer.ready() as server:
        url = asyncio.run(server.create_database())
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

START_SECONDS = 60
FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class PostgresMissing(Exception):
    """The server cannot be had on this machine; the text says what is missing."""


def server_programs() -> Path:
    """Return the newest folder with ``initdb`` and ``postgres``.

    Raises:
        PostgresMissing: there is none.

    """
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: _number(one.parent.name), reverse=True)
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise PostgresMissing("no PostgreSQL server program: install the package postgresql to run the tests on it")


def _number(name: str) -> int:
    return int(name) if name.isdigit() else 0


class PostgresServer:
    """One cluster, trusting loopback; ``stop`` and ``start`` make it go away and come back with its data."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    @classmethod
    @contextmanager
    def ready(cls) -> Iterator[PostgresServer]:
        """Make a cluster, start it, and remove it in the end."""
        programs = server_programs()
        folder = Path(tempfile.mkdtemp(prefix="claimwatch-pg-"))
        server = cls(programs, folder)
        try:
            server._initialise()
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)

    async def create_database(self) -> str:
        """Create an empty database and return its address."""
        name = f"claimwatch_{next(self._names)}"
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="postgres", database="postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start, on the same port as before, and return when connections are taken."""
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}"]
        options = [word for each in (*settings, *FAST_AND_FORGETFUL) for word in ("-c", each)]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, *options], stdout=log, stderr=log, **self._user()
        )
        log.close()
        self._await_ready(self._process)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT tells its clients, SIGQUIT pulls the plug."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=START_SECONDS)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialise(self) -> None:
        user = self._user()
        if user:
            os.chown(self._folder, user["user"], user["group"])
        command = [self._programs / "initdb", "-D", self._data, "-U", "postgres", "--auth=trust", "--no-sync"]
        made = subprocess.run(
            [*command, "--encoding=UTF8", "--locale=C"], capture_output=True, text=True, check=False, **user
        )
        assert made.returncode == 0, made.stderr

    def _user(self) -> dict[str, Any]:
        """Return how to run a program: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = names.get("postgres") or names["nobody"]
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": self._folder}

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the word in the last line of the server's own pid file (src/include/utils/pidfile.h, line 8)."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert process.poll() is None, (self._folder / "log").read_text()
            lines = self._pid_lines()
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return
            time.sleep(0.02)
        raise AssertionError((self._folder / "log").read_text())

    def _pid_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole run."""
    try:
        server_programs()
    except PostgresMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run the tests on real PostgreSQL: {missing}")
        pytest.skip(f"NOT TESTED ON REAL POSTGRESQL: {missing}")
    with PostgresServer.ready() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> str:
    """The address of a fresh, empty database."""
    return await postgres.create_database()
