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


MANY = 2_000
"""Hosts from which on those are forgotten that nobody waits for: a feed may lead to a new one with every entry."""


@dataclass
class _Host:
    turn: asyncio.Semaphore
    pace: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_start: float = 0.0
    closed_until: float = 0.0
    guests: int = 0


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
    _many: int = field(default=MANY, init=False)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at *host* and hold it.

        Raises:
            HostPaused: the host asked everyone to stay away for now; nothing is sent.

        """
        state = self._state(host)
        state.guests += 1
        try:
            async with state.turn:
                async with state.pace:
                    self._check_open(host, state)
                    if (wait := state.next_start - self.timer()) > 0:
                        await asyncio.sleep(wait)
                        self._check_open(host, state)
                    state.next_start = self.timer() + self.spacing
                yield
        finally:
            state.guests -= 1

    @property
    def known(self) -> int:
        """How many hosts are remembered."""
        return len(self._hosts)

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
            if len(self._hosts) >= self._many:
                self._forget()
            self._hosts[host] = _Host(asyncio.Semaphore(self.at_once))
        return self._hosts[host]

    def _forget(self) -> None:
        """Let go the hosts that would be treated the same if they came anew."""
        now = self.timer()
        kept = {
            name: one for name, one in self._hosts.items() if one.guests or max(one.next_start, one.closed_until) > now
        }
        self._hosts, self._many = kept, max(MANY, 2 * len(kept))
