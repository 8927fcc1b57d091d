"""A channel changes its way through the whole collector: every post once, every edit and deletion, nothing besides."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.collector.settings import SourceSettings
from shared.messages import RawItem
from tests.support.channel import Channel
from tests.support.collecting import CollectorWorld, collector_world
from tests.support.mtproto import MtprotoServer
from tests.support.preview_site import PreviewSite

SOURCE = {"id": "war", "name": "War", "kind": "telegram", "channel": "warnews", "allow_private": True}


@dataclass
class Ways:
    """One channel that can be read both ways, and the collector that reads it."""

    world: CollectorWorld
    channel: Channel
    site: PreviewSite
    server: MtprotoServer

    def choose(self, mode: str, via: str | None = None) -> None:
        """Configure the way, as an operator does between two runs."""
        self.world.sources[:] = [SourceSettings.model_validate(SOURCE | {"via": via})]
        account = {"api_id": 1, "api_hash": "hash", "session": self.server.session()}
        self.world.options["telegram"] = {
            "mode": mode,
            "accept_terms": True,
            "preview_url": self.site.url,
            **({} if mode == "preview" else account),
        }

    async def settle(self) -> None:
        """Look until nothing new is published any more, the preview's sweep included."""
        for _ in range(2 + self.channel.newest // 100):
            await self.world.look()

    async def stories(self) -> dict[int, list[RawItem]]:
        """Return every version published so far by the number of its post."""
        found: dict[int, list[RawItem]] = {}
        for one in await self.world.published():
            found.setdefault(int((one.url or "").rpartition("/")[2]), []).append(one)
        return found


@pytest.fixture
async def ways(tmp_path: Path) -> AsyncIterator[Ways]:
    channel = Channel("WarNews")
    with PreviewSite(channel) as site:
        async with MtprotoServer(channel) as server, collector_world(tmp_path) as world:
            yield Ways(world, channel, site, server)


def post_much(channel: Channel, chance: random.Random) -> None:
    """Post more than one look at the preview can read, with albums and service messages among it."""
    for _ in range(chance.randint(220, 260)):
        kind = chance.random()
        if kind < 0.1:
            channel.post_album(f"Wreckage {chance.random()}", parts=chance.randint(2, 10))
        elif kind < 0.15:
            channel.post("pinned", service=True)
        else:
            channel.post(f"{chance.randint(1, 99)} killed", origin="Desk/7" if kind < 0.2 else None)


@pytest.mark.parametrize(
    "modes",
    [
        ("preview", "account", "preview"),
        ("account", "preview", "account"),
        ("preview", "both", "account"),
        ("account", "both", "preview"),
    ],
    ids="-".join,
)
async def test_a_channel_that_changes_its_way_in_mid_gap_loses_and_repeats_nothing(
    ways: Ways, modes: tuple[str, ...]
) -> None:
    chance, channel = random.Random(str(modes)), ways.channel
    channel.post("the first")
    for mode in modes:
        ways.choose(mode)
        await ways.world.look()
        post_much(channel, chance)
        await ways.world.look()
    await ways.settle()
    stories = await ways.stories()
    shown = {group[0].id: group[0].text for group in channel.albums() if not group[0].service}
    assert {number: versions[-1].text for number, versions in stories.items()} == shown
    assert {len(versions) for versions in stories.values()} == {1}
    assert len({one.item for versions in stories.values() for one in versions}) == len(shown)


@pytest.mark.parametrize("modes", [("preview", "account"), ("account", "preview"), ("both", "account")], ids="-".join)
async def test_what_happens_while_the_way_changes_is_one_version_each(ways: Ways, modes: tuple[str, str]) -> None:
    before, after = modes
    channel = ways.channel
    kept, edited, deleted = (channel.post(f"{number} killed") for number in range(1, 4))
    first, *_ = channel.post_album("Wreckage", parts=3)
    ways.choose(before)
    await ways.world.look()
    channel.react(kept)
    channel.edit(edited, "4 killed")
    channel.delete(deleted)
    channel.edit(first, "Wreckage of two")
    ways.choose(after)
    for _ in range(3):
        await ways.world.look()
    assert {number: [one.change for one in versions] for number, versions in (await ways.stories()).items()} == {
        kept: ["new"],
        edited: ["new", "edited"],
        deleted: ["new", "deleted"],
        first: ["new", "edited"],
    }


async def test_a_preview_that_closes_is_read_on_by_the_account_and_one_that_reopens_too(ways: Ways) -> None:
    channel = ways.channel
    ways.choose("both")
    for number in range(3):
        channel.post(f"{number} killed")
    await ways.world.look()
    assert ways.server.calls.total() == 0
    channel.preview = False
    channel.post("after it closed")
    channel.delete(2)
    await ways.world.look()
    asked = len(ways.site.requests)
    channel.preview = True
    channel.post("after it opened again")
    await ways.world.look()
    assert len(ways.site.requests) == asked
    assert ways.server.calls["ResolveUsername"] == 1
    assert {number: [one.change for one in versions] for number, versions in (await ways.stories()).items()} == {
        1: ["new"],
        2: ["new", "deleted"],
        3: ["new"],
        4: ["new"],
        5: ["new"],
    }
    assert (await ways.world.health())["war"].state == "ok"


async def test_a_name_resolved_once_is_kept_while_the_preview_reads(ways: Ways) -> None:
    ways.channel.post("one")
    for mode in ("account", "preview", "account", "both", "account"):
        ways.choose(mode)
        await ways.world.look()
    assert ways.server.calls["ResolveUsername"] == 1


async def test_a_source_chooses_its_way_where_both_are_there(ways: Ways) -> None:
    ways.channel.post("one")
    ways.choose("both", via="account")
    await ways.world.look()
    assert ways.site.requests == []
    ways.choose("both", via="preview")
    ways.server.calls.clear()
    await ways.world.look()
    assert ways.server.calls.total() == 0
    assert len(await ways.stories()) == 1


async def test_a_post_deleted_where_the_preview_had_a_gap_is_found_by_the_account(ways: Ways) -> None:
    channel = ways.channel
    channel.post("the first")
    ways.choose("preview")
    await ways.world.look()
    for number in range(400):
        channel.post(f"{number} killed")
    await ways.world.look()
    known = max(await ways.stories()) - 150
    channel.delete(known)
    ways.choose("account")
    await ways.world.look()
    assert [one.change for one in (await ways.stories())[known]] == ["new", "deleted"]
