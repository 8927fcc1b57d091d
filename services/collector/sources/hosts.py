"""Courtesy to servers: how many requests at once, how far apart, and not before they said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.collector.sources import HostPaused


def loop_time() -> float:
    """Return the time of the running event loop, by which waits are measured too."""
    return asyncio.get_running_loop().time()


@dataclass
class _Host:
    turn: asyncio.Semaphore
    pace: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_start: float = 0.0
    closed_until: float = 0.0


@dataclass
class Hosts:
    """One turn after another for each host.

    ``at_once`` requests run side by side on one host, their starts at least ``spacing`` seconds apart. Kept in memory;
    who runs the fetcher keeps the pauses that hosts asked for, and closes the hosts again after a restart.
    """

    at_once: int = 1
    spacing: float = 1.0
    timer: Callable[[], float] = loop_time
    _hosts: dict[str, _Host] = field(default_factory=dict, init=False)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at *host* and hold it.

        Raises:
            HostPaused: the host asked everyone to stay away for now; nothing is sent.

        """
        state = self._state(host)
        async with state.turn:
            async with state.pace:
                self._check_open(host, state)
                if (wait := state.next_start - self.timer()) > 0:
                    await asyncio.sleep(wait)
                    self._check_open(host, state)
                state.next_start = self.timer() + self.spacing
            yield

    def close_for(self, host: str, seconds: float) -> None:
        """Send nothing to *host* for *seconds*: it said ``Retry-After``."""
        state = self._state(host)
        state.closed_until = max(state.closed_until, self.timer() + seconds)

    def _check_open(self, host: str, state: _Host) -> None:
        rest = state.closed_until - self.timer()
        if rest > 0:
            raise HostPaused(f"{host}: the server asked for a pause; {rest:.0f} seconds of it are left", after=rest)

    def _state(self, host: str) -> _Host:
        if host not in self._hosts:
            self._hosts[host] = _Host(asyncio.Semaphore(self.at_once))
        return self._hosts[host]
