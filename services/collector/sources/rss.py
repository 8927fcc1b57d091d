"""A feed (RSS, RDF, Atom, JSON Feed) over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

from services.collector.sources import Blocked, Cursor, Entry, Fetched, Gone
from services.collector.sources.feed_parsing import FeedEntry
from services.collector.sources.fetching import Fetcher, Response
from services.collector.sources.parser_process import ParserPool
from shared.clock import Clock
from shared.errors import Retry

AHEAD = timedelta(hours=1)
"""How far in the future a date may lie before it is a mistake and not a slow clock of ours."""
LONG_PAUSE = 21_600.0
"""Seconds to leave a feed alone that says it is gone for good."""


class RssSource:
    """One feed. The cursor holds the validators of the last answer, the hash of its body, and the address it is for."""

    def __init__(self, url: str, *, fetcher: Fetcher, parsers: ParserPool, clock: Clock) -> None:
        self._url = url
        self._fetcher = fetcher
        self._parsers = parsers
        self._clock = clock

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`."""
        known = cursor if cursor.get("url") == self._url else {}
        response = await self._fetcher.get(self._url, etag=known.get("etag"), last_modified=known.get("last_modified"))
        if response.status == HTTPStatus.NOT_MODIFIED and known:
            return Fetched((), _validators(response, known), unchanged=True, fresh_for=response.max_age)
        _refuse(response)
        body = sha256(response.body).hexdigest()
        remembered = _validators(response, {}) | {"url": self._url, "body": body}
        if known.get("body") == body:
            return Fetched((), remembered, unchanged=True, fresh_for=response.max_age)
        feed = await self._parsers.feed(response.body, response.headers.get("content-type"), response.url)
        now = self._clock.now()
        repaired = tuple(note for note in feed.notes if note.startswith("charset-repaired"))
        return Fetched(
            tuple(_entry(entry, now, repaired) for entry in feed.entries),
            remembered,
            fresh_for=max((hint for hint in (response.max_age, feed.ttl) if hint), default=None),
            notes=(*feed.notes, *_moved(response)),
        )

    async def close(self) -> None:
        """Nothing to let go: fetcher and parsers belong to the collector."""


def _entry(entry: FeedEntry, now: datetime, repaired: tuple[str, ...]) -> Entry:
    """Return the entry with its time checked: a future date says nothing of when, so that it is left out and noted."""
    published = datetime.fromisoformat(entry.published) if entry.published else None
    updated = datetime.fromisoformat(entry.updated) if entry.updated else None
    future = published is not None and published > now + AHEAD
    notes = [*repaired]
    if published is None:
        notes.append("undated")
    if future:
        notes.append("future")
    if not entry.title and not entry.text:
        notes.append("textless")
    return Entry(
        key=entry.key,
        url=entry.url,
        title=entry.title,
        text=entry.text,
        published_at=None if future else published,
        edited_at=updated if updated and updated <= now + AHEAD else None,
        lang=entry.lang,
        byline=entry.byline,
        notes=tuple(notes),
    )


def _validators(response: Response, known: Cursor) -> dict[str, str]:
    """Return what to send back next time; a 304 may renew one validator and leave the other (RFC 9111, 4.3.4)."""
    kept = dict(known)
    for name, header in (("etag", "etag"), ("last_modified", "last-modified")):
        if value := response.headers.get(header):
            kept[name] = value
    return kept


def _moved(response: Response) -> tuple[str, ...]:
    return (f"moved-to:{response.moved_permanently_to}",) if response.moved_permanently_to else ()


def _refuse(response: Response) -> None:
    """Raise for an answer that holds no feed."""
    status = response.status
    if status == HTTPStatus.OK:
        return
    where = response.url
    match status:
        case HTTPStatus.GONE:
            raise Gone(f"{where}: the feed is gone for good (HTTP 410). Look for its successor", after=LONG_PAUSE)
        case HTTPStatus.NOT_FOUND:
            raise Retry(f"{where}: there is no feed here now (HTTP 404). If that lasts, check the address")
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
            raise Blocked(
                f"{where}: the server refuses us (HTTP {status}). Ask the publisher for access",
                after=response.retry_after,
            )
        case HTTPStatus.NOT_MODIFIED:
            raise Retry(f"{where}: the server says 'not modified' to a first request")
        case _:
            raise Retry(f"{where}: HTTP {status} instead of a feed", after=response.retry_after)
