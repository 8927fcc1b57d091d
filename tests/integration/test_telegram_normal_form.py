"""One story, read by both adapters: whatever happens in a channel, both show the same entries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.collector.sources import Entry
from services.collector.sources.telegram.factory import TelegramSources
from services.collector.sources.telegram.settings import TelegramSettings
from shared.database import create_engine
from shared.migrations import upgrade
from shared.settings import Secret
from tests.support.channel import Channel
from tests.support.mtproto import MtprotoServer
from tests.support.preview_site import PreviewSite
from tests.support.reading import Reader, ReadHere, local_fetcher

RTL = "\u200fقُتل ٤ جنرالات روس قرب حمص\nالمصدر: سانا"


def edit_and_delete(channel: Channel) -> None:
    channel.edit(2, "Four killed, not one")
    channel.delete(3)
    channel.react(1)


STORY: list[tuple[str, Callable[[Channel], object]]] = [
    ("text", lambda channel: channel.post("One adviser killed by mortar fire <b>near Homs</b> & Hama", author="Desk")),
    ("lines", lambda channel: channel.post("  First line\n\n  Second  line\twith a tab\n")),
    ("emoji", lambda channel: channel.post("💥 Срочно: погибли четыре генерала 🇷🇺🕯")),
    ("right to left", lambda channel: channel.post(RTL)),
    ("reply", lambda channel: channel.post("It was four", reply_to=1)),
    ("reply to a part", lambda channel: channel.post("Four of them", reply_to=1, quote="One adviser")),
    (
        "quotation",
        lambda channel: channel.post("“One was killed”\nIt was four, says SANA", quotation="“One was killed”"),
    ),
    ("forward", lambda channel: channel.post("Relayed", origin="SyriaNewsDesk/4711")),
    ("forward of someone hidden", lambda channel: channel.post("Relayed too", forward=True)),
    ("album", lambda channel: channel.post_album("Wreckage", parts=4)),
    ("album without words", lambda channel: channel.post_album("", parts=2)),
    ("photo", lambda channel: channel.post(photo=True)),
    ("poll", lambda channel: channel.post("Who is to blame?", poll=True)),
    ("service", lambda channel: channel.post("War news", service=True)),
    ("nothing but spaces", lambda channel: channel.post(" \n ", photo=True)),
    ("control characters", lambda channel: channel.post("a\x0bb\x1fc")),
    ("edits and deletions", edit_and_delete),
    ("after", lambda channel: channel.post("7 killed &amp; 3 wounded")),
]


@pytest.fixture
def channel() -> Channel:
    return Channel("WarNews")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    url = f"sqlite:///{tmp_path / 'claimwatch.db'}"
    await upgrade(url)
    engine = create_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def readers(channel: Channel, engine: AsyncEngine) -> AsyncIterator[tuple[Reader, Reader]]:
    fetcher = local_fetcher()
    with PreviewSite(channel) as site:
        async with MtprotoServer(channel) as server:
            settings = TelegramSettings(mode="preview", accept_terms=True, preview_url=site.url)
            previews = TelegramSources(settings, fetcher, ReadHere(), engine)
            accounts = TelegramSources(
                TelegramSettings(
                    mode="account", accept_terms=True, api_id=1, api_hash=Secret("h"), session=Secret(server.session())
                ),
                fetcher,
                ReadHere(),
                engine,
            )
            yield Reader(previews.source("@warnews")), Reader(accounts.source("https://t.me/s/WarNews"))
            await previews.close()
            await accounts.close()
    await fetcher.close()


def comparable(reader: Reader) -> dict[str, Entry]:
    """The edit's time is known to the account alone; a page says only that there was one."""
    return {key: replace(entry, edited_at=None) for key, entry in sorted(reader.entries.items())}


async def test_both_adapters_show_the_same_entries_at_every_step(
    channel: Channel, readers: tuple[Reader, Reader]
) -> None:
    preview, account = readers
    for name, happen in STORY:
        happen(channel)
        await preview.look()
        await account.look()
        assert comparable(preview) == comparable(account), name
    assert preview.deleted == account.deleted == {"warnews/3"}
    assert preview.versions == account.versions
    assert len(preview.entries) == 16
    texts = preview.texts
    assert texts["warnews/2"] == "Four killed, not one"
    assert texts["warnews/4"] == RTL
    assert texts["warnews/6"] == "Four of them"
    assert preview.entries["warnews/6"].notes == ("reply",)
    assert texts["warnews/7"] == "“One was killed”\nIt was four, says SANA"
    assert preview.entries["warnews/7"].notes == ()


async def test_when_the_preview_closes_the_account_reads_on_where_it_stopped(
    channel: Channel, engine: AsyncEngine
) -> None:
    fetcher = local_fetcher()
    with PreviewSite(channel) as site:
        async with MtprotoServer(channel) as server:
            settings = TelegramSettings(
                mode="both",
                accept_terms=True,
                api_id=1,
                api_hash=Secret("h"),
                session=Secret(server.session()),
                preview_url=site.url,
            )
            sources = TelegramSources(settings, fetcher, ReadHere(), engine)
            reader = Reader(sources.source("warnews"))
            channel.post("first")
            await reader.look()
            assert server.calls.total() == 0
            for number in range(2, 400):
                channel.post(f"post {number}")
            await reader.look()
            channel.preview = False
            await reader.look_until_done()
            await sources.close()
    await fetcher.close()
    assert set(reader.texts) == {f"warnews/{number}" for number in range(1, 400)}
    assert len(reader.versions) == 399
    assert reader.deleted == set()
