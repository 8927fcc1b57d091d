"""A sitemap, or an index of sitemaps, over HTTP: what a site says it published lately, by title and address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import structlog

from services.collector.sources import Challenged, Cursor, Entry, Fetched, refusal
from services.collector.sources.addresses import own_address
from services.collector.sources.challenges import challenger, in_words
from services.collector.sources.feed_memory import UNCHECKED
from services.collector.sources.fetching import Fetcher, Response
from services.collector.sources.links import normal_link
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.rss import AHEAD
from services.collector.sources.sitemap_parsing import Listed, Sitemap, moment
from shared.clock import Clock
from shared.errors import Retry

log = structlog.get_logger(__name__)

RECENT = timedelta(hours=48)
"""How long an article is news: what a news sitemap lists at most."""
SITEMAP_ACCEPT = "application/xml, text/xml;q=0.9, application/gzip;q=0.8, */*;q=0.1"

_Known = dict[str, dict[str, Any]]


class SitemapSource:
    """One sitemap. Its texts are on the articles' pages; a look shows titles and addresses.

    The cursor holds, for the sitemap and each further one that it names, the validators of the last answer, the hash of
    its body and when it was last seen whole; of an index also which sitemaps it named. Neither a 304 nor an index's
    ``lastmod`` is believed for longer than a feed's 304 is: servers lie.
    """

    def __init__(self, url: str, *, fetcher: Fetcher, parsers: ParserPool, clock: Clock) -> None:
        self._url = url
        self._fetcher = fetcher
        self._parsers = parsers
        self._clock = clock

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`."""
        known: _Known = json.loads(cursor["answers"]) if cursor.get("url") == self._url else {}
        answers: _Known = {}
        top = await self._read(self._url, known, answers)
        if top is not None:
            answers[self._url]["children"] = [(one.url, one.modified) for one in top.children]
        notes: set[str] = set()
        below = await self._below(answers[self._url].get("children", ()), known, answers, notes)
        read = [one for one in (top, *below) if one]
        entries, odd = _entries(read, self._url, self._clock.now())
        return Fetched(
            entries,
            {"url": self._url, "answers": json.dumps(answers)},
            unchanged=not read,
            notes=tuple(sorted(notes | odd)),
            again=lambda _: {},
        )

    async def close(self) -> None:
        """Nothing to let go: fetcher and parsers belong to the collector."""

    async def _below(
        self, children: Iterable[tuple[str, str | None]], known: _Known, answers: _Known, notes: set[str]
    ) -> list[Sitemap]:
        """Return those sitemaps of an index that have something new; one that cannot be read is read the next time.

        Raises:
            Retry: none can be read.

        """
        own = {own_address(url, self._url): modified for url, modified in children}
        if None in own:
            notes.add("foreign-addresses-left-out")
        # An index that names itself would be taken for one of its parts, and forget which these are.
        addresses = {address: modified for address, modified in own.items() if address and address != self._url}
        read, failed = [], 0
        for address, modified in addresses.items():
            before = known.get(address)
            try:
                # A day without a time stays the same all day long, whatever is added.
                said = before is not None and modified and "T" in modified and before.get("modified") == modified
                if before is None or not said or self._is_doubtful(before):
                    read.append(await self._read(address, known, answers))
                    answers[address]["modified"] = modified
                    continue
            except Retry as reason:
                log.info("sitemap could not be read", url=address, reason=reason.reason)
                failed += 1
            if before is not None:
                answers[address] = before
        if failed:
            notes.add("sitemaps-unread")
        if failed == len(addresses) > 0:
            raise Retry(f"{self._url}: none of its {failed} sitemaps can be read")
        if any(one and one.children for one in read):
            notes.add("nested-index-left-out")
        return [one for one in read if one]

    async def _read(self, address: str, known: _Known, answers: _Known) -> Sitemap | None:
        """Return the sitemap at *address* and put into *answers* what to remember of it; None when it is unchanged."""
        before = known.get(address, {})
        validators = {} if self._is_doubtful(before) else {name: before.get(name) for name in ("etag", "last_modified")}
        response = await self._fetcher.get(address, **validators, accept=SITEMAP_ACCEPT)
        if response.status == HTTPStatus.NOT_MODIFIED and before:
            answers[address] = before | _validators(response)
            return None
        if who := challenger(response.headers, response.body):
            raise Challenged(f"{response.url}: {in_words(who)}", after=response.retry_after)
        if response.status != HTTPStatus.OK:
            refused = refusal(response.status)
            raise refused(f"{response.url}: HTTP {response.status} instead of a sitemap", after=response.retry_after)
        seen = _validators(response) | {"whole_at": self._clock.now().isoformat()}
        body = sha256(response.body).hexdigest()
        if before.get("body") == body:
            answers[address] = before | seen
            return None
        since = self._clock.now() - RECENT
        sitemap = await self._parsers.sitemap(
            response.body, response.headers.get("content-type"), response.url, since=since
        )
        answers[address] = seen | {"body": body}
        return sitemap

    def _is_doubtful(self, before: dict[str, Any]) -> bool:
        """Whether what is remembered of a sitemap is too old to be taken for the present one on the server's word."""
        whole_at = before.get("whole_at")
        return whole_at is None or self._clock.now() - datetime.fromisoformat(whole_at) >= UNCHECKED


def _validators(response: Response) -> dict[str, Any]:
    pairs = (("etag", "etag"), ("last_modified", "last-modified"))
    return {name: value for name, header in pairs if (value := response.headers.get(header))}


def _entries(sitemaps: Sequence[Sitemap], site: str, now: datetime) -> tuple[tuple[Entry, ...], set[str]]:
    """Return every article once, and what has to be noted of them all."""
    found: dict[str, Entry] = {}
    notes: set[str] = set()
    for sitemap in sitemaps:
        notes |= set(sitemap.notes)
        for listed in sitemap.articles:
            address = own_address(listed.url, site)
            if address is None:
                notes.add("foreign-addresses-left-out")
                continue
            entry = _entry(listed, address, now)
            found.setdefault(entry.key, entry)
    return tuple(found.values()), notes


def _entry(listed: Listed, address: str, now: datetime) -> Entry:
    published, modified = _time(listed.published), _time(listed.modified)
    notes = [] if published else ["undated"]
    if published and published > now + AHEAD:
        notes, published = ["future"], None
    return Entry(
        key=f"link:{normal_link(address)}",
        url=address,
        title=listed.title,
        text="",
        published_at=published,
        edited_at=modified if modified and modified != published and modified <= now + AHEAD else None,
        lang=listed.lang,
        notes=tuple(notes),
    )


def _time(text: str | None) -> datetime | None:
    """Return the moment; a day without a time is none."""
    return moment(text) if text and "T" in text else None
