"""A feed (RSS, RDF, Atom, JSON Feed) over HTTP."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from http import HTTPStatus

import structlog

from services.collector.sources import Blocked, Challenged, Cursor, Entry, Fetched, Gone, feed_memory
from services.collector.sources.challenges import challenger, in_words
from services.collector.sources.feed_parsing import FeedEntry
from services.collector.sources.fetching import Fetcher, Response
from services.collector.sources.freshness import lifetime
from services.collector.sources.hub_links import push_of
from services.collector.sources.parser_process import ParserPool
from shared.clock import Clock
from shared.errors import Retry

log = structlog.get_logger(__name__)

AHEAD = timedelta(hours=1)
"""How far in the future a date may lie before it is a mistake and not a slow clock of ours."""
DISTRUSTED = "304-not-trusted"
"""The note of a source whose server said "not modified" over changed entries."""


class RssSource:
    """One feed. The cursor is described in :mod:`services.collector.sources.feed_memory`.

    ``taken`` are the addresses of the other subscribed feeds: a redirect to one of them is never made permanent.
    """

    def __init__(
        self, url: str, *, fetcher: Fetcher, parsers: ParserPool, clock: Clock, taken: Collection[str] = ()
    ) -> None:
        self._url = url
        self._fetcher = fetcher
        self._parsers = parsers
        self._clock = clock
        self._taken = taken

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`."""
        known = cursor if cursor.get("url") == self._url else {}
        moved = known.get("at")
        if not moved:
            return await self._look(self._url, known)
        try:
            return await self._look(moved, known)
        except Retry as reason:
            if reason.after:
                raise
            # The address that we were sent to for good works no more; the one that was configured may.
            log.info("going back to the configured address", url=self._url, moved=moved, reason=reason.reason)
            return await self._look(self._url, {})

    async def close(self) -> None:
        """Nothing to let go: fetcher and parsers belong to the collector."""

    async def _look(self, url: str, known: Cursor) -> Fetched:
        """Ask for *url*, with validators unless the server was caught lying; check a 304 now and then."""
        if feed_memory.distrusted(known, self._clock.now()):
            return await self._read(await self._fetcher.get(url), known)
        etag, last_modified = known.get("etag"), known.get("last_modified")
        response = await self._fetcher.get(url, etag=etag, last_modified=last_modified)
        if response.status != HTTPStatus.NOT_MODIFIED or not (etag or last_modified):
            return await self._read(response, known)
        elsewhere = response.url != known.get("from")  # validators of one address say nothing of another
        if elsewhere or feed_memory.check_due(known, self._clock.now()):
            return await self._read(await self._fetcher.get(url), known, denied=not elsewhere)
        remembered = feed_memory.believed(feed_memory.validators(response.headers, known))
        return self._unchanged(response, _without_redirects(remembered) | self._redirected(response, known))

    async def _read(self, response: Response, known: Cursor, *, denied: bool = False) -> Fetched:
        """Return what a whole answer says; *denied*: the server has just said that it says nothing new."""
        _refuse(response)
        now, body = self._clock.now(), sha256(response.body).hexdigest()
        remembered = feed_memory.validators(response.headers, {"url": self._url, "from": response.url, "body": body})
        remembered |= self._redirected(response, known)
        if known.get("body") == body:
            kept = {name: known[name] for name in ("ttl", "skip_hours", "skip_days", "turnover") if name in known}
            honest = feed_memory.checked(known, now, denied=denied, entries=known.get("entries", ""))
            return self._unchanged(response, remembered | kept | honest)
        feed = await self._parsers.feed(response.body, response.headers.get("content-type"), response.url)
        repaired = tuple(note for note in feed.notes if note.startswith("charset-repaired"))
        entries = tuple(entry_of(entry, now, repaired) for entry in feed.entries)
        remembered |= feed_memory.rhythm(feed.hints) | feed_memory.turnover(entries, now)
        remembered |= feed_memory.checked(known, now, denied=denied, entries=feed_memory.digest(entries))
        if "distrusted" in remembered and remembered["distrusted"] != known.get("distrusted"):
            log.warning("the server says 'not modified' over changed entries", url=response.url)
        again = feed_memory.without_validators(remembered)
        return Fetched(
            entries,
            again if feed.cut else remembered,  # half an answer must not be called the present one
            fresh_for=feed_memory.fresh_for(remembered, lifetime(response.headers)),
            quiet=feed_memory.quiet(remembered),
            notes=(*feed.notes, *self._told(response, remembered)),
            again=lambda _: again,
            push=push_of(response.headers, feed.links, response.url),
        )

    def _unchanged(self, response: Response, cursor: Cursor) -> Fetched:
        return Fetched(
            (),
            cursor,
            unchanged=True,
            fresh_for=feed_memory.fresh_for(cursor, lifetime(response.headers)),
            quiet=feed_memory.quiet(cursor),
        )

    def _redirected(self, response: Response, known: Cursor) -> dict[str, str]:
        return feed_memory.redirected(known, response.moved_permanently_to, self._clock.now(), self._taken)

    def _told(self, response: Response, remembered: Cursor) -> tuple[str, ...]:
        """Return what the operator should know of this feed's server."""
        notes = [f"address-changed:{remembered['at']}"] if "at" in remembered else []
        if (target := response.moved_permanently_to) and target != remembered.get("at"):
            notes.append(f"{'moved-to-subscribed' if target in self._taken else 'moved-to'}:{target}")
        if "distrusted" in remembered:
            notes.append(DISTRUSTED)
        return tuple(notes)


def entry_of(entry: FeedEntry, now: datetime, repaired: tuple[str, ...]) -> Entry:
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
    ).told(revision=entry.revision, link_name=entry.link_name, **({} if future else {"story_name": entry.story_name}))


def _without_redirects(cursor: Cursor) -> dict[str, str]:
    return {name: value for name, value in cursor.items() if name != "at" and not name.startswith("moved_")}


def _refuse(response: Response) -> None:
    """Raise for an answer that holds no feed."""
    status = response.status
    if status == HTTPStatus.OK:
        return
    where, after = response.url, response.retry_after
    if who := challenger(response.headers, response.body):
        raise Challenged(f"{where}: {in_words(who)}", after=after)
    match status:
        case HTTPStatus.GONE:
            raise Gone(
                f"{where}: the server says that the feed is gone for good (HTTP 410). Look for its successor",
                after=after,
            )
        case HTTPStatus.NOT_FOUND:
            raise Retry(f"{where}: there is no feed here now (HTTP 404). If that lasts, check the address", after=after)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN | HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
            raise Blocked(f"{where}: the server refuses us (HTTP {status}). Ask the publisher for access", after=after)
        case HTTPStatus.NOT_MODIFIED:
            raise Retry(f"{where}: the server says 'not modified' to a first request")
        case _:
            raise Retry(f"{where}: HTTP {status} instead of a feed", after=after)
