"""Which records of a partition may be committed when several are handled at once; pure.

A commit means "and everything before it", so it may only move over records that are all finished.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from shared.eventlog import Record


@dataclass(eq=False)
class Handed:
    """One record in hand, in the order it was handed out."""

    record: Record
    finished: bool = False


class Progress:
    """Keeps, for each partition, the records in hand in their order."""

    def __init__(self) -> None:
        self._in_hand: dict[int, deque[Handed]] = {}
        self._ready: dict[int, Record] = {}

    def begin(self, record: Record) -> Handed:
        """Note that *record* was taken up; hand the result to ``finish``."""
        handed = Handed(record)
        self._in_hand.setdefault(record.partition, deque()).append(handed)
        return handed

    def finish(self, handed: Handed) -> None:
        """Note that everything about this record is done."""
        handed.finished = True
        waiting = self._in_hand[handed.record.partition]
        while waiting and waiting[0].finished:
            self._ready[handed.record.partition] = waiting.popleft().record

    def take_committable(self) -> list[Record]:
        """Return the last record of each partition's finished beginning, each once."""
        ready, self._ready = list(self._ready.values()), {}
        return ready
