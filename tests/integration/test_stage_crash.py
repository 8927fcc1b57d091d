"""Stages that are killed, stopped, or lose their log: every input's output is there in the end, in order per key."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.codec import encode
from shared.errors import Retry
from shared.messages import TaggedItem
from tests.support.log_under_test import ROOT, LogUnderTest, until
from tests.support.stage_world import NOW, StageWorld, raw_item, stage_world

KEYS = 10
EACH = 30
KILLS = 4


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> LogUnderTest:
    if request.param == "kafka":
        broker = request.getfixturevalue("kafka")
        return LogUnderTest(f"kafka://{broker.bootstrap}?session_ms=1000&fetch_wait_ms=10&request_ms=5000", broker)
    return LogUnderTest(f"sqlite:///{tmp_path}/log.db?lease=1")


class Stages:
    """Processes that run the same stage."""

    def __init__(self, url: str, world: StageWorld) -> None:
        self._command = [sys.executable, "-m", "tests.support.stage_process", url, world.raw.name, world.tagged.name]
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(self._command, cwd=ROOT)
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self.running.remove(process)


@pytest.fixture
def processes() -> Iterator[list[Stages]]:
    started: list[Stages] = []
    yield started
    for stages in started:
        for process in list(stages.running):
            stages.kill(process)


async def _say_all(world: StageWorld) -> None:
    """Say every item, as an application does: again when the log says later."""
    for number in range(EACH):
        for key in range(KEYS):
            value, headers = encode(raw_item(number, key=f"k{key}"), source="test", time=NOW)
            while True:
                try:
                    await world.log.append(world.raw.name, f"k{key}", value, headers)
                except Retry:
                    await asyncio.sleep(0.1)
                else:
                    break


async def _check_all_came_in_order(world: StageWorld) -> None:
    expected = {f"k{key}-{number}" for key in range(KEYS) for number in range(EACH)}

    async def complete() -> bool:
        return set(await world.came_out()) == expected

    await until(complete, f"all {len(expected)} outputs are there")
    first_sight: dict[str, list[int]] = {}
    for name in await world.came_out():
        key, number = name.split("-")
        first_sight.setdefault(key, []).append(int(number))
    assert all(numbers == list(range(EACH)) for numbers in first_sight.values())


async def test_killed_at_random_moments_nothing_is_lost(under_test: LogUnderTest, processes: list[Stages]) -> None:
    async with stage_world(under_test.url, partitions=4) as world:
        stages = Stages(under_test.url, world)
        processes.append(stages)
        stages.start()
        stages.start()
        saying = asyncio.create_task(_say_all(world))
        for _ in range(KILLS):
            seen = len(await world.came_out())
            assert seen < KEYS * EACH, "there is work left at every kill"
            await until(lambda at=seen: _more(world, at), "something came out since the last kill")
            await asyncio.sleep(random.random() * 0.2)
            stages.kill(random.choice(stages.running))
            stages.start()
        await saying
        await _check_all_came_in_order(world)


async def _more(world: StageWorld, seen: int) -> bool:
    came = len(await world.came_out())
    return came > seen or came == KEYS * EACH


async def test_sigterm_drains_commits_and_ends_well(under_test: LogUnderTest, processes: list[Stages]) -> None:
    async with stage_world(under_test.url, partitions=4) as world:
        stages = Stages(under_test.url, world)
        processes.append(stages)
        await _say_all(world)
        process = stages.start()
        await until(lambda: _more(world, 20), "it is at work")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
        stages.running.clear()
        done = [TaggedItem.model_validate_json(record.value).id for record in await world.held(world.tagged.name)]
        stages.start()
        await _check_all_came_in_order(world)
        every = [TaggedItem.model_validate_json(record.value).id for record in await world.held(world.tagged.name)]
    assert len(done) == len(set(done))
    assert len(every) == len(set(every)), "nothing that was finished before the signal is done again after it"


async def test_a_log_that_goes_away_for_a_moment_costs_nothing(under_test: LogUnderTest) -> None:
    async with stage_world(under_test.url, partitions=4) as world, world.running(world.tag):
        saying = asyncio.create_task(_say_all(world))
        await until(lambda: _more(world, 20), "it is at work")
        await under_test.hurt()
        await saying
        await _check_all_came_in_order(world)
