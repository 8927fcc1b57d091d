"""A channel changes at random while connections drop and servers refuse: nothing is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from services.collector.sources.telegram.account import AccountSource
from services.collector.sources.telegram.preview import PreviewSource
from services.collector.sources.telegram.telethon_client import TelethonClient
from shared.errors import Retry
from shared.settings import Secret
from tests.support.channel import Channel
from tests.support.lone_session import LoneSession
from tests.support.mtproto import MtprotoServer
from tests.support.preview_site import PreviewSite
from tests.support.reading import Reader, ReadHere, local_fetcher

ROUNDS = 40


def happen(channel: Channel, chance: random.Random) -> None:
    """Let one thing happen; only posts that readers re-read are touched."""
    recent = [number for number in channel.messages if number > channel.newest - 80]
    what = chance.choice(["post", "burst", "album", "edit", "delete", "react", "forward", "service"])
    if what == "burst":
        for _ in range(chance.randint(20, 150)):
            channel.post(f"{chance.randint(1, 99)} killed")
    elif what == "album":
        channel.post_album(f"{chance.randint(1, 99)} wrecks", parts=chance.randint(2, 10))
    elif what in ("edit", "delete", "react") and recent:
        number = chance.choice([number for number in recent if channel.messages[number].album is None] or recent)
        if what == "edit" and channel.messages[number].text:
            channel.edit(number, f"{chance.randint(100, 999)} killed")
        elif what == "delete" and channel.messages[number].album is None and len(channel.messages) > 5:
            channel.delete(number)
        elif what == "react":
            channel.react(number)
    elif what == "service":
        channel.post("pinned", service=True)
    else:
        channel.post(f"{chance.randint(1, 99)} killed", origin="Desk/7" if what == "forward" else None)


async def look(reader: Reader) -> None:
    with suppress(Retry):
        await reader.look()


async def live_through(channel: Channel, reader: Reader, disturb: Callable[[], None], chance: random.Random) -> None:
    for _ in range(5):
        channel.post("0 killed")
    await reader.look()
    for _ in range(ROUNDS):
        happen(channel, chance)
        if chance.random() < 0.25:
            disturb()
        if chance.random() < 0.6:
            await look(reader)


def expected(channel: Channel) -> dict[str, str]:
    """The posts a reader should hold: the first of every album, no service messages."""
    posts: dict[object, tuple[int, str]] = {}
    for number, message in sorted(channel.messages.items()):
        if not message.service:
            posts.setdefault(message.album or ("single", number), (number, message.text))
    return {f"warnews/{number}": text for number, text in posts.values()}


def check(channel: Channel, reader: Reader) -> None:
    living = expected(channel)
    assert {key: reader.texts.get(key) for key in living} == living
    assert not living.keys() & reader.deleted
    assert reader.texts.keys() - living.keys() == reader.deleted


@pytest.mark.parametrize("seed", range(3))
async def test_the_account_ends_with_what_the_channel_holds(seed: int) -> None:
    chance = random.Random(seed)
    async with MtprotoServer() as server:
        channel = server.channel("WarNews")
        client = TelethonClient(api_id=1, api_hash=Secret("h"), session=Secret(server.session()), lease=LoneSession())
        reader = Reader(AccountSource("warnews", client))

        def disturb() -> None:
            server.silent = chance.random() < 0.5
            channel.flood(chance.choice([0, 2]))
            if chance.random() < 0.5:
                server.drop()

        await live_through(channel, reader, disturb, chance)
        channel.flood(0)
        await asyncio.sleep(2)
        await reader.look_until_done()
        await reader.look()
        await client.close()
    check(channel, reader)


@pytest.mark.parametrize("seed", range(3))
async def test_the_preview_ends_with_what_the_channel_holds(seed: int) -> None:
    chance = random.Random(seed)
    channel = Channel("WarNews")
    with PreviewSite(channel) as site:
        async with local_fetcher() as fetcher:
            reader = Reader(PreviewSource("warnews", fetcher, ReadHere(), base=site.url, reread=1000))
            await live_through(channel, reader, lambda: site.fail_next(500, 502), chance)
            site.statuses.clear()
            for _ in range(2 * channel.newest // 20):
                await reader.look_until_done()
    check(channel, reader)
