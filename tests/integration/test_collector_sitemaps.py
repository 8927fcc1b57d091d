"""Sitemaps over real HTTP, through the whole collector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.collector.sources.gate import Gate
from tests.support.collecting import CollectorWorld, feed_source, world
from tests.support.sitemaps import article, index, sitemap
from tests.support.web_server import Page, WebServer

__all__ = ["world"]

SENTENCES = (
    "The ministry said on Tuesday that one adviser was killed when a garrison in Homs came under mortar fire. " * 6
)
STORY = Page(
    f"<html><body><article><h1>A headline</h1><p>{SENTENCES}</p></article></body></html>".encode(),
    content_type="text/html",
)


def listing(text: str) -> Page:
    return Page(text.encode(), content_type="application/xml", validate=True)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def watch(world: CollectorWorld, web: WebServer, **more: object) -> None:
    world.sources.append(feed_source(web.url("/news.xml"), kind="sitemap", **more))


async def test_an_articles_text_comes_from_its_page_after_the_gate_on_its_title(
    web: WebServer, world: CollectorWorld
) -> None:
    stories = (article(web.url("/killed"), "Adviser killed"), article(web.url("/recipe"), "Apple pie"))
    web.serve("/news.xml", listing(sitemap(*stories)))
    web.serve("/killed", STORY)
    world.gate = Gate(teaser=lambda teaser: "killed" in teaser, page=lambda _: True)
    watch(world, web, full_text="auto")
    await world.look()
    found = {one.title: one for one in await world.published()}
    assert "one adviser was killed" in found["Adviser killed"].text
    assert (found["Apple pie"].text, found["Apple pie"].notes) == ("", ("gate-shut",))
    assert web.requests_to("/recipe") == []
    assert found["Apple pie"].source.kind == "rss"


async def test_an_article_without_a_title_gets_its_pages(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/news.xml", listing(sitemap(f"<loc>{web.url('/story')}</loc><lastmod>2016-02-02T10:00:00Z</lastmod>")))
    web.serve("/story", STORY)
    watch(world, web, full_text="auto")
    await world.look()
    await world.look()
    (one,) = await world.published()
    assert one.title == "A headline"
    assert "undated" in one.notes


async def test_an_index_that_names_itself_is_followed_all_the_same(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/news.xml", listing(index((web.url("/news.xml"), None), (web.url("/day.xml"), None))))
    web.serve(
        "/day.xml", *(listing(sitemap(article(web.url(f"/{title}"), title))) for title in ("One", "Two", "Three"))
    )
    watch(world, web)
    for _ in range(3):
        await world.look()
    assert {one.title for one in await world.published()} == {"One", "Two", "Three"}


async def test_an_index_is_followed_and_its_unchanged_sitemaps_are_not_asked_for(
    web: WebServer, world: CollectorWorld
) -> None:
    paths = {
        "/dated.xml": "2016-02-02T10:00Z",
        "/day.xml": "2016-02-02",
        "/undated.xml": None,
        "/old.xml": "2015-01-01",
    }
    web.serve("/news.xml", listing(index(*((web.url(path), date) for path, date in paths.items()))))
    web.serve("/dated.xml", listing(sitemap(article(web.url("/1"), "One"))))
    web.serve("/undated.xml", listing(sitemap(article(web.url("/2"), "Two"))))
    web.serve("/day.xml", *(listing(sitemap(article(web.url("/3"), title))) for title in ("Three", "Four")))
    watch(world, web)
    for _ in range(3):
        await world.look()
    assert {one.title for one in await world.published()} == {"One", "Two", "Three", "Four"}
    assert [len(web.requests_to(path)) for path in paths] == [1, 3, 3, 0]
    assert web.requests_to("/undated.xml")[-1].headers["if-none-match"]


async def test_a_server_that_lies_about_its_sitemaps_is_found_out(web: WebServer, world: CollectorWorld) -> None:
    def lie(title: str) -> None:
        listed = sitemap(article(web.url(f"/{title}"), title)).encode()
        web.serve("/day.xml", Page(listed, content_type="application/xml", validate=True, stubborn=True))

    named = index((web.url("/day.xml"), None), (web.url("/dated.xml"), "2016-02-02T10:00Z"))
    web.serve("/news.xml", listing(named))
    web.serve("/dated.xml", *(listing(sitemap(article(web.url(f"/{one}"), one))) for one in ("Dated", "Stale")))
    lie("One")
    watch(world, web)
    await world.look()
    lie("Two")
    world.clock.advance(timedelta(hours=2))
    await world.look()
    assert {one.title for one in await world.published()} == {"One", "Dated"}
    world.clock.advance(timedelta(hours=1))
    await world.look()
    assert {one.title for one in await world.published()} == {"One", "Two", "Dated", "Stale"}


async def test_a_page_that_tells_people_from_programs_is_a_state_of_its_source(
    web: WebServer, world: CollectorWorld
) -> None:
    wall = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
    for status in (200, 403, 503):
        web.serve("/news.xml", Page(wall, status, content_type="text/html"))
        world.sources[:] = []
        watch(world, web)
        await world.look()
        assert (await world.health())["feed"].state == "challenged", status


async def test_a_sitemap_that_cannot_be_read_holds_up_no_other_and_is_read_later(
    web: WebServer, world: CollectorWorld
) -> None:
    web.serve("/news.xml", listing(index((web.url("/a.xml"), "2016-02-02"), (web.url("/b.xml"), "2016-02-02"))))
    web.serve("/a.xml", Page(status=500), listing(sitemap(article(web.url("/1"), "One"))))
    web.serve("/b.xml", listing(sitemap(article(web.url("/2"), "Two"))))
    watch(world, web)
    await world.look()
    assert [one.title for one in await world.published()] == ["Two"]
    assert (await world.health())["feed"].notes == ("sitemaps-unread",)
    await world.look()
    assert {one.title for one in await world.published()} == {"One", "Two"}


async def test_an_index_of_which_nothing_can_be_read_is_failing(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/news.xml", listing(index((web.url("/a.xml"), None))))
    watch(world, web)
    await world.look()
    assert "none of its 1 sitemaps" in ((await world.health())["feed"].last_error or "")


async def test_addresses_of_other_sites_are_left_out(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/news.xml", listing(sitemap(article("https://victim.org/1", "Theirs"), article(web.url("/1"), "Ours"))))
    watch(world, web)
    await world.look()
    assert [one.title for one in await world.published()] == ["Ours"]
    assert (await world.health())["feed"].notes == ("foreign-addresses-left-out",)


async def test_a_changed_headline_is_a_version_and_a_far_date_none(web: WebServer, world: CollectorWorld) -> None:
    one, far = web.url("/1"), article(web.url("/2"), "Two", "2017-02-02T10:00:00Z")
    web.serve("/news.xml", *(listing(sitemap(article(one, title), far)) for title in ("1 killed", "4 killed")))
    watch(world, web)
    await world.look()
    await world.look()
    versions = [(found.title, found.version) for found in await world.published()]
    assert sorted(versions) == [("1 killed", 1), ("4 killed", 2), ("Two", 1)]
    assert {found.published_at for found in await world.published() if found.title == "Two"} == {None}
