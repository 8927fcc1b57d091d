"""Whether a Kafka consumer still does its work; pure.

A consumer can look alive and yet never rejoin its group or never move on (aiokafka issues 1154, 847, 625). From outside
both show: records wait and the position stays, or the group does not list the member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import ClaimwatchError


class Stuck(ClaimwatchError):
    """A consumer stopped moving, and a new one in its place did not move either: the process must be restarted."""


@dataclass(frozen=True)
class Standing:
    """Where a consumer stands: next offset and end by partition, and whether its group lists it."""

    positions: Mapping[int, int]
    ends: Mapping[int, int]
    member: bool

    @property
    def idle(self) -> bool:
        """Say whether there is nothing to do: a member that has read all it was given."""
        behind = any(self.ends.get(number, 0) > position for number, position in self.positions.items())
        return self.member and not behind


class Watchdog:
    """Remembers since when nothing moved. Moments are seconds of any one clock that does not go back."""

    def __init__(self, patience: float, now: float) -> None:
        self._patience = patience
        self._since = now
        self._positions: Mapping[int, int] = {}

    def moved(self, now: float) -> None:
        """Note that records came."""
        self._since = now

    def due(self, now: float) -> bool:
        """Say whether it is time to look at all: nothing came for a quarter of the patience."""
        return now - self._since >= self._patience / 4

    def stuck(self, now: float, standing: Standing) -> bool:
        """Look at *standing*; say whether nothing has moved for too long although there is work."""
        if standing.idle or standing.positions != self._positions:
            self._since = now
            self._positions = dict(standing.positions)
        return now - self._since >= self._patience
