"""One feed after another over real HTTP: what is published, what is remembered, what survives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.collecting import CollectorWorld, collector_world, feed_source, item, rss
from tests.support.web_server import Page, WebServer


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CollectorWorld]:
    async with collector_world(tmp_path) as world:
        yield world


async def test_a_feed_becomes_raw_items(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "One adviser killed", "<![CDATA[<p>Mortar fire.</p><p>In Homs.</p>]]>", "/a")))
    world.sources.append(feed_source(web.url("/feed"), language="en", side="RU"))
    await world.look()
    (one,) = await world.published()
    assert (one.title, one.text, one.change, one.version) == (
        "One adviser killed",
        "Mortar fire.\n\nIn Homs.",
        "new",
        1,
    )
    assert one.url == web.url("/a")
    assert one.published_at is not None
    assert one.published_at.isoformat() == "2016-02-02T10:00:00+00:00"
    assert (one.source.id, one.source.side, one.lang, one.notes) == ("feed", "RU", "en", ())


async def test_an_unchanged_feed_is_answered_304_and_publishes_nothing(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(rss(item("a", "One")).encode(), validate=True))
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(3):
        await world.look()
    first, *later = web.requests_to("/feed")
    assert "if-none-match" not in first.headers
    assert [request.headers["if-none-match"] for request in later] == [web.pages["/feed"][0].etag] * 2
    assert [request.headers["if-modified-since"] for request in later] == [Page().last_modified] * 2
    assert len(await world.published()) == 1
