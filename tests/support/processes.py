"""Services of claimwatch as processes on one configuration file: started, waited for, killed, restarted."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.command import PROGRAM, claimwatch, environment

PATIENCE = 90.0
"""Seconds a condition may take on a machine that has other things to do."""


@dataclass
class Service:
    """One long-running command; what it says over all its lives stands in ``NAME.out`` and ``NAME.log``."""

    name: str
    directory: Path
    config: Path
    lives: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin a life."""
        assert self._process is None, f"{self.name} runs already"
        command = [PROGRAM, self.name, "--config", str(self.config)]
        with self._file("out").open("ab") as out, self._file("log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.directory, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )
        self.lives += 1

    @property
    def pid(self) -> int:
        """Process id of the present life."""
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    def kill(self) -> None:
        """End it at once, as a crash does (SIGKILL)."""
        self.check()
        self._end(signal.SIGKILL)

    def kill_if_running(self) -> None:
        """End it at once if it has not ended yet."""
        if self._process is not None and self._process.poll() is None:
            self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it in good order (SIGTERM) and return the exit status."""
        self.check()
        return self._end(signal.SIGTERM)

    def check(self) -> None:
        """Fail when it ended by itself."""
        assert self._process is not None, f"{self.name} does not run"
        status = self._process.poll()
        assert status is None, f"{self.name} ended by itself with status {status}:\n{self.log[-4000:]}"

    @property
    def out(self) -> str:
        """What it wrote to standard output."""
        return _text(self._file("out"))

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return _text(self._file("log"))

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of its JSON log; half a line of a life that was killed is left out."""
        return list(_json_lines(self.log))

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(number)
        return process.wait(PATIENCE)

    def _file(self, kind: str) -> Path:
        return self.directory / f"{self.name}.{kind}"


@contextmanager
def services(*names: str, directory: Path, config: Path) -> Iterator[dict[str, Service]]:
    """Give the services called *names*, all started; kill at the end of the block those that still run."""
    made = {name: Service(name, directory, config) for name in names}
    try:
        for service in made.values():
            service.start()
        yield made
    finally:
        for service in made.values():
            service.kill_if_running()


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, *, running: Mapping[str, Service], patience: float
) -> None:
    """Wait until *condition* holds; fail at once when one of the *running* services ended by itself."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        for service in running.values():
            if service._process is not None:
                service.check()
        if loop.time() > deadline:
            told = "\n".join(f"--- {service.name}\n{service.log[-3000:]}" for service in running.values())
            raise AssertionError(f"never happened within {patience:.0f} s: {what}\n{told}")
        await asyncio.sleep(0.05)


def write_configuration(path: Path, tree: Mapping[str, Any]) -> Path:
    """Write *tree* as TOML, one top-level key a line, and return *path*."""
    path.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in tree.items()), encoding="utf-8")
    return path


def prepare(config: Path) -> None:
    """Do what an operator does once before the first start: migrate, create the topics."""
    for command in ("migrate", "topics"):
        done = claimwatch(command, "--config", config, directory=config.parent)
        assert done.returncode == 0, f"claimwatch {command}: {done.stdout}{done.stderr}"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _json_lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
