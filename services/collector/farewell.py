"""A feed that says it is gone for good (HTTP 410): when that is believed, and what follows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.collector.sources import Gone, Trouble, Unreadable
from shared.errors import Retry

TIMES, LONG = 3, timedelta(hours=24)
"""Sightings, and the time between first and last, after which it is believed: servers under repair say it too."""
PAUSE = 86_400.0
"""Seconds between two looks at such a feed. It is never given up: some come back."""


@dataclass(frozen=True)
class Farewell:
    """Since when a feed says that it is gone, and how often it was heard."""

    since: datetime
    times: int = 1


def heard(before: Farewell | None, reason: Retry, now: datetime) -> Farewell | None:
    """Return what is known after a look failed for *reason*, given what was known *before*.

    A failure that says nothing of the kind (a time-out in between) changes nothing; another answer ends it.
    """
    if isinstance(reason, Gone):
        return Farewell(before.since, before.times + 1) if before else Farewell(now)
    return None if isinstance(reason, Unreadable) else before


def believed(farewell: Farewell | None, now: datetime) -> bool:
    """Whether the feed is taken to be gone."""
    return farewell is not None and farewell.times >= TIMES and now - farewell.since >= LONG


def least_pause(farewell: Farewell | None, now: datetime) -> float:
    """Return the least seconds to leave the feed alone; 0 while it is not believed to be gone."""
    return PAUSE if believed(farewell, now) else 0.0


def trouble_of(reason: Retry, farewell: Farewell | None, now: datetime) -> Trouble:
    """Return how a look that failed for *reason* is called; a feed is "gone" only once that is believed."""
    if isinstance(reason, Gone) and not believed(farewell, now):
        return "failing"
    return reason.trouble if isinstance(reason, Unreadable) else "failing"


def as_json(farewell: Farewell | None) -> dict[str, Any] | None:
    """Return *farewell* as values that JSON knows."""
    return {"since": farewell.since.isoformat(), "times": farewell.times} if farewell else None


def from_json(value: Mapping[str, Any] | None) -> Farewell | None:
    """Return what :func:`as_json` was given."""
    return Farewell(datetime.fromisoformat(value["since"]), value["times"]) if value else None
