"""What every source promises, on every adapter: see ``services.collector.sources``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Protocol

import pytest

from services.collector.sources import Entry, Source
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.rss import RssSource
from services.collector.sources.sitemap import SitemapSource
from services.collector.sources.telegram.account import AccountSource
from services.collector.sources.telegram.preview import PreviewSource
from services.collector.sources.telegram.telethon_client import TelethonClient
from shared.clock import FixedClock
from shared.errors import Retry
from shared.settings import Secret
from tests.support.channel import Channel
from tests.support.collecting import NOW, item, rss
from tests.support.lone_session import LoneSession
from tests.support.mtproto import MtprotoServer
from tests.support.preview_site import PreviewSite
from tests.support.reading import local_fetcher
from tests.support.sitemaps import article, sitemap
from tests.support.web_server import Page, WebServer


class Outlet(Protocol):
    """Somebody who publishes, and the adapter that reads it."""

    source: Source

    async def publish(self, text: str) -> str:
        """Publish *text*; return by what it can be told."""
        ...

    async def edit(self, name: str, text: str) -> None:
        """Change what was published."""
        ...

    async def go_away(self) -> None:
        """Stop answering."""
        ...


class FeedOutlet:
    def __init__(self, web: WebServer, source: Source) -> None:
        self.source = source
        self._web = web
        self._items: dict[str, str] = {}
        self._show()

    async def publish(self, text: str) -> str:
        name = f"id-{len(self._items)}"
        await self.edit(name, text)
        return name

    async def edit(self, name: str, text: str) -> None:
        self._items[name] = text
        self._show()

    async def go_away(self) -> None:
        self._web.serve("/feed", Page(status=500))

    def _show(self) -> None:
        body = rss(*(item(name, "", text) for name, text in self._items.items()))
        self._web.serve("/feed", Page(body.encode(), validate=True))


class SitemapOutlet:
    """Says what it has to say in titles: its texts are on other pages."""

    def __init__(self, web: WebServer, source: Source) -> None:
        self.source = source
        self._web = web
        self._titles: list[str] = []
        self._show()

    async def publish(self, text: str) -> str:
        self._titles.append("")
        name = str(len(self._titles) - 1)
        await self.edit(name, text)
        return name

    async def edit(self, name: str, text: str) -> None:
        self._titles[int(name)] = text
        self._show()

    async def go_away(self) -> None:
        self._web.serve("/news.xml", Page(status=500))

    def _show(self) -> None:
        stories = (article(self._web.url(f"/{place}"), title) for place, title in enumerate(self._titles))
        self._web.serve("/news.xml", Page(sitemap(*stories).encode(), validate=True))


class ChannelOutlet:
    def __init__(self, channel: Channel, source: Source, server: PreviewSite | MtprotoServer) -> None:
        self.source = source
        self._channel = channel
        self._server = server

    async def publish(self, text: str) -> str:
        return str(self._channel.post(text))

    async def edit(self, name: str, text: str) -> None:
        self._channel.edit(int(name), text)

    async def go_away(self) -> None:
        if isinstance(self._server, PreviewSite):
            self._server.fail_next(*[500] * 20)
        else:
            await self._server.stop()


async def feed_outlet(stack: AsyncExitStack) -> Outlet:
    web = await stack.enter_async_context(WebServer())
    fetcher = await stack.enter_async_context(local_fetcher())
    parsers = ParserPool()
    stack.push_async_callback(parsers.close)
    return FeedOutlet(web, RssSource(web.url("/feed"), fetcher=fetcher, parsers=parsers, clock=FixedClock(NOW)))


async def sitemap_outlet(stack: AsyncExitStack) -> Outlet:
    web = await stack.enter_async_context(WebServer())
    fetcher = await stack.enter_async_context(local_fetcher())
    parsers = ParserPool()
    stack.push_async_callback(parsers.close)
    clock = FixedClock(NOW)
    return SitemapOutlet(web, SitemapSource(web.url("/news.xml"), fetcher=fetcher, parsers=parsers, clock=clock))


async def preview_outlet(stack: AsyncExitStack) -> Outlet:
    site = stack.enter_context(PreviewSite())
    fetcher = await stack.enter_async_context(local_fetcher())
    parsers = ParserPool()
    stack.push_async_callback(parsers.close)
    return ChannelOutlet(site.channel("WarNews"), PreviewSource("warnews", fetcher, parsers, base=site.url), site)


async def account_outlet(stack: AsyncExitStack) -> Outlet:
    server = await stack.enter_async_context(MtprotoServer())
    client = TelethonClient(api_id=1, api_hash=Secret("hash"), session=Secret(server.session()), lease=LoneSession())
    stack.push_async_callback(client.close)
    return ChannelOutlet(server.channel("WarNews"), AccountSource("warnews", client), server)


OUTLETS = {"feed": feed_outlet, "sitemap": sitemap_outlet, "preview": preview_outlet, "account": account_outlet}


def said(entry: Entry) -> str:
    """Return what an outlet published, wherever its kind of source shows it."""
    return entry.text or entry.title or ""


@pytest.fixture(params=OUTLETS.values(), ids=OUTLETS.keys())
async def outlet(request: pytest.FixtureRequest) -> AsyncIterator[Outlet]:
    async with AsyncExitStack() as stack:
        yield await request.param(stack)


async def test_a_first_look_shows_what_is_there_each_key_once(outlet: Outlet) -> None:
    texts = {f"{number} killed" for number in range(1, 6)}
    for text in sorted(texts):
        await outlet.publish(text)
    fetched = await outlet.source.fetch({})
    assert {said(entry) for entry in fetched.entries} == texts
    assert len({entry.key for entry in fetched.entries}) == 5
    assert not fetched.unchanged


async def test_a_cursor_survives_being_stored(outlet: Outlet) -> None:
    await outlet.publish("one")
    cursor = (await outlet.source.fetch({})).cursor
    assert json.loads(json.dumps(dict(cursor))) == dict(cursor)
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in cursor.items())


async def test_a_look_with_the_same_cursor_shows_the_same_again(outlet: Outlet) -> None:
    await outlet.publish("one")
    first = await outlet.source.fetch({})
    await outlet.publish("two")
    lost = await outlet.source.fetch(first.cursor)
    again = await outlet.source.fetch(first.cursor)
    assert "two" in {said(entry) for entry in lost.entries}
    assert {entry.key: said(entry) for entry in lost.entries} == {entry.key: said(entry) for entry in again.entries}


async def test_an_edit_shows_under_the_same_key(outlet: Outlet) -> None:
    name = await outlet.publish("1 was killed")
    first = await outlet.source.fetch({})
    await outlet.edit(name, "4 were killed")
    second = await outlet.source.fetch(first.cursor)
    assert {entry.key: said(entry) for entry in second.entries} == {first.entries[0].key: "4 were killed"}


async def test_what_a_look_covers_and_shows_is_not_missing(outlet: Outlet) -> None:
    for number in range(3):
        await outlet.publish(f"post {number}")
    first = await outlet.source.fetch({})
    second = await outlet.source.fetch(first.cursor)
    shown = {entry.key for entry in (*first.entries, *second.entries)}
    assert (second.covers or frozenset()) <= shown


async def test_who_does_not_answer_is_named_and_asked_again_later(outlet: Outlet) -> None:
    await outlet.publish("one")
    cursor = (await outlet.source.fetch({})).cursor
    await outlet.go_away()
    with pytest.raises(Retry, match=r"(?i)127\.0\.0\.1|warnews"):
        await outlet.source.fetch(cursor)


async def test_closing_twice_is_no_error(outlet: Outlet) -> None:
    await outlet.source.close()
    await outlet.source.close()
