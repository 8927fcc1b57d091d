"""Reads a public channel through an account: history by id is the truth, live updates only wake the reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.collector.sources import Cursor, Fetched, Revoked
from services.collector.sources.telegram.post import Post, entries_of, key_of, post_of
from services.collector.sources.telegram.progress import Progress
from shared.errors import Retry

log = structlog.get_logger(__name__)

MOST_NEW = 500
"""New posts of one look, five requests. A longer gap is filled by the looks that follow."""
DOUBTED = "emptied"
"""Where the cursor says that the last look found every known post gone."""
AGAIN = "again"
"""Where the cursor names the posts that are to be shown once more."""
SOON = 1.0
"""Seconds until the next look while there are more."""
WIDEST = 2000
"""New ids of one look that it may also call deleted; a wider span says nothing of what is absent from it."""
PURGE = 10
"""Ids of the re-read range from which on its being empty is doubted once, before every post in it is called deleted."""
ALBUM = 10
"""Most parts of an album, by Telegram's own limit."""


class AccountUnusable(Revoked):
    """Telegram will not serve this session again: only the operator can help, and no request is made meanwhile."""


class FloodWait(Retry):
    """Telegram asks to wait ``after`` seconds."""


class ChannelUnknown(Retry):
    """Telegram does not know the id and access hash: another account's, or the channel is gone."""


@dataclass(frozen=True)
class Peer:
    """A channel as one account addresses it; the access hash means nothing to any other account."""

    id: int
    access_hash: int
    name: str


@dataclass(frozen=True)
class _Read:
    """What one look read; ``emptied``: nothing is left of the range that was read again."""

    posts: list[Post]
    covered: Collection[int] = ()
    more: bool = False
    emptied: bool = False


class Api(Protocol):
    """What is asked of Telegram; every method raises Retry and nothing else."""

    async def resolve(self, name: str) -> Peer:
        """Look a public name up; the most tightly limited request of all."""
        ...

    async def latest(self, peer: Peer, count: int) -> list[Post]:
        """Return the newest *count* posts, in any order."""
        ...

    async def since(self, peer: Peer, after: int, most: int) -> list[Post]:
        """Return the oldest *most* posts with ids above *after*, without a gap."""
        ...

    async def by_ids(self, peer: Peer, ids: Iterable[int]) -> list[Post]:
        """Return those posts of *ids* that exist."""
        ...

    def watch(self, peer: Peer, wake: Callable[[], None]) -> None:
        """Call *wake* when something happens in the channel; a hint that may fail to come."""
        ...

    async def close(self) -> None:
        """Disconnect; the next request connects again."""
        ...


class AccountSource:
    """One channel through the account that all channels of the process share.

    The cursor holds the channel's id and access hash, so that its name is looked up once, and the last id. A look asks
    for everything above that id, and again for the *reread* ids up to it: what is missing there was deleted. The
    cursor of a preview is read on from where nothing is missing.
    """

    def __init__(
        self, channel: str, api: Api, *, reread: int = 100, first: int = 20, wake: Callable[[], None] | None = None
    ) -> None:
        self._channel = channel
        self._api = api
        self._reread = reread
        self._first = first
        self._wake = wake

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`.

        Raises:
            AccountUnusable: the session is revoked or was used twice; the message says what to do.
            Retry: unreachable, a flood wait (``after`` is Telegram's own figure), or no such channel.

        """
        peer = _peer(cursor) or await self._resolve(cursor)
        try:
            return await self._look(peer, cursor)
        except ChannelUnknown:
            return await self._look(await self._resolve(cursor), cursor)

    async def close(self) -> None:
        """Let the account's connection go; other channels of the process reconnect when they need it."""
        await self._api.close()

    async def _resolve(self, cursor: Cursor) -> Peer:
        peer = await self._api.resolve(self._channel)
        known = _peer(cursor)
        if known and known.id != peer.id:
            raise Retry(
                f"telegram channel {self._channel} (account): the name now belongs to another channel (id {peer.id}, "
                f"was {known.id}). If it is to be trusted, give it a source of its own in the configuration"
            )
        log.info("channel name was resolved", channel=self._channel, id=peer.id)
        return peer

    async def _look(self, peer: Peer, cursor: Cursor) -> Fetched:
        last = Progress.load(cursor).contiguous
        if self._wake:
            self._api.watch(peer, self._wake)
        again = [int(post) for post in cursor.get(AGAIN, "").split()]
        read = await (self._read_on(peer, last, again) if last else self._read_first(peer))
        doubted = read.emptied and DOUBTED not in cursor
        if doubted:
            log.warning("all posts read before are gone, looking once more", channel=self._channel, last=last)
        name = read.posts[-1].channel if read.posts else peer.name
        if name.casefold() != peer.name.casefold():
            log.warning("channel was renamed", channel=self._channel, now=name)
        after = {
            "last": str(max([last, *(post.id for post in read.posts)])),
            "channel": str(peer.id),
            "access_hash": str(peer.access_hash),
            "name": peer.name,
            **({DOUBTED: "1"} if doubted else {}),
        }
        return Fetched(
            entries=entries_of(read.posts, self._channel),
            cursor=after,
            again=lambda keys: after | {AGAIN: " ".join(str(post) for post in sorted(map(post_of, keys)))},
            covers=frozenset(key_of(self._channel, post) for post in (() if doubted else read.covered)),
            next_in=SOON if read.more else None,
        )

    async def _read_first(self, peer: Peer) -> _Read:
        posts = in_order(await self._api.latest(peer, self._first + ALBUM - 1))
        start = posts[-self._first].id if len(posts) > self._first else 1
        return _Read(whole(posts, start))

    async def _read_on(self, peer: Peer, last: int, again: Iterable[int]) -> _Read:
        new = await self._api.since(peer, last, MOST_NEW)
        lowest = max(1, last - self._reread + 1)
        start = 1 if lowest == 1 else min(lowest + ALBUM - 1, last + 1)
        older = [post for post in again if post < start]
        parts = {part for post in older for part in range(max(1, post - ALBUM + 1), post + ALBUM)}
        found = await self._api.by_ids(peer, sorted({*range(lowest, last + 1), *parts}))
        known = [post for post in found if post.id >= lowest]
        newest = max((post.id for post in new), default=last)
        end = newest if newest - last <= WIDEST else last
        return _Read(
            [*put_off(found, older), *whole(in_order([*known, *new]), start)],
            covered={*older, *range(start, end + 1)},
            more=len(new) == MOST_NEW,
            emptied=not known and last - lowest >= PURGE - 1,
        )


def put_off(found: Sequence[Post], posts: Collection[int]) -> list[Post]:
    """Return those of *found* that are one of *posts*, or a part of an album that begins with it."""
    albums = {post.album for post in found if post.id in posts and post.album is not None}
    return [post for post in in_order(found) if post.id in posts or post.album in albums]


def in_order(posts: Iterable[Post]) -> list[Post]:
    """Return *posts*, each once, oldest first."""
    return sorted({post.id: post for post in posts}.values(), key=lambda post: post.id)


def whole(posts: list[Post], start: int) -> list[Post]:
    """Return the posts from *start* on, without albums that began before it: their first part may not be here."""
    cut = {post.album for post in posts if post.id < start and post.album is not None}
    return [post for post in posts if post.id >= start and post.album not in cut]


def _peer(cursor: Cursor) -> Peer | None:
    if "channel" not in cursor:
        return None
    return Peer(int(cursor["channel"]), int(cursor["access_hash"]), cursor["name"])
