"""The body of an article whose feed gives only a summary, under the same rules of fetching."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal

import structlog

from services.collector.sources import Entry
from services.collector.sources.article_parsing import Article
from services.collector.sources.fetching import PAGE_ACCEPT, Fetcher, Response
from services.collector.sources.gate import Gate
from services.collector.sources.parser_process import ParserPool
from shared.errors import Retry

log = structlog.get_logger(__name__)

Mode = Literal["auto", "always", "never"]

SHORT = 800
"""Characters. A summary is mostly under 500, an article mostly over 1,500."""
FURNITURE = 1.3
"""A page that holds the feed's text and hardly more adds a date line or a byline, not an article."""
FULL, SUMMARY = "full-text", "summary-only"
SHUT, SHUT_PAGE = "gate-shut", "page-shut"
"""Notes: the summary promised nothing, so that the page was not fetched; the page held nothing, so that it was not
read."""

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


@dataclass(frozen=True)
class Seen:
    """What one request for a page brought.

    ``article`` is None for a page that is ``unchanged``, ``gone`` (404, 410), or shut out by the gate (``shut``).
    """

    url: str
    article: Article | None = None
    etag: str | None = None
    last_modified: str | None = None
    unchanged: bool = False
    gone: bool = False
    shut: bool = False


@dataclass(frozen=True)
class Completed:
    """An entry with as much text as could be had. ``seen`` is its page's answer, if there was one worth keeping.

    ``again``: the page is worth reading again, for edits or because it could not be read this time.
    """

    entry: Entry
    again: bool = False
    seen: Seen | None = None


class Articles:
    """Reads articles for one source; with a *gate*, only those that it opens for."""

    def __init__(self, fetcher: Fetcher, parsers: ParserPool, gate: Gate | None = None) -> None:
        self._fetcher = fetcher
        self._parsers = parsers
        self._gate = gate

    async def complete(self, entry: Entry) -> Completed:
        """Return *entry* with the article's body; if that cannot be had, as it is with a note that says why."""
        if not entry.url:
            return Completed(entry)
        if self._gate and not await asyncio.to_thread(self._gate.teaser, f"{entry.title or ''}\n{entry.text}"):
            return Completed(_noted(entry, SHUT))
        try:
            seen = await self.see(entry.url)
        except Retry as reason:
            log.info("article could not be read", url=entry.url, reason=reason.reason)
            return Completed(_noted(entry, SUMMARY), again=True)
        if seen.shut:
            return Completed(_noted(entry, SHUT_PAGE))
        if seen.article is None:
            log.info("article could not be read", url=entry.url, reason="it is not there (404 or 410)")
            return Completed(_noted(entry, SUMMARY), again=True)
        return Completed(with_article(entry, seen.article), again=True, seen=seen)

    async def see(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Seen:
        """Ask for the page at *url*, with the validators of the last answer if there was one.

        Raises:
            Retry: no answer, no article in it, or a status that says nothing about the article.

        """
        response = await self._fetcher.get(url, etag=etag, last_modified=last_modified, accept=PAGE_ACCEPT)
        seen = Seen(response.url, None, response.headers.get("etag"), response.headers.get("last-modified"))
        if response.status == HTTPStatus.NOT_MODIFIED and (etag or last_modified):
            return replace(seen, unchanged=True)
        if response.status in _GONE:
            return replace(seen, gone=True)
        if response.status != HTTPStatus.OK:
            raise Retry(f"{response.url}: HTTP {response.status} instead of the article")
        if self._gate and not await self._opens(self._gate, response):
            return replace(seen, shut=True)
        content_type = response.headers.get("content-type")
        return replace(seen, article=await self._parsers.article(response.body, content_type, response.url))

    async def _opens(self, gate: Gate, response: Response) -> bool:
        page = await self._parsers.page(response.body, response.headers.get("content-type"), response.url)
        return await asyncio.to_thread(gate.page, page)


def wants_article(entry: Entry, mode: Mode) -> bool:
    """Whether the article's page is to be read for *entry*."""
    if mode == "never" or entry.deleted or not entry.url:
        return False
    return mode == "always" or len(entry.text) < SHORT


def with_article(entry: Entry, article: Article) -> Entry:
    """Return *entry* with the article's text and what its page adds; the source's own words are kept."""
    known = replace(
        entry,
        title=entry.title or article.title,
        byline=entry.byline or article.byline,
        canonical=article.canonical,
    )
    return with_body(known, article.text)


def with_body(entry: Entry, body: str) -> Entry:
    """Return *entry* with *body* as its text; a summary that the body does not repeat stays in front of it."""
    body = _without_title(body, entry.title)
    if len(body) <= len(entry.text):
        return _noted(entry, SUMMARY)
    if len(body) <= len(entry.text) * FURNITURE and _bare(entry.text) in _bare(body):
        return _noted(entry, FULL)
    summary = entry.text.rstrip("…. \n")
    repeated = not summary or _bare(summary)[:80] in _bare(body)
    text = body if repeated else f"{entry.text}\n\n{body}"
    return _noted(replace(entry, text=text), FULL)


def _noted(entry: Entry, note: str) -> Entry:
    return replace(entry, notes=(*entry.notes, note))


def _without_title(body: str, title: str | None) -> str:
    """Return *body* without the title that pages set over it: the document holds it once already."""
    if title and body.casefold().startswith(title.casefold()):
        return body[len(title) :].lstrip()
    return body


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
