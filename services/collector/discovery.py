"""Finds what can be collected at an address that a person gives: a channel, a feed, a news sitemap.

Everything is fetched under the collector's own rules.

::

    t.me/NAME ─▶ channel
    address ─▶ itself a feed? ─▶ a sitemap? ─▶ link rel=alternate ─▶ usual paths ─▶ robots.txt, usual sitemaps
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from services.collector.sources import Source
from services.collector.sources.charset import decode
from services.collector.sources.fetching import Fetcher, Response
from services.collector.sources.hypertext import MOST_TAGS, plain_title
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.sitemap import SitemapSource
from services.collector.sources.telegram.post import channel_name
from shared.clock import Clock
from shared.errors import ClaimwatchError, Retry

ANY_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, text/html;q=0.9, */*;q=0.5"
FEED_TYPES = {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
PATHS = ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
"""Where WordPress, Drupal, Jekyll, Hugo and hand-made sites keep their feeds."""
SITEMAPS = ("/news-sitemap.xml", "/sitemap-news.xml")
TELEGRAM = ("t.me", "telegram.me", "telegram.dog")
MOST_LINKS = 6
MOST_PAGE = 1_000_000
"""Bytes of a page in which its feeds are looked for; they are named in its head."""
_ENTRY = re.compile(r"<(?:[\w-]+:)?(?:item|entry)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]{0,200}>(.{0,2000}?)</title>", re.IGNORECASE | re.DOTALL)
_SITEMAP = re.compile(rb"<(?:\w+:)?(?:urlset|sitemapindex)\b")
_ROBOTS = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S{1,2000})", re.IGNORECASE | re.MULTILINE)


class NothingFound(ClaimwatchError):
    """Nothing at the address can be collected; the text says what was tried, and what to do."""


@dataclass(frozen=True)
class Shown:
    """One item as it would be collected."""

    title: str | None
    text: str
    published_at: datetime | None


@dataclass(frozen=True)
class Finding:
    """Something that can be collected; ``address`` is the channel's name for telegram, ``how`` how it was found."""

    kind: str
    address: str
    name: str | None
    items: tuple[Shown, ...]
    how: str


class Discovery:
    """Looks through *fetcher*; nothing is fetched twice."""

    def __init__(self, fetcher: Fetcher, parsers: ParserPool, clock: Clock) -> None:
        self._fetcher = fetcher
        self._parsers = parsers
        self._clock = clock
        self._tried: dict[str, str] = {}

    async def find(self, url: str) -> Finding:
        """Return what *url* leads to.

        Raises:
            NothingFound: nothing that can be collected.

        """
        response = await self._get(url)
        if found := await self._read(response, "the address itself"):
            return found
        links = list(feed_links(response.body[:MOST_PAGE], response.url))
        for address, name in links[:MOST_LINKS]:
            if found := await self._look(address, "named by the page", name):
                return found
        for path in PATHS:
            if found := await self._look(urljoin(response.url, path), "at a usual place"):
                return found
        async for address in self._sitemaps(response.url):
            if found := await self._look(address, "a sitemap of the site"):
                return found
        raise NothingFound(
            f"{urlsplit(response.url).hostname}: neither a feed nor a news sitemap was found "
            f"({len(self._tried)} addresses tried: {_told(self._tried)}). Look for an RSS link on the site and give "
            "its address"
        )

    async def _get(self, url: str) -> Response:
        try:
            response = await self._fetcher.get(url, accept=ANY_ACCEPT)
        except Retry as reason:
            raise NothingFound(reason.reason) from reason
        self._tried[url] = self._tried[response.url] = f"HTTP {response.status}"
        if response.status != HTTPStatus.OK:
            hint = {404: "check the address", 403: "the server refuses us", 401: "a login is needed"}
            told = hint.get(response.status, "try again later, or give the feed's own address")
            raise NothingFound(f"{response.url} answers HTTP {response.status}: {told}")
        return response

    async def _look(self, address: str, how: str, name: str | None = None) -> Finding | None:
        if address in self._tried:
            return None
        try:
            response = await self._fetcher.get(address, accept=ANY_ACCEPT)
        except Retry as reason:
            self._tried[address] = reason.reason
            return None
        known = response.url in self._tried
        self._tried[address] = f"HTTP {response.status}"
        if known or response.status != HTTPStatus.OK:
            return None  # redirected to a page that was seen: the usual answer to a path that is not there
        self._tried[response.url] = "no feed"
        return await self._read(response, how, name)

    async def _read(self, response: Response, how: str, name: str | None = None) -> Finding | None:
        if _SITEMAP.search(response.body[:4096]):
            source = SitemapSource(response.url, fetcher=self._fetcher, parsers=self._parsers, clock=self._clock)
            items = await self._shown(source)
            return Finding("sitemap", response.url, None, items, how) if items else None
        try:
            feed = await self._parsers.feed(response.body, response.headers.get("content-type"), response.url)
        except Retry as reason:
            self._tried[response.url] = reason.reason
            return None
        items = tuple(
            Shown(entry.title, entry.text, datetime.fromisoformat(entry.published) if entry.published else None)
            for entry in feed.entries
        )
        title = feed_title(response.body, response.headers.get("content-type"))
        return Finding("rss", response.url, title or name, items, how)

    async def _sitemaps(self, page: str) -> AsyncIterator[str]:
        try:
            robots = await self._fetcher.get(urljoin(page, "/robots.txt"), accept="text/plain")
        except Retry:
            robots = None
        if robots and robots.status == HTTPStatus.OK:
            for address in named_sitemaps(robots.body, page):
                yield address
        for path in SITEMAPS:
            yield urljoin(page, path)

    async def _shown(self, source: Source) -> tuple[Shown, ...]:
        try:
            fetched = await source.fetch({})
        except Retry:
            return ()
        return tuple(Shown(entry.title, entry.text, entry.published_at) for entry in fetched.entries)


async def try_channel(source: Source, name: str) -> Finding:
    """Return what the channel *name* shows, read by *source*.

    Raises:
        NothingFound: it cannot be read.

    """
    try:
        fetched = await source.fetch({})
    except Retry as reason:
        raise NothingFound(reason.reason) from reason
    items = tuple(Shown(entry.title, entry.text, entry.published_at) for entry in fetched.entries)
    return Finding("telegram", name, None, items, "a Telegram channel")


def telegram_channel(address: str) -> str | None:
    """Return the channel that *address* means (``t.me/NAME``, ``@NAME``); None when it is a web address. Pure."""
    if address.startswith("@"):
        return channel_name(address)
    host = urlsplit(address if "//" in address else f"//{address}").hostname
    return channel_name(address) if host in TELEGRAM else None


def feed_links(body: bytes, page: str) -> Iterator[tuple[str, str | None]]:
    """Yield the feeds that a page names, with their titles; those of comments last. Pure."""
    # No further than so many tags: the parser's time grows with the square of their nesting.
    head = b"<".join(body.split(b"<", MOST_TAGS)[:MOST_TAGS])
    try:
        tree = LexborHTMLParser(head)
    except ValueError:
        return
    base = tree.css_first("base[href]")
    root = urljoin(page, (base.attributes.get("href") or "") if base else "")
    found: list[tuple[str, str | None]] = []
    for link in tree.css("link[rel][href]"):
        relations = (link.attributes.get("rel") or "").lower().split()
        kind = (link.attributes.get("type") or "").partition(";")[0].strip().lower()
        if "alternate" in relations and kind in FEED_TYPES:
            found.append((_joined(root, link.attributes.get("href") or ""), link.attributes.get("title")))
    seen: set[str] = set()
    for address, title in sorted(found, key=lambda one: "comment" in f"{one[0]} {one[1]}".lower()):
        if address and address not in seen:
            seen.add(address)
            yield address, plain_title(title or "")[:200] or None


def named_sitemaps(robots: bytes, page: str) -> list[str]:
    """Return the sitemaps that a robots.txt names, those of news first, at most six. Pure."""
    named = [_joined(page, one) for one in _ROBOTS.findall(robots[:MOST_PAGE].decode("utf-8", "replace"))]
    return sorted(filter(None, dict.fromkeys(named)), key=lambda one: "news" not in one.lower())[:MOST_LINKS]


def feed_title(body: bytes, content_type: str | None) -> str | None:
    """Return a feed's own title. Pure."""
    text = decode(body[:MOST_PAGE], content_type).text
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(decode(body, content_type).text).get("title")
        except (ValueError, AttributeError, RecursionError):
            return None
        return plain_title(value)[:200] or None if isinstance(value, str) else None
    first = _ENTRY.search(text)
    found = _TITLE.search(text[: first.start()] if first else text)
    inside = found[1].replace("<![CDATA[", "").replace("]]>", "") if found else ""
    return plain_title(inside)[:200] or None


def _joined(page: str, address: str) -> str:
    try:
        joined = urljoin(page, address.strip())
    except ValueError:
        return ""
    return joined if address.strip() and joined.startswith(("http://", "https://")) else ""


def _told(tried: dict[str, str]) -> str:
    paths = [f"{urlsplit(url).path or '/'} {result}" for url, result in list(tried.items())[:4]]
    return "; ".join(paths)[:400]
