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
import select
import selectors
import struct
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

START = datetime(2016, 2, 1, tzinfo=UTC)
"""When every simulation begins."""
_LAYOUT = struct.Struct("dd")
_GRACE, _LONGEST_GRACE = 0.0001, 0.002
"""Seconds for an answer to come before anyone is asked whether he still works on it; doubled while somebody does."""
_LINE = 512
"""Bytes that hold the name and the state of a thread."""


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
        """Processes begun by this one, those that ended included."""
        self._clock = clock
        self._servers = servers
        self._files: dict[tuple[int, int], int] = {}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        until, grace = monotonic() + timeout, _GRACE
        while True:
            left = until - monotonic()
            if ready := self._ready_within(min(max(left, 0.0), grace)):
                return ready
            if left <= 0:
                return []
            if self._all_asleep():
                if ready := super().select(0):
                    return ready
                self._clock.jump(max(0.0, until - monotonic()))
                return []
            grace = min(2 * grace, _LONGEST_GRACE)

    def _ready_within(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for *seconds*; epoll itself would make at least a millisecond of it."""
        if select.select((self.fileno(),), (), (), seconds)[0]:
            return super().select(0)
        return []

    def _all_asleep(self) -> bool:
        """Whether nobody works on anything that this process may be waiting for.

        Whoever is woken is so by the one who falls asleep after that, and the last in every such chain wakes us. A
        thread that waits for its interpreter sleeps, too, but then another thread of the same process works.
        """
        others = {(process, thread) for process in (*self._servers, *self.children) for thread in _threads(process)}
        mine, here = os.getpid(), threading.get_native_id()
        own = {(mine, thread.native_id) for thread in threading.enumerate() if thread.native_id not in (None, here)}
        watched = others | own
        for ended in self._files.keys() - watched:
            os.close(self._files.pop(ended))
        return not any(self._works(*one) for one in watched)

    def _works(self, process: int, thread: int) -> bool:
        """Say whether a thread does anything: it sleeps (S) until somebody wakes it, or has ended (Z, X)."""
        try:
            if (process, thread) not in self._files:
                name = f"/proc/{process}/task/{thread}/stat"
                self._files[process, thread] = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
            line = os.pread(self._files[process, thread], _LINE, 0)
        except (FileNotFoundError, ProcessLookupError):
            return False
        return line.rpartition(b") ")[2][:1] not in b"SZX"


def _threads(process: int) -> list[int]:
    try:
        return [int(thread) for thread in os.listdir(f"/proc/{process}/task")]  # noqa: PTH208 - thousands of times
    except FileNotFoundError:
        return []  # it ended meanwhile
