"""Channels through the whole collector: preview pages and an account, new, edited and deleted posts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.collector.settings import SourceSettings
from tests.support.channel import Channel
from tests.support.collecting import CollectorWorld, collector_world
from tests.support.mtproto import MtprotoServer
from tests.support.preview_site import PreviewSite

CHANNEL = SourceSettings(id="war", name="War", kind="telegram", channel="warnews", side="RU", allow_private=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CollectorWorld]:
    async with collector_world(tmp_path) as world:
        world.sources.append(CHANNEL)
        yield world


async def tell_a_story(world: CollectorWorld, server: PreviewSite | MtprotoServer) -> list[tuple[str, int, str, str]]:
    channel = server.channel("WarNews")
    kept = channel.post("1 was killed near Homs")
    gone = channel.post("Four generals were killed")
    await world.look()
    channel.edit(kept, "4 were killed near Homs")
    channel.delete(gone)
    channel.post("The ministry denies it")
    for _ in range(3):
        await world.look()
    return sorted((one.url or "", one.version, one.change, one.text) for one in await world.published())


STORY = [
    ("https://t.me/WarNews/1", 1, "new", "1 was killed near Homs"),
    ("https://t.me/WarNews/1", 2, "edited", "4 were killed near Homs"),
    ("https://t.me/WarNews/2", 1, "new", "Four generals were killed"),
    ("https://t.me/WarNews/2", 2, "deleted", ""),
    ("https://t.me/WarNews/3", 1, "new", "The ministry denies it"),
]


async def test_a_channel_by_its_preview(world: CollectorWorld) -> None:
    with PreviewSite() as site:
        world.options["telegram"] = {"mode": "preview", "accept_terms": True, "preview_url": site.url}
        assert await tell_a_story(world, site) == STORY
    assert (await world.health())["war"].state == "ok"


async def test_a_channel_by_an_account(world: CollectorWorld) -> None:
    async with MtprotoServer() as server:
        world.options["telegram"] = {
            "mode": "account",
            "accept_terms": True,
            "api_id": 1,
            "api_hash": "hash",
            "session": server.session(),
        }
        assert await tell_a_story(world, server) == STORY


async def test_a_channel_of_which_nothing_answers_is_named(world: CollectorWorld) -> None:
    world.options["telegram"] = {"mode": "preview", "accept_terms": True, "preview_url": "http://127.0.0.1:9"}
    await world.look()
    source = (await world.health())["war"]
    assert source.state == "failing"
    assert "the server does not accept connections" in (source.last_error or "")


@pytest.mark.parametrize(
    ("happen", "says"),
    [
        (lambda channel: channel.unreadable.update(channel.messages), "none of 2 posts could be read"),
        (lambda channel: channel.messages.clear(), "the page reads as nothing although post 2 was seen"),
        (lambda channel: setattr(channel, "preview", False), "it has no public preview. Only an account can read it"),
        (lambda channel: channel.unshown.update(channel.messages), "its preview shows none of its posts"),
    ],
    ids=["markup changed", "nothing", "closed", "not shown"],
)
async def test_a_preview_that_cannot_be_read_any_more_is_a_state_with_the_reason_and_no_deletion(
    world: CollectorWorld, happen: Callable[[Channel], None], says: str
) -> None:
    with PreviewSite() as site:
        world.options["telegram"] = {"mode": "preview", "accept_terms": True, "preview_url": site.url}
        channel = site.channel("WarNews")
        channel.post("1 was killed near Homs")
        channel.post("4 were killed near Homs")
        await world.look()
        happen(channel)
        for _ in range(3):
            await world.look()
    source = (await world.health())["war"]
    assert source.state != "ok"
    assert source.failures == 3
    assert says in (source.last_error or "")
    assert [one.change for one in await world.published()] == ["new", "new"]
