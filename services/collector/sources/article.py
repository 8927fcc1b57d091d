"""The body of an article whose feed gives only a summary, under the same rules of fetching."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http import HTTPStatus

import structlog

from services.collector.sources import Entry
from services.collector.sources.challenges import challenger, in_words
from services.collector.sources.completing import SHUT, SHUT_PAGE, SUMMARY, Completed, Seen, noted, with_article
from services.collector.sources.fetching import PAGE_ACCEPT, Fetcher, Response
from services.collector.sources.gate import Gate
from services.collector.sources.parser_process import ParserPool
from shared.errors import Retry

log = structlog.get_logger(__name__)

WORDS_OF_A_WALL = 300
"""Characters that a page which tells people from programs has at most; a shorter article with its marks is lost."""
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


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
            return Completed(noted(entry, SHUT))
        try:
            seen = await self.see(entry.url)
        except Retry as reason:
            log.info("article could not be read", url=entry.url, reason=reason.reason)
            return Completed(noted(entry, SUMMARY), again=True)
        if seen.shut:
            return Completed(noted(entry, SHUT_PAGE))
        if seen.article is None:
            log.info("article could not be read", url=entry.url, reason="it is not there (404 or 410)")
            return Completed(noted(entry, SUMMARY), again=True)
        return Completed(with_article(entry, seen.article), again=True, seen=seen)

    async def see(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Seen:
        """Ask for the page at *url*, with the validators of the last answer if there was one.

        Raises:
            Retry: no answer, no article in it but a page for people perhaps, or a status that says nothing of it.

        """
        response = await self._fetcher.get(url, etag=etag, last_modified=last_modified, accept=PAGE_ACCEPT)
        seen = Seen(response.url, None, response.headers.get("etag"), response.headers.get("last-modified"))
        if response.status == HTTPStatus.NOT_MODIFIED and (etag or last_modified):
            return replace(seen, unchanged=True)
        if response.status in _GONE:
            return replace(seen, gone=True)
        if response.status != HTTPStatus.OK:
            raise Retry(f"{response.url}: HTTP {response.status} instead of the article")
        # Marks alone say little: many sites have a captcha at their forms, and scripts of their guard on every page.
        who = challenger(response.headers, response.body)
        challenged = Retry(f"{response.url}: {in_words(who)}") if who else None
        if self._gate and not await self._opens(self._gate, response):
            if challenged:
                raise challenged
            return replace(seen, shut=True)
        content_type = response.headers.get("content-type")
        article = await self._parsers.article(response.body, content_type, response.url)
        if challenged and len(article.text) < WORDS_OF_A_WALL:
            raise challenged
        return replace(seen, article=article)

    async def _opens(self, gate: Gate, response: Response) -> bool:
        page = await self._parsers.page(response.body, response.headers.get("content-type"), response.url)
        return await asyncio.to_thread(gate.page, page)
