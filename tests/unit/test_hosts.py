"""Turns at a host."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from services.collector.sources.hosts import MANY, Hosts
from shared.errors import Retry


class Timer:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


async def test_never_more_than_allowed_at_once_on_one_host() -> None:
    hosts, running, most = Hosts(at_once=2, spacing=0), 0, 0

    async def visit() -> None:
        nonlocal running, most
        async with hosts.turn("e.org"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(visit() for _ in range(10)))
    assert most == 2


async def test_hosts_do_not_wait_for_each_other() -> None:
    hosts = Hosts(at_once=1, spacing=3600)
    async with asyncio.timeout(5), hosts.turn("a.org"), hosts.turn("b.org"):
        pass


async def test_starts_are_spaced() -> None:
    hosts = Hosts(at_once=8, spacing=0.05)
    starts: list[float] = []

    async def visit() -> None:
        async with hosts.turn("e.org"):
            starts.append(asyncio.get_running_loop().time())

    await asyncio.gather(*(visit() for _ in range(4)))
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= 0.049


async def test_a_closed_host_is_not_visited_until_its_time() -> None:
    timer = Timer()
    hosts = Hosts(spacing=0, timer=timer)
    hosts.close_for("e.org", 60)
    hosts.close_for("e.org", 10)
    timer.time += 59
    with pytest.raises(Retry) as refused:
        async with hosts.turn("e.org"):
            pytest.fail("a closed host was visited")
    assert refused.value.after == pytest.approx(1)
    timer.time += 2
    async with hosts.turn("e.org"):
        pass


async def test_of_ever_new_hosts_only_those_are_kept_that_someone_waits_for() -> None:
    timer = Timer()
    hosts = Hosts(timer=timer)
    hosts.close_for("closed.org", 1_000_000)
    async with hosts.turn("held.org"):
        for number in range(3 * MANY):
            timer.time += 2
            async with hosts.turn(f"{number}.org"):
                pass
        assert hosts.known <= MANY
        with pytest.raises(Retry):
            async with hosts.turn("closed.org"):
                pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), hosts.turn("held.org"):
                pass
