"""What a running service is handed by whoever composes it: the world outside, as values."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, SystemClock
from shared.eventlog import EventLog


@dataclass(frozen=True)
class Runtime:
    """The event log, the database, the time, and the event that is set when the process is asked to stop."""

    log: EventLog
    engine: AsyncEngine
    clock: Clock = field(default_factory=SystemClock)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
