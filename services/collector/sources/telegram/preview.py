"""Reads a public channel's preview pages, ``t.me/s/CHANNEL``: no account, no credentials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from services.collector.sources import Blocked, Cursor, Entry, Fetched, refusal
from services.collector.sources.fetching import PAGE_ACCEPT
from services.collector.sources.telegram.markup import Landing, Page
from services.collector.sources.telegram.post import entries_of, key_of, post_of
from services.collector.sources.telegram.progress import Progress, kept
from shared.errors import Retry

log = structlog.get_logger(__name__)

MOST_PAGES = 10
"""Pages of one look. A longer gap is filled by the looks that follow, so that one channel never holds up the others."""
SOON = 5.0
"""Seconds until the next look while a gap is open."""
WIDEST = 1000
"""Ids one page may span and still say that what is absent was deleted."""
OK, NOT_FOUND = 200, 404


class Response(Protocol):
    """The answer to one request, redirects followed."""

    @property
    def status(self) -> int:
        """HTTP status."""

    @property
    def url(self) -> str:
        """Where the last redirect led."""

    @property
    def body(self) -> bytes:
        """Decoded content, bounded."""


class Fetcher(Protocol):
    """What is needed of :mod:`services.collector.sources.fetching`."""

    async def get(self, url: str, *, accept: str) -> Response:
        """Fetch politely and within limits; a network failure is a Retry."""
        ...


class Parsers(Protocol):
    """What is needed of :class:`services.collector.sources.parser_process.ParserPool`."""

    async def preview(self, body: bytes, url: str, channel: str) -> Page:
        """Return what a page of *channel* shows; a page that cannot be read within limits is a Retry."""
        ...

    async def landing(self, body: bytes, url: str) -> Landing:
        """Return what a page without a history says; one that cannot be read within limits is a Retry."""
        ...


class PreviewClosed(Blocked):
    """The channel exists but shows no preview: closed by its owner, restricted by Telegram, or blocked from here."""


@dataclass(frozen=True)
class _Look:
    """The pages of one look, each with the id it was asked to end before (None: the newest), and how far it got."""

    pages: tuple[tuple[int | None, Page], ...]
    progress: Progress


class PreviewSource:
    """One channel through its preview pages.

    A look reads the newest page, fills gaps back to the last known post, and with every look re-reads one older page
    in turn until *reread* posts back, so that edits and deletions there are seen. ``covers`` are the id ranges of the
    pages on which every message could be read.
    """

    def __init__(
        self,
        channel: str,
        fetcher: Fetcher,
        parsers: Parsers,
        *,
        base: str = "https://t.me",
        reread: int = 100,
        first: int = 20,
    ) -> None:
        self._channel = channel
        self._fetcher = fetcher
        self._parsers = parsers
        self._base = base.rstrip("/")
        self._reread = reread
        self._first = first

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`.

        Raises:
            PreviewClosed: there is no preview; only an account can read this channel.
            Retry: unreachable, no such channel, or a page that reads as nothing although posts are known.

        """
        known = Progress.load(cursor)
        look = await self._look(known)
        entries = _unique(entry for _, page in look.pages for entry in entries_of(page.posts, self._channel))
        covered = covered_ids(look.pages, known, look.progress)
        notes = []
        if unreadable := sum(page.unreadable for _, page in look.pages):
            log.warning("posts could not be read", channel=self._channel, posts=unreadable)
            notes.append("unreadable-posts")
        if unshown := sum(post.unshown for _, page in look.pages for post in page.posts):
            log.info("posts are not shown without an account", channel=self._channel, posts=unshown)
            notes.append("unshown-posts")
        return Fetched(
            entries=entries,
            cursor=kept(cursor) | look.progress.dump(),
            covers=frozenset(key_of(self._channel, post) for post in covered),
            next_in=SOON if look.progress.gaps else None,
            notes=tuple(notes),
            again=lambda keys: kept(cursor) | look.progress.showing(map(post_of, keys)).dump(),
        )

    async def close(self) -> None:
        """Nothing to let go: the fetcher belongs to the collector."""

    async def _look(self, known: Progress) -> _Look:
        newest = await self._page(None)
        if not newest.ids:
            self._check_empty(newest, known)
            return _Look(((None, newest),), known)
        pages: list[tuple[int | None, Page]] = [(None, newest)]
        end = newest.before is None
        progress = known.after_newest(newest.ids[0], newest.ids[-1], first=self._first, end=end)
        while (before := progress.before) is not None and len(pages) < MOST_PAGES:
            page = await self._page(before)
            pages.append((before, page))
            progress = progress.after_older(before, page.ids[0] if page.ids else None)
        if not progress.gaps and newest.ids[0] > progress.last - self._reread and not end:
            below = progress.sweep or newest.ids[0]
            page = await self._page(below)
            pages.append((below, page))
            oldest_again = page.ids[0] if page.ids else 0
            progress = progress.swept(oldest_again, reread=self._reread, end=page.before is None or not page.ids)
        start = await self._start([page for _, page in pages], progress.start)
        return _Look(tuple(pages), replace(progress, start=start))

    async def _start(self, pages: Sequence[Page], known: int | None) -> int | None:
        """Return the oldest id of the channel's first page, which is *known* to have been there, given those *pages*.

        A page without a link to older ones is the first. But where posts were known below it, that link may only have
        changed its form: the page before it is asked for, and has to say that there is nothing.
        """
        oldest = min(
            (page.ids[0] for page in pages if page.ids and not page.unreadable and page.before is None), default=None
        )
        if oldest is None or (known is not None and oldest > known and not (await self._page(oldest)).nothing):
            return known
        return oldest

    async def _page(self, before: int | None) -> Page:
        url = f"{self._base}/s/{self._channel}"
        response = await self._fetcher.get(url if before is None else f"{url}?before={before}", accept=PAGE_ACCEPT)
        if response.status == NOT_FOUND:
            raise Retry(self._says("there is no such channel. Check its name"))
        if response.status != OK:
            raise refusal(response.status)(self._says(f"the preview answered HTTP {response.status}"))
        page = await self._parsers.preview(response.body, response.url, self._channel)
        if not page.history:
            raise await self._refused(response)
        if page.unreadable and not page.posts:
            raise Retry(
                self._says(
                    f"none of {page.unreadable} posts could be read. Telegram has changed its pages: update "
                    "claimwatch, or read this channel through an account"
                )
            )
        told = [post for post in page.posts if not post.service]
        if told and all(post.unshown for post in told):
            raise PreviewClosed(self._says(f"its preview shows none of its posts. {BY_ACCOUNT}"))
        return page

    async def _refused(self, response: Response) -> Retry:
        """Return what to tell of a page that holds no history."""
        landing = await self._parsers.landing(response.body, response.url)
        if landing.restriction:
            return PreviewClosed(self._says(f'Telegram restricts it: "{landing.restriction[:200]}". {BY_ACCOUNT}'))
        if landing.exists:
            return PreviewClosed(self._says(f"it has no public preview. {BY_ACCOUNT}"))
        if "/s/" not in response.url:
            return Retry(self._says("no public channel of this name. Check the name; it may be private, or a person's"))
        return Retry(
            self._says("the page holds no history. Telegram may be asking for something, or has changed its pages")
        )

    def _check_empty(self, page: Page, known: Progress) -> None:
        if known.last:
            raise Retry(
                self._says(
                    f"the page reads as nothing although post {known.last} was seen. Either everything was withdrawn, "
                    "or Telegram has changed its pages"
                )
            )
        if not page.nothing:
            raise Retry(self._says("the page reads as nothing. Telegram may have changed its pages"))

    def _says(self, problem: str) -> str:
        return f"telegram channel {self._channel} (preview): {problem}"


BY_ACCOUNT = 'Only an account can read it: collector.telegram.mode "account" or "both"'


def covered_ids(pages: Iterable[tuple[int | None, Page]], known: Progress, progress: Progress) -> set[int]:
    """Return the ids whose absence from *pages* means that the post is gone.

    A page speaks for the ids from its first post up to the id it was asked to end before, if all its messages were
    understood; a post that it does not show is there. The newest page speaks for everything after its last post only
    once a second look has confirmed that its end moved back: one stale copy of a page deletes nothing. Where the
    channel begins later than it did, what was before is gone.
    """
    covered: set[int] = set()
    if known.start and progress.start and progress.start - known.start <= WIDEST:
        covered.update(range(known.start, progress.start))
    for before, page in pages:
        if not page.ids or page.unreadable:
            continue
        believed = progress.last < known.last
        end = before or (known.last + 1 if believed else page.ids[-1] + 1)
        if end - page.ids[0] <= WIDEST:
            covered.update(range(page.ids[0], end))
            covered.difference_update(post.id for post in page.posts if post.unshown)
    return covered


def _unique(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple({entry.key: entry for entry in entries}.values())
