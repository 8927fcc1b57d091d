"""The source port: how one feed or channel is read.

A new adapter joins ``tests/contract/test_source.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Literal, Protocol, Self

from services.collector import revision
from services.collector.sources.hub_links import Push
from services.collector.sources.links import link_name, normal_link, story_name
from shared.errors import Retry

Cursor = Mapping[str, str]
"""What a source remembers between two fetches (ETag, last id…); opaque to everyone else, JSON-safe."""


class HostPaused(Retry):
    """The host asked everyone to stay away, and was not asked again: no failure of this source."""


@dataclass(frozen=True)
class Quiet:
    """When a publisher does not want to be asked: hours of UTC, and days, 0 for Monday."""

    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Entry:
    """An item as the source shows it now, before anyone knows whether it is new.

    ``key`` is its identity within the source; ``deleted`` says the source itself reported it gone. ``canonical`` is
    what its page calls its own address: data, and no identity.
    """

    key: str
    url: str | None
    title: str | None
    text: str
    published_at: datetime | None = None
    edited_at: datetime | None = None
    lang: str | None = None
    forwarded_from: str | None = None
    byline: str | None = None
    canonical: str | None = None
    notes: tuple[str, ...] = ()
    deleted: bool = False

    @cached_property
    def revision(self) -> str:
        """The hash of what a reader sees; asked for several times in a look, and dear for a long text."""
        return revision.revision(self.title, self.text)

    @cached_property
    def link_name(self) -> str | None:
        """The hash of the link by which the item may be known too."""
        return link_name(normal_link(self.url)) if self.url else None

    @cached_property
    def story_name(self) -> str | None:
        """The hash of title and date by which the item may be known too."""
        return story_name(self.title, self.published_at.isoformat() if self.published_at else None)

    def told(self, **derived: str | None) -> Self:
        """Return this entry with values of the properties above that were found elsewhere, and need not be again.

        A copy with other values (``dataclasses.replace``) finds its own.
        """
        vars(self).update(derived)
        return self


@dataclass(frozen=True)
class Fetched:
    """One look at a source.

    ``covers`` are the keys that this look would have shown were they still there (a page's id range), so that what is
    missing among them is deleted; None when absence means nothing (a feed drops old entries). ``next_in`` is when the
    source wants the next look (there is more to read), ``fresh_for`` how long its server holds this answer fresh; both
    in seconds. ``quiet`` is when its publisher does not want it looked at. ``again`` returns the cursor to keep in
    place of ``cursor`` when entries with these keys could not be taken now: with it, the next look shows them once
    more. ``push`` is the hub that the source says it is pushed by.
    """

    entries: tuple[Entry, ...]
    cursor: Cursor = field(default_factory=dict)
    unchanged: bool = False
    covers: frozenset[str] | None = None
    next_in: float | None = None
    fresh_for: float | None = None
    notes: tuple[str, ...] = ()
    quiet: Quiet | None = None
    again: Callable[[Collection[str]], Cursor] | None = None
    push: Push | None = None


class Elsewhere(Retry):
    """Another collector on the same database reads this source: no failure, this one stands by for ``after`` seconds.

    Raised where two processes must never read at once, as with one Telegram session.
    """


Trouble = Literal["failing", "not-a-feed", "blocked", "challenged", "gone", "revoked"]
"""How a look failed: in any way; a web page or something else came; refused (401, 403, restricted); a page that tells
people from programs came; 410, again and again; the account's session is ended."""


class Unreadable(Retry):
    """A look that failed in a way that has a name."""

    trouble: Trouble = "failing"


class Blocked(Unreadable):
    """The server is there and refuses us: 401, 403, 451, a restricted channel."""

    trouble = "blocked"


class Challenged(Unreadable):
    """A page that tells people from programs stands before what we want to read."""

    trouble = "challenged"


class NoFeed(Unreadable):
    """A web page, or something else that is no feed."""

    trouble = "not-a-feed"


class Gone(Unreadable):
    """The server says that the feed is gone for good."""

    trouble = "gone"


class Revoked(Unreadable):
    """The session by which we read was ended."""

    trouble = "revoked"


def refusal(status: int) -> type[Unreadable]:
    """Return how an HTTP *status* that brings nothing to read is called."""
    if status == HTTPStatus.GONE:
        return Gone
    return Blocked if status in _REFUSED else Unreadable


_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS)


class Source(Protocol):
    """Reads one feed or channel."""

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once, given the cursor of the last look that was kept (empty the first time).

        The new cursor is kept in the transaction that remembers every entry, so a crash repeats the look or nothing.

        Raises:
            Retry: unreachable, blocked or not a feed just now; the message names the source, the cause and the fix.
            Elsewhere: only one process may read it, and it is not this one.

        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
