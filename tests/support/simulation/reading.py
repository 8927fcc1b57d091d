"""Keeps a list of everything published on ``items.raw`` up to date."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from shared import codec
from shared.eventlog import EventLog
from shared.messages import RawItem
from shared.topics import RAW


@dataclass
class Reading:
    """Reads *log* into *found*, repeats included, each record once."""

    log: EventLog
    found: list[RawItem]
    _next: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    async def catch_up(self) -> None:
        """Read what was published since the last time."""
        async for record in self.log.read(RAW.name):
            if record.offset >= self._next[record.partition]:
                self._next[record.partition] = record.offset + 1
                self.found.append(codec.decode(RawItem, record.value, record.headers))
