"""Channels by account through whole collectors: one session among two, and how refusals reach the schedule."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.collector.app import run
from services.collector.settings import CollectorSettings, SourceSettings
from shared.clock import SystemClock
from shared.runtime import Runtime
from tests.support.collecting import CollectorWorld, collector_world
from tests.support.mtproto import MtprotoServer

NAMES = ("WarNews", "HomsDaily", "AleppoDesk", "IdlibWire", "DaraaNow")


@pytest.fixture
async def server() -> AsyncIterator[MtprotoServer]:
    async with MtprotoServer() as running:
        for name in NAMES:
            running.channel(name).post(f"from {name}")
        yield running


@pytest.fixture
async def world(tmp_path: Path, server: MtprotoServer) -> AsyncIterator[CollectorWorld]:
    async with collector_world(tmp_path) as world:
        world.options |= {
            "spread": 0,
            "telegram": {
                "mode": "account",
                "accept_terms": True,
                "api_id": 1,
                "api_hash": "hash",
                "session": server.session(),
                "interval": 5,
            },
        }
        yield world


def watch(world: CollectorWorld, *names: str) -> None:
    world.sources[:] = [
        SourceSettings.model_validate({"id": name.lower(), "name": name, "kind": "telegram", "channel": name})
        for name in names
    ]


@asynccontextmanager
async def collecting(world: CollectorWorld, settings: CollectorSettings) -> AsyncIterator[Callable[[], None]]:
    """Run one more collector on the world's database and log; give what asks it to stop."""
    runtime = Runtime(world.log, world.runtime.engine, SystemClock())
    task = asyncio.create_task(run(runtime, settings))
    try:
        yield runtime.stop.set
    finally:
        runtime.stop.set()
        await asyncio.wait_for(task, 20)


async def said(logs: list[MutableMapping[str, Any]], event: str) -> None:
    """Return once *event* was logged."""
    while not any(line["event"] == event for line in logs):  # noqa: ASYNC110 - a log sets no event
        await asyncio.sleep(0.05)


async def test_of_two_collectors_with_one_session_one_reads_and_the_other_takes_over(
    world: CollectorWorld, server: MtprotoServer
) -> None:
    watch(world, "WarNews")
    channel = server.channel("WarNews")
    with capture_logs() as logs:
        async with collecting(world, world.settings) as stop_the_first:
            async with asyncio.timeout(10):
                await world.wait_for(1)
            async with collecting(world, world.settings):
                await asyncio.wait_for(said(logs, "source is read by another process"), 30)
                assert server.connected == 1
                channel.post("two")
                async with asyncio.timeout(30):
                    await world.wait_for(2)
                stop_the_first()
                channel.post("three")
                async with asyncio.timeout(40):
                    await world.wait_for(3)
    reason = next(line["reason"] for line in logs if line["event"] == "source is read by another process")
    assert "its session is in use" in reason
    assert "every process needs a session of its own" in reason
    state = (await world.health())["warnews"]
    assert (state.state, state.failures, state.last_error) == ("ok", 0, None)
    assert [(one.text, one.version) for one in await world.published()] == [
        ("from WarNews", 1),
        ("two", 1),
        ("three", 1),
    ]


async def test_a_live_update_brings_the_next_look_forward(world: CollectorWorld, server: MtprotoServer) -> None:
    watch(world, "WarNews")
    settings = world.settings.model_copy(
        update={"telegram": world.settings.telegram.model_copy(update={"interval": 3_600})}
    )
    async with collecting(world, settings):
        await asyncio.wait_for(world.wait_for(1), 10)
        number = server.channel("WarNews").post("two")
        await asyncio.wait_for(world.wait_for(2), 10)
        server.channel("WarNews").edit(number, "four")
        await asyncio.wait_for(world.wait_for(3), 10)
        server.channel("WarNews").delete(number)
        await asyncio.wait_for(world.wait_for(4), 10)
    assert [one.change for one in await world.published()] == ["new", "new", "edited", "deleted"]


async def test_a_flood_wait_keeps_its_channel_from_being_asked_and_no_other(
    world: CollectorWorld, server: MtprotoServer
) -> None:
    watch(world, *NAMES[:3])
    await world.look()
    server.channel("WarNews").flood(4_000)
    for name in NAMES[:3]:
        server.channel(name).post("again")
    await world.look()
    states = await world.health()
    assert [states[name.lower()].state for name in NAMES[:3]] == ["failing", "ok", "ok"]
    assert "asks to wait 4000 s" in (states["warnews"].last_error or "")
    due = states["warnews"].next_due_at
    assert due
    assert due >= world.clock.now() + timedelta(seconds=4_000)
    assert sorted(one.text for one in await world.published() if one.text == "again") == ["again", "again"]


async def test_flood_waits_of_several_channels_are_the_accounts(world: CollectorWorld, server: MtprotoServer) -> None:
    watch(world, *NAMES)
    await world.look()
    for name in NAMES:
        server.channel(name).flood(4_000)
    server.calls.clear()
    world.options["limits"] = {"at_once": 1}
    await world.look()
    assert server.calls["GetHistory"] == 3
    assert {one.state for one in (await world.health()).values()} == {"failing"}


async def test_names_are_not_looked_up_while_telegram_wants_none_over_a_restart_too(
    world: CollectorWorld, server: MtprotoServer
) -> None:
    watch(world, *NAMES)
    for name in NAMES:
        server.channel(name).flood(12_167)
    await world.look()
    assert server.calls["ResolveUsername"] == 1
    for name in NAMES:
        server.channel(name).flood(0)
    await world.look()
    assert server.calls["ResolveUsername"] == 1
    for one in (await world.health()).values():
        assert one.state == "failing"
        assert one.next_due_at
        assert one.next_due_at > world.clock.now() + timedelta(seconds=12_000)


@pytest.mark.parametrize(
    ("happen", "says"),
    [
        (MtprotoServer.revoke, "not logged in any more"),
        (MtprotoServer.duplicate, "used from two places at once"),
    ],
)
async def test_an_ended_session_is_a_state_of_every_channel_and_asked_about_once(
    world: CollectorWorld, server: MtprotoServer, happen: Callable[[MtprotoServer], None], says: str
) -> None:
    watch(world, *NAMES)
    await world.look()
    happen(server)
    server.calls.clear()
    world.options["limits"] = {"at_once": 1}
    with capture_logs() as logs:
        await world.look()
    assert server.calls["GetHistory"] + server.calls["GetMessages"] + server.calls["ResolveUsername"] <= 1
    for one in (await world.health()).values():
        assert one.state == "revoked"
        assert says in (one.last_error or "")
        assert "put the new string into collector.telegram.session" in (one.last_error or "")
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["telegram account cannot be used"]
