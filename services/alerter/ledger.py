"""The ledger's decision: what one tagged item means for the incidents known so far. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from shared.messages import Conflict, Incident, Statement, TaggedItem


@dataclass(frozen=True)
class Query:
    """Which known incidents could concern an item; the store answers it from its indexes.

    An incident answers when it holds a statement of *item*, or names one of *names*, or has a figure of one of
    *forces* and its day (its date, else the day it was first seen) lies in ``since … until``.
    """

    item: str
    forces: frozenset[str]
    since: date
    until: date
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LedgerChange:
    """One thing that changed, and why, in one sentence fit for an alert."""

    kind: Literal["new", "conflict", "update", "confirmation", "denial", "correction", "repeat"]
    incident: str
    statements: tuple[Statement, ...]
    reason: str
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The new state of every incident touched, the changes, and where each claim went (None: a total)."""

    incidents: tuple[Incident, ...]
    changes: tuple[LedgerChange, ...]
    links: Mapping[str, str | None]


def query(tagged: TaggedItem) -> Query | None:
    """Return what must be known to decide about *tagged*; None when it can change nothing."""
    raise NotImplementedError


def decide(tagged: TaggedItem, known: Sequence[Incident], now: datetime) -> Decision:
    """Return what *tagged* changes, given the *known* incidents that answer its query."""
    raise NotImplementedError
