"""Simulated time: it passes as the machine's does, but jumps over every stretch in which nobody has anything to do.

The present is the machine's monotonic clock plus what was jumped over, which stands in a small file that all processes
of a simulation share. The event loop of the process under test jumps to its next timer only when it waits for nothing
else: no socket is ready, and every other thread, every child and the server's process sleep. So an answer of three
milliseconds takes three simulated milliseconds, and an hour of waiting takes none of ours.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import selectors
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

START = datetime(2016, 2, 1, tzinfo=UTC)
"""When every simulation begins."""
_LAYOUT = struct.Struct("dd")
_GRACE = 0.0003
"""Seconds for an answer to come before anyone is asked whether he still works on it."""


class SharedClock:
    """The simulated time in *file*, the same for every process that opens it."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _LAYOUT.size)

    @classmethod
    def begin(cls, file: Path) -> SharedClock:
        """Make *file*, and let time begin at ``START``."""
        file.write_bytes(_LAYOUT.pack(monotonic(), 0.0))
        return cls(file)

    def seconds(self) -> float:
        """Return the seconds since ``START``."""
        began, jumped = _LAYOUT.unpack_from(self._memory)
        return monotonic() - began + jumped

    def now(self) -> datetime:
        """Return the simulated present."""
        return START + timedelta(seconds=self.seconds())

    def jump(self, seconds: float) -> None:
        """Leave *seconds* out."""
        began, jumped = _LAYOUT.unpack_from(self._memory)
        _LAYOUT.pack_into(self._memory, 0, began, jumped + seconds)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop in simulated time, for the process under test; *servers* are the processes it talks to."""

    def __init__(self, clock: SharedClock, servers: tuple[int, ...]) -> None:
        self._simulated = clock
        self._waiting = _JumpingSelector(clock, servers)
        super().__init__(self._waiting)

    def time(self) -> float:
        """Return the simulated seconds."""
        return self._simulated.seconds()

    async def subprocess_exec(self, *arguments: Any, **options: Any) -> Any:
        """Start a process, and never jump while it works."""
        transport, protocol = await super().subprocess_exec(*arguments, **options)
        self._waiting.children.add(transport.get_pid())
        return transport, protocol


class _JumpingSelector(selectors.EpollSelector):
    def __init__(self, clock: SharedClock, servers: tuple[int, ...]) -> None:
        super().__init__()
        self.children: set[int] = set()
        self._clock = clock
        self._servers = servers

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        until = None if timeout is None else monotonic() + timeout
        while True:
            left = _GRACE if until is None else until - monotonic()
            if ready := super().select(max(0.0, min(left, _GRACE))):
                return ready
            if left <= 0:
                return []
            if until is None:
                if ready := super().select(0.02):
                    return ready
                continue
            if self._all_asleep():
                if ready := super().select(0):
                    return ready
                self._clock.jump(max(0.0, until - monotonic()))
                return []

    def _all_asleep(self) -> bool:
        """Whether nobody works on anything that this process may be waiting for."""
        me = str(os.getpid())
        for process in (*self._servers, *self.children):
            states = _states(process)
            if not states:
                self.children.discard(process)
            if "R" in states or "D" in states:
                return False
        return all(state in "SZ" for thread, state in _threads("self") if thread != me)


def _states(process: int) -> str:
    return "".join(state for _, state in _threads(str(process)))


def _threads(process: str) -> list[tuple[str, str]]:
    """Return id and state of every thread: R works, D waits for the disk, S sleeps until somebody wakes it."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208 - hundreds of thousands of times
            with open(f"/proc/{process}/task/{thread}/stat", "rb") as file:  # noqa: PTH123 - as above
                found.append((thread, chr(file.read().rpartition(b") ")[2][0])))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ended meanwhile
    return found
