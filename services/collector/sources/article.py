"""The body of an article whose feed gives only a summary, under the same rules of fetching."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Literal

import structlog

from services.collector.sources import Entry
from services.collector.sources.fetching import PAGE_ACCEPT, Fetcher
from services.collector.sources.parser_process import ParserPool
from shared.errors import Retry

log = structlog.get_logger(__name__)

Mode = Literal["auto", "always", "never"]

SHORT = 800
"""Characters. A summary is mostly under 500, an article mostly over 1,500."""
FURNITURE = 1.3
"""A page that holds the feed's text and hardly more adds a date line or a byline, not an article."""
FULL, SUMMARY = "full-text", "summary-only"


class Articles:
    """Reads articles for one source."""

    def __init__(self, fetcher: Fetcher, parsers: ParserPool) -> None:
        self._fetcher = fetcher
        self._parsers = parsers

    async def complete(self, entry: Entry) -> Entry:
        """Return *entry* with the article's body; if that cannot be had, as it is with the note ``summary-only``."""
        if not entry.url:
            return entry
        try:
            body = await self._body(entry.url)
        except Retry as reason:
            log.info("article could not be read", url=entry.url, reason=reason.reason)
            return replace(entry, notes=(*entry.notes, SUMMARY))
        return with_body(entry, body)

    async def _body(self, url: str) -> str:
        response = await self._fetcher.get(url, accept=PAGE_ACCEPT)
        if response.status != HTTPStatus.OK:
            raise Retry(f"{response.url}: HTTP {response.status} instead of the article")
        return await self._parsers.article(response.body, response.headers.get("content-type"), response.url)


def wants_article(entry: Entry, mode: Mode) -> bool:
    """Whether the article's page is to be read for *entry*."""
    if mode == "never" or entry.deleted or not entry.url:
        return False
    return mode == "always" or len(entry.text) < SHORT


def with_body(entry: Entry, body: str) -> Entry:
    """Return *entry* with *body* as its text; a summary that the body does not repeat stays in front of it."""
    body = _without_title(body, entry.title)
    if len(body) <= len(entry.text):
        return replace(entry, notes=(*entry.notes, SUMMARY))
    if len(body) <= len(entry.text) * FURNITURE and _bare(entry.text) in _bare(body):
        return replace(entry, notes=(*entry.notes, FULL))
    summary = entry.text.rstrip("…. \n")
    repeated = not summary or _bare(summary)[:80] in _bare(body)
    text = body if repeated else f"{entry.text}\n\n{body}"
    return replace(entry, text=text, notes=(*entry.notes, FULL))


def _without_title(body: str, title: str | None) -> str:
    """Return *body* without the title that pages set over it: the document holds it once already."""
    if title and body.casefold().startswith(title.casefold()):
        return body[len(title) :].lstrip()
    return body


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
