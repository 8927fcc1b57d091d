"""The installed command, run as people run it: in a process of its own, in an empty directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "claimwatch")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without any setting of claimwatch, and with *extra*."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CLAIMWATCH_")}
    return own | {"NO_COLOR": "1", "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"} | dict(extra or {})


def claimwatch(
    *arguments: str | Path,
    directory: Path,
    stdin: str | bytes = b"",
    variables: Mapping[str, str] | None = None,
    timeout: float = 90,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end and return its output and status."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        cwd=directory,
        env=environment(variables),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass
class Running:
    """A command that goes on, and what it has said so far."""

    process: subprocess.Popen[str]
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def follow(self) -> list[threading.Thread]:
        """Begin to collect what the process says."""
        threads = [
            threading.Thread(target=self._collect, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for thread in threads:
            thread.start()
        return threads

    def wait_for(self, text: str, *, timeout: float = 60) -> None:
        """Wait until the process has said *text* on either stream; fail when it ends or takes too long."""
        deadline = time.monotonic() + timeout
        with self._news:
            while not any(text in line for line in (*self.out, *self.err)):
                if self.process.poll() is not None or not self._news.wait(min(1.0, deadline - time.monotonic())):
                    assert time.monotonic() < deadline, f"{text!r} was not said within {timeout} s:\n{self.said}"
                    assert self.process.poll() is None, f"ended before it said {text!r}:\n{self.said}"

    def stop(self, number: signal.Signals = signal.SIGTERM, *, timeout: float = 60) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    @property
    def said(self) -> str:
        """Everything said so far."""
        return "".join([*self.out, *self.err])

    def _collect(self, stream: Iterator[str] | None, lines: list[str]) -> None:
        for line in stream or ():
            with self._news:
                lines.append(line)
                self._news.notify_all()


@contextmanager
def running(*arguments: str | Path, directory: Path, variables: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run a command while the block runs; kill it at the end if it has not ended by itself."""
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        cwd=directory,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    command = Running(process)
    threads = command.follow()
    try:
        yield command
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for thread in threads:
            thread.join()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
