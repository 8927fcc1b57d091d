"""Articles' pages that change, vanish and come back after they were published, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.collector.sources.gate import Gate
from shared.errors import Retry
from tests.support.collecting import CollectorWorld, collector_world, feed_source, item, rss, world
from tests.support.web_server import Page, WebServer

__all__ = ["world"]

QUARTER, HALF = timedelta(minutes=15), timedelta(minutes=30)


def article(toll: str) -> Page:
    sentences = f"The ministry said on Tuesday that {toll} when a garrison in Homs came under mortar fire. " * 6
    page = f"<html><body><article><h1>Adviser killed</h1><p>{sentences}</p></article></body></html>"
    return Page(page.encode(), content_type="text/html", validate=True)


ONE, FOUR = article("one adviser was killed"), article("four advisers were killed")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        server.serve("/feed", Page(rss(item("a", "Adviser killed", "A summary.", "/article")).encode(), validate=True))
        server.serve("/article", ONE)
        yield server


@pytest.fixture
def watched(web: WebServer, world: CollectorWorld) -> CollectorWorld:
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    return world


async def look_after(world: CollectorWorld, *waits: timedelta) -> None:
    for wait in waits:
        world.clock.advance(wait)
        await world.look()


async def test_a_silent_edit_is_seen_and_an_unchanged_page_is_not_sent_again(
    web: WebServer, watched: CollectorWorld
) -> None:
    await watched.look()
    await look_after(watched, timedelta(0), QUARTER)
    assert [one.headers.get("if-none-match") for one in web.requests_to("/article")] == [None, ONE.etag]
    web.serve("/article", FOUR)
    await look_after(watched, timedelta(hours=1), timedelta(hours=3))
    first, second = await watched.published()
    assert (first.version, first.change, second.version, second.change) == (1, "new", 2, "edited")
    assert "one adviser" in first.text
    assert "four advisers" in second.text
    assert second.item == first.item
    assert len(web.requests_to("/article")) == 4


async def test_nothing_is_asked_for_after_a_day(web: WebServer, watched: CollectorWorld) -> None:
    await watched.look()
    await look_after(watched, QUARTER, *[timedelta(hours=1)] * 40)
    assert len(web.requests_to("/article")) == 6
    assert len(await watched.published()) == 1


async def test_a_page_that_failed_at_first_gives_the_full_text_later(web: WebServer, watched: CollectorWorld) -> None:
    web.serve("/article", Page(status=404), Page(status=500), ONE)
    await watched.look()
    await look_after(watched, QUARTER, timedelta(hours=1))
    first, second = await watched.published()
    assert (first.text, first.notes) == ("A summary.", ("summary-only",))
    assert second.notes == ("full-text",)
    assert "one adviser" in second.text


async def test_a_page_that_is_gone_for_sure_and_not_shown_any_more_is_a_deletion(
    web: WebServer, watched: CollectorWorld
) -> None:
    await watched.look()
    web.serve("/article", Page(status=404))
    await look_after(watched, QUARTER, HALF, HALF, HALF)
    assert len(await watched.published()) == 1
    web.serve("/feed", rss(item("b", "Another story")))
    await look_after(watched, HALF)
    versions = [one for one in await watched.published() if one.title != "Another story"]
    assert [(one.version, one.change) for one in versions] == [(1, "new"), (2, "deleted")]
    await look_after(watched, HALF)
    assert len(await watched.published()) == 3


async def test_a_page_that_was_away_for_a_while_is_no_deletion(web: WebServer, watched: CollectorWorld) -> None:
    await watched.look()
    web.serve("/article", Page(status=404), Page(status=404), ONE)
    web.serve("/feed", rss(item("b", "Another story")))
    await look_after(watched, QUARTER, HALF, HALF, HALF)
    assert {one.change for one in await watched.published()} == {"new"}


async def test_what_the_gate_shut_out_is_not_asked_for_later(web: WebServer, watched: CollectorWorld) -> None:
    watched.gate = Gate(teaser=lambda _: True, page=lambda _: False)
    await watched.look()
    await look_after(watched, QUARTER, timedelta(hours=1))
    assert len(web.requests_to("/article")) == 1


async def test_an_edit_of_the_feed_after_one_of_the_page_is_the_next_version(
    web: WebServer, watched: CollectorWorld
) -> None:
    await watched.look()
    web.serve("/article", FOUR)
    await look_after(watched, QUARTER)
    web.serve("/feed", rss(item("a", "Four advisers killed", "A summary.", "/article")))
    await look_after(watched, timedelta(0), QUARTER)
    versions = await watched.published()
    assert [one.version for one in versions] == [1, 2, 3]
    assert versions[2].title == "Four advisers killed"


async def test_a_crash_repeats_a_version_under_its_id_and_loses_none(
    web: WebServer, watched: CollectorWorld, tmp_path: Path
) -> None:
    await watched.look()
    web.serve("/article", FOUR)
    watched.log.fail_after(1)
    with pytest.raises(Retry):
        await look_after(watched, QUARTER)
    async with collector_world(tmp_path) as restarted:
        restarted.sources = watched.sources
        await look_after(restarted, QUARTER)
        versions = await restarted.published()
    assert [one.version for one in versions] == [1, 2, 2]
    assert len({one.id for one in versions}) == 2
