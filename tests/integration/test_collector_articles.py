"""Articles behind short feed entries, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.collector.sources.gate import Gate
from tests.support.collecting import CollectorWorld, feed_source, item, rss, world
from tests.support.web_server import Page, WebServer

__all__ = ["world"]

BODY = """\
The ministry said on Tuesday that the adviser had been wounded when a garrison in the province of Homs came under \
mortar fire, and that he died in hospital the next day despite the efforts of the doctors.
He had been in the country to help the army learn to use new equipment, the statement said, adding that his family \
would be looked after and that a decoration had been proposed for him by the command.
Opposition sources had earlier spoken of four dead. Neither figure could be checked independently, and the embassy in \
Damascus did not answer questions about the incident before this article was published."""
PARAGRAPHS = BODY.splitlines()
ARTICLE = (
    "<!DOCTYPE html><html><head><title>Adviser killed</title></head><body><nav><a href='/'>Home</a> <a>World</a></nav>"
    "<article><h1>Adviser killed</h1>" + "".join(f"<p>{one}</p>" for one in PARAGRAPHS) + "</article>"
    "<footer>All rights reserved. Subscribe to our newsletter.</footer></body></html>"
)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


async def test_a_summary_is_completed_by_the_article(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "Adviser killed", "A lead that the page does not repeat.", "/article")))
    web.serve("/article", Page(ARTICLE.encode(), content_type="text/html"))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    await world.look()
    (one,) = await world.published()
    assert one.text.startswith("A lead that the page does not repeat.\n\n")
    assert all(paragraph in one.text for paragraph in PARAGRAPHS)
    assert "newsletter" not in one.text
    assert one.notes == ("full-text",)


async def test_an_article_is_fetched_once_and_not_with_every_look(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "One", link="/article")), rss(item("a", "One", link="/article"), item("b", "Two")))
    web.serve("/article", Page(ARTICLE.encode(), content_type="text/html"))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    for _ in range(3):
        await world.look()
    assert len(web.requests_to("/article")) == 1
    assert [(one.title, one.version) for one in await world.published()] == [("One", 1), ("Two", 1)]


@pytest.mark.parametrize(
    "page",
    [
        Page(status=404),
        Page(status=503),
        Page(b"<html><body></body></html>", content_type="text/html"),
        Page(b"\x00" * 100, content_type="text/html"),
        Page(b"<div>" * 100_000, content_type="text/html"),
        Page(ARTICLE.encode(), drop_after=50),
    ],
)
async def test_a_summary_is_published_when_the_article_cannot_be_had(
    web: WebServer, world: CollectorWorld, page: Page
) -> None:
    web.serve("/feed", rss(item("a", "One", "The summary.", "/article")))
    web.serve("/article", page)
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    await world.look()
    (one,) = await world.published()
    assert (one.text, one.notes) == ("The summary.", ("summary-only",))


async def test_a_long_entry_needs_no_article(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "One", " ".join(PARAGRAPHS) * 2, "/article")))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    await world.look()
    assert web.requests_to("/article") == []


async def test_only_what_the_gate_opens_for_is_fetched(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "Adviser killed", link="/article"), item("b", "Recipe", "Apples.", "/apples")))
    web.serve("/article", Page(ARTICLE.encode(), content_type="text/html"))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    world.gate = Gate(teaser=lambda teaser: "killed" in teaser, page=lambda _: True)
    await world.look()
    articles = {one.title: one for one in await world.published()}
    assert articles["Adviser killed"].notes == ("full-text",)
    assert (articles["Recipe"].text, articles["Recipe"].notes) == ("Apples.", ("gate-shut",))
    assert web.requests_to("/apples") == []


async def test_a_page_that_holds_nothing_is_not_read(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "Adviser killed", "The summary.", "/article")))
    web.serve("/article", Page(ARTICLE.encode("utf-16"), content_type="text/html"))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    shown: list[str] = []
    world.gate = Gate(teaser=lambda _: True, page=lambda page: bool(shown.append(page)))
    await world.look()
    (one,) = await world.published()
    assert (one.text, one.notes) == ("The summary.", ("page-shut",))
    assert shown == [ARTICLE]


WALL = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/x'></script>"
    "</head><body><article><h1>news.test</h1><p>Verify you are human by completing the action below. "
    "news.test needs to review the security of your connection before proceeding.</p></article></body></html>"
)


@pytest.mark.parametrize("opens", [None, "always", "for articles"])
async def test_a_page_that_tells_people_from_programs_is_no_article_and_the_article_is_read_later(
    web: WebServer, world: CollectorWorld, opens: str | None
) -> None:
    web.serve("/feed", rss(item("a", "Adviser killed", "The summary.", "/article")))
    web.serve("/article", Page(WALL.encode(), content_type="text/html"))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    if opens is not None:
        world.gate = Gate(teaser=lambda _: True, page=lambda page: opens == "always" or PARAGRAPHS[0] in page)
    await world.look()
    (one,) = await world.published()
    assert (one.text, one.notes) == ("The summary.", ("summary-only",))
    guarded = ARTICLE.replace("</head>", "<script src='/cdn-cgi/challenge-platform/x'></script></head>")
    web.serve("/article", Page(guarded.encode(), content_type="text/html"))
    world.clock.advance(timedelta(minutes=30))
    await world.look()
    assert PARAGRAPHS[0] in (await world.published())[-1].text


async def test_what_a_page_says_of_itself_is_kept_and_changes_no_identity(
    web: WebServer, world: CollectorWorld
) -> None:
    head = f"<head><link rel='canonical' href='{web.url('/2016/adviser')}'><meta name='author' content='Jane Doe'>"
    wire = ARTICLE.replace("<head>", head).replace("<p>The", "<p>DAMASCUS (Reuters) - The", 1)
    web.serve("/feed", *(rss(item(guid, f"Adviser {guid} killed", link="/article")) for guid in ("a", "b")))
    web.serve("/article", Page(wire.encode(), content_type="text/html"))
    world.sources.append(feed_source(web.url("/feed"), full_text="auto"))
    await world.look()
    await world.look()
    first, second = await world.published()
    assert {(one.canonical, one.byline, one.wire) for one in (first, second)} == {
        (web.url("/2016/adviser"), "Jane Doe", "Reuters")
    }
    assert first.item != second.item
    assert first.url == web.url("/article")
