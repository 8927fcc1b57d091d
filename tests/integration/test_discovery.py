"""What can be collected at an address, found on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import process_time

import pytest

from services.collector.discovery import (
    NothingFound,
    feed_links,
    feed_title,
    named_sitemaps,
    telegram_channel,
    try_channel,
)
from services.collector.exploring import Exploration, exploring
from services.collector.settings import CollectorSettings
from tests.support.collecting import item, rss
from tests.support.preview_site import PreviewSite
from tests.support.web_server import Page, WebServer

FEED = rss(item("a", "One killed"), item("b", "Two killed", date=""), title="The &amp; Post")
NEWS = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>{}</loc><news:news><news:publication_date>
 {}</news:publication_date><news:title>Four killed</news:title></news:news></url></urlset>"""


def page(head: str = "", body: str = "Welcome") -> Page:
    html = f"<!doctype html><html><head><title>Site</title>{head}</head><body>{body}</body></html>"
    return Page(html.encode(), content_type="text/html; charset=utf-8")


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def exploration() -> AsyncIterator[Exploration]:
    async with exploring(CollectorSettings(), allow_private=True) as opened:
        yield opened


async def test_a_feeds_own_address_is_fetched_once(web: WebServer, exploration: Exploration) -> None:
    web.serve("/feed", FEED)
    found = await exploration.discovery.find(web.url("/feed"))
    assert (found.kind, found.address, found.name) == ("rss", web.url("/feed"), "The & Post")
    assert [(one.title, one.published_at is not None) for one in found.items] == [
        ("One killed", True),
        ("Two killed", False),
    ]
    assert len(web.requests) == 1


async def test_the_feed_that_the_page_names_is_found_and_not_that_of_comments(
    web: WebServer, exploration: Exploration
) -> None:
    link = '<link rel="alternate" type="application/rss+xml" title="{}" href="{}">'
    web.serve("/", page(link.format("Comments", "/comments/feed") + link.format("News", "../news.xml#x")))
    web.serve("/comments/feed", rss(title="Comments"))
    web.serve("/news.xml", FEED)
    found = await exploration.discovery.find(web.url("/"))
    assert (found.address, found.how) == (web.url("/news.xml"), "named by the page")
    assert web.requests_to("/comments/feed") == []


async def test_the_usual_places_are_tried_in_turn(web: WebServer, exploration: Exploration) -> None:
    web.serve("/", page('<link rel="alternate" type="application/rss+xml" href="/dead">'))
    web.serve("/rss.xml", FEED)
    found = await exploration.discovery.find(web.url("/"))
    assert (found.address, found.how) == (web.url("/rss.xml"), "at a usual place")


async def test_a_site_that_answers_every_path_with_its_front_page_has_no_feed(
    web: WebServer, exploration: Exploration
) -> None:
    web.serve("/", page())
    for path in ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json", "/robots.txt"):
        web.redirect(path, "/")
    with pytest.raises(NothingFound, match="neither a feed nor a news sitemap"):
        await exploration.discovery.find(web.url("/"))


async def test_a_news_sitemap_is_found_by_robots_txt(web: WebServer, exploration: Exploration) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - the sitemap must be of today

    web.serve("/", page())
    web.serve(
        "/robots.txt", Page(f"Sitemap: {web.url('/all.xml')}\nsitemap: /news.xml".encode(), content_type="text/plain")
    )
    web.serve("/news.xml", NEWS.format(web.url("/four"), datetime.now(UTC).isoformat()))
    found = await exploration.discovery.find(web.url("/"))
    assert (found.kind, found.address) == ("sitemap", web.url("/news.xml"))
    assert [one.title for one in found.items] == ["Four killed"]


@pytest.mark.parametrize(
    ("served", "said"),
    [
        (Page(b"", 404), "HTTP 404: check the address"),
        (Page(b"", 403), "the server refuses us"),
        (Page(b"", drop_after=0), "127.0.0.1"),
    ],
)
async def test_what_went_wrong_is_said_with_what_to_do(
    web: WebServer, exploration: Exploration, served: Page, said: str
) -> None:
    web.serve("/", served)
    with pytest.raises(NothingFound, match=said):
        await exploration.discovery.find(web.url("/"))


async def test_the_own_network_is_refused_at_every_step(web: WebServer) -> None:
    web.serve("/", page())
    async with exploring(CollectorSettings()) as guarded:
        with pytest.raises(NothingFound, match="not a public address"):
            await guarded.discovery.find(web.url("/"))
        with pytest.raises(NothingFound, match="only http and https"):
            await guarded.discovery.find("file:///etc/passwd")
    assert web.requests == []


async def test_a_channel_is_tried_by_its_preview() -> None:
    with PreviewSite() as site:
        site.channel("example").post("Three killed near Homs")
        telegram = {"mode": "preview", "accept_terms": True, "preview_url": site.url}
        settings = CollectorSettings.model_validate({"telegram": telegram})
        async with exploring(settings, allow_private=True) as opened:
            assert opened.preview
            found = await try_channel(opened.preview("example"), "example")
            assert [one.text for one in found.items] == ["Three killed near Homs"]
            with pytest.raises(NothingFound):
                await try_channel(opened.preview("nobody"), "nobody")


async def test_without_a_mode_nothing_of_telegram_is_read(exploration: Exploration) -> None:
    assert exploration.preview is None


@pytest.mark.parametrize(
    ("address", "channel"),
    [
        ("https://t.me/example_one", "example_one"),
        ("t.me/s/example_one", "example_one"),
        ("https://t.me/example_one/123", "example_one"),
        ("@example_one", "example_one"),
        ("https://example.org/t.me/example_one", None),
        ("https://nott.me/example_one", None),
        ("example.org", None),
    ],
)
def test_what_means_a_channel(address: str, channel: str | None) -> None:
    assert telegram_channel(address) == channel


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"<rss><channel><title><![CDATA[A &amp; B]]></title><item><title>x</title></item></channel></rss>", "A & B"),
        (b"<rss><channel><item><title>x</title></item></channel></rss>", None),
        ("<feed><title type='text'>Новости</title></feed>".encode(), "Новости"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "title": "J"}', "J"),
        (b'{"title": 7}', None),
        (b"{", None),
        (b"", None),
    ],
)
def test_a_feeds_title(body: bytes, title: str | None) -> None:
    assert feed_title(body, None) == title


def test_hostile_pages_name_nothing_but_web_addresses() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    bad = ["javascript:alert(1)", "file:///etc/passwd", "//[", "data:,x", ""]
    body = "".join(link.format(one) for one in bad) + link.format("/ok") * 3 + "<a" * 100_000
    assert list(feed_links(body.encode(), "https://e.example/x/")) == [("https://e.example/ok", None)]
    assert list(feed_links(b"\x00\xff" * 1000, "https://e.example/")) == []
    assert named_sitemaps(b"Sitemap: ftp://x/\nSitemap: /b.xml\nSITEMAP:/news.xml", "https://e.example/") == [
        "https://e.example/news.xml",
        "https://e.example/b.xml",
    ]
    started = process_time()
    assert named_sitemaps(b"\n" * 900_000 + b"Sitemap: /c.xml", "https://e.example/") == ["https://e.example/c.xml"]
    assert process_time() - started < 5


def test_a_page_of_a_hundred_thousand_tags_is_searched_in_no_time() -> None:
    head = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head>'
    started = process_time()
    assert [url for url, _ in feed_links(head + b"<div>" * 100_000, "https://e.example/")] == ["https://e.example/feed"]
    assert process_time() - started < 5
