"""Some hours of a simulated week: nothing is lost, nothing is made up, no server is pestered.

The whole week, with 200 feeds and 50 channels, is ``python -m tests.bench week``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.simulation.judging import judge
from tests.support.simulation.outlets import make_world
from tests.support.simulation.week import live_through

PACE = 16.0
"""How much more happens than in life: the test's forty minutes hold what ten hours do."""


@pytest.mark.timeout(600)
async def test_ten_hours_of_restless_feeds_and_failing_servers_with_kills(tmp_path: Path) -> None:
    world = make_world(8, seconds=2400, feeds=15, channels=3, pace=PACE, trouble=10)
    assert len({one.kind for outlet in world.outlets for one in outlet.server.troubles}) >= 10
    verdict = judge(await live_through(world, tmp_path, kills=3, seed=8))
    assert not verdict.faults
    figures = verdict.figures
    assert figures["kills"] == 3
    assert figures["items published"] >= figures["items served"] > 200
    assert figures["edits served"] > 20
    assert figures["times asked to wait"] > 3
    assert not verdict.unmet
