"""Tells the collector of open incidents, as the alerter does: on the topic ``incidents``.

The topic is read here, outside simulated time, by the collector's own stage, as a second collector would; the one under
test learns of it from the table they share. A member of a group looks at the embedded log twice a second: in simulated
time that would be most of what happens in a week.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from services.collector.activity import listening
from services.collector.state import State
from shared.database import create_engine
from shared.eventlog import EventLog
from shared.eventlog.opening import open_log
from shared.messages import SourceRef
from shared.runtime import Runtime
from shared.stage import publish, run_stage
from shared.topics import INCIDENTS
from tests.support.alerts import incident, statement
from tests.support.simulation.outlets import ACTIVE_FOR, Activation, World
from tests.support.simulation.time import SharedClock


@dataclass
class Newsroom:
    """Tells each activation of a *world* when its time has come; ``told`` are those that were, with their own times."""

    world: World
    clock: SharedClock
    log: EventLog
    told: list[Activation] = field(default_factory=list)
    _left: list[Activation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = sorted(self.world.activations, key=lambda one: one.at, reverse=True)

    async def tell(self) -> None:
        """Tell what is due."""
        while self._left and self._left[-1].at <= self.clock.seconds():
            one, now = self._left.pop(), self.clock.now()
            said = statement(source=SourceRef(id=one.source, name=one.source, kind="rss"))
            about = incident(said, name=f"incident {len(self.told)}", first_seen_at=now, last_seen_at=now)
            await publish(self.log, INCIDENTS, about, source="alerter", time=now)
            at = self.clock.seconds()
            self.told.append(replace(one, at=at, until=at + ACTIVE_FOR / self.world.pace))


@asynccontextmanager
async def newsroom(world: World, folder: Path, clock: SharedClock) -> AsyncIterator[Newsroom]:
    """Give who tells incidents to the collectors in *folder*, and let one of these listen while the block runs."""
    log = await open_log(f"sqlite:///{folder}/log.db", client="newsroom")
    engine = create_engine(f"sqlite:///{folder}/state.db")
    runtime = Runtime(log, engine, clock)
    active_for = timedelta(seconds=ACTIVE_FOR / world.pace)
    listener = asyncio.create_task(run_stage(listening(State(engine), clock, active_for, _heard), runtime))
    try:
        yield Newsroom(world, clock, log)
    finally:
        runtime.stop.set()
        await listener
        await log.close()
        await engine.dispose()


async def _heard() -> None:
    """Nothing is looked at here."""
