"""Runs a collector through a simulated week: serves the world, kills the process, reads what it published."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from shared.eventlog.opening import create_topics
from shared.messages import RawItem
from shared.migrations import upgrade
from shared.topics import TOPICS
from tests.support.simulation.incidents import newsroom
from tests.support.simulation.outlets import Activation, World
from tests.support.simulation.reading import Reading
from tests.support.simulation.site import Exchange, Site
from tests.support.simulation.time import SharedClock

LOOKED_AT = 0.02
"""Seconds (of ours) between two looks at the time and at the process."""
SAMPLED = 1800.0
"""Simulated seconds between two samples of memory."""
LONGEST_AWAY = 1200.0
"""Most simulated seconds between a kill and the next start, while the pace is 1."""
JUDGED = 600.0
"""Simulated seconds between two rounds of the watchman, whose verdicts are not looked at here."""
STOPPING = 60.0
"""Seconds (of ours) that the process may take to end in good order."""


@dataclass(frozen=True)
class Sample:
    """The memory of the collector's process, in bytes, at a moment of one of its lives."""

    at: float
    life: int
    rss: int


@dataclass
class Week:
    """What was served, what was published, when the collector was killed (simulated seconds), what it took.

    ``lived`` is how much of it has passed; ``activations`` are those that were told; in ``stalls`` the servers had no
    turn of the processor.
    """

    world: World
    exchanges: list[Exchange]
    lived: float = 0.0
    stalls: list[tuple[float, float]] = field(default_factory=list)
    activations: list[Activation] = field(default_factory=list)
    published: list[RawItem] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    cpu: float = 0.0
    wall: float = 0.0
    log: str = ""


@dataclass
class _Killer:
    """Kills the process at random moments: shortly after an answer, when something is half done."""

    times: list[float]
    chance: Random
    process: asyncio.subprocess.Process | None = None
    _armed: bool = False

    def hear(self, exchange: Exchange) -> None:
        """Take an answer for the occasion if a kill is due."""
        if self.times and exchange.at >= self.times[0] and exchange.status == 200 and not self._armed:
            self._armed = True
            asyncio.get_running_loop().call_later(self.chance.uniform(0, 0.02), self._strike)

    def _strike(self) -> None:
        self._armed = False
        if self.process and self.process.returncode is None:
            self.times.pop(0)
            self.process.kill()


Observer = Callable[[Week, Reading], Awaitable[None]]
"""Is given the week while it lasts, again and again, and what brings its published records up to date."""


async def live_through(
    world: World,
    folder: Path,
    *,
    kills: int,
    seed: int,
    quiet_from: float = 1.0,
    patience: float = 3600.0,
    observer: Observer | None = None,
) -> Week:
    """Let a collector live through *world* in *folder*; return what is to be judged.

    It is killed so many times, at random, before the share *quiet_from* of the time is over. *patience* is in our
    seconds.
    """
    chance, started = Random(seed), monotonic()
    await upgrade(f"sqlite:///{folder}/state.db")
    await create_topics(f"sqlite:///{folder}/log.db", TOPICS)
    clock = SharedClock.begin(folder / "clock")
    site = Site(world, clock)
    moments = sorted(chance.uniform(0.02, quiet_from * 0.95) * world.seconds for _ in range(kills))
    killer = _Killer(moments, chance)
    site.heard = killer.hear
    async with asyncio.timeout(patience), site.serving(), newsroom(world, folder, clock) as told:
        week = Week(world, site.exchanges, stalls=site.stalls, activations=told.told)
        reading = Reading(told.log, week.published)

        async def attend() -> None:
            await told.tell()
            week.lived, week.wall = clock.seconds(), monotonic() - started
            if observer:
                await observer(week, reading)

        (folder / "settings.json").write_text(json.dumps(_settings(site)), encoding="utf-8")
        while clock.seconds() < world.seconds:
            async with _collector(folder, site) as process:
                killer.process = process
                await _watch(process, clock, site, week, attend)
            if process.returncode == -signal.SIGKILL:
                week.kills.append(clock.seconds())
                clock.jump(chance.uniform(1, LONGEST_AWAY) / world.pace)
            elif process.returncode:
                raise AssertionError(f"the collector ended with {process.returncode}:\n{_tail(folder)}")
        await reading.catch_up()
    week.lived, week.wall, week.log = world.seconds, monotonic() - started, _tail(folder)
    return week


@asynccontextmanager
async def _collector(folder: Path, site: Site) -> AsyncIterator[asyncio.subprocess.Process]:
    site.life += 1
    with (folder / "collector.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.simulation.process",
            str(folder),
            str(folder / "clock"),
            str(os.getpid()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOPPING):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
                raise


async def _watch(
    process: asyncio.subprocess.Process,
    clock: SharedClock,
    site: Site,
    week: Week,
    attend: Callable[[], Awaitable[None]],
) -> None:
    """*Attend* to what is to be done until the process or the week is over, and weigh the process now and then."""
    used, next_sample = 0.0, 0.0
    while process.returncode is None and (moment := clock.seconds()) < week.world.seconds:
        if moment >= next_sample:
            next_sample = moment + SAMPLED / week.world.pace
            used, rss = _weighed(process.pid) or (used, 0)
            week.samples.append(Sample(moment, site.life, rss))
        await attend()
        await asyncio.sleep(LOOKED_AT)
    used, _ = _weighed(process.pid) or (used, 0)
    week.cpu += used


def _weighed(process: int) -> tuple[float, int] | None:
    """Return the processor time in seconds and the memory in bytes of *process*; None when it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return (int(fields[11]) + int(fields[12])) / ticks, int(fields[21]) * page


def _settings(site: Site) -> dict[str, object]:
    feeds = [
        {
            "id": one.name,
            "name": one.name,
            "url": site.url(one),
            "interval": one.interval,
            "floor": one.floor,
            "ceiling": one.interval,
            "full_text": "never",
            "allow_private": True,
        }
        for one in site.world.outlets
    ]
    channels = [
        {"id": one.name, "name": one.name, "kind": "telegram", "channel": one.name, "interval": one.interval}
        | {"allow_private": True}
        for one in site.world.channels
    ]
    return {
        "sources": feeds + channels,
        "active_for": 0,
        "health": {"every": JUDGED / site.world.pace},
        # The loopback is treated as the public internet is.
        "limits": {"private_per_host": 1, "private_spacing": 1.0},
        "telegram": {"mode": "preview", "accept_terms": True, "preview_url": site.telegram_url},
    }


def _tail(folder: Path) -> str:
    path = folder / "collector.log"
    return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""
