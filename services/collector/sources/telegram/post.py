"""The one normal form of a channel post, whichever way it came in (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from services.collector.sources import Entry

HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
"""A channel's public name: 4 (bought names) to 32 letters, digits and underscores, a letter first."""


@dataclass(frozen=True)
class Post:
    """A post of a channel; an album is one post under its first id.

    ``edited`` is what readers are shown: a reaction moves Telegram's edit date, but the post is then not called edited.
    ``unshown``: it is there, but its words are not shown to us; that must not be taken for a post without words.
    """

    channel: str
    id: int
    text: str
    published_at: datetime | None
    edited: bool = False
    edited_at: datetime | None = None
    forwarded: bool = False
    forwarded_from: str | None = None
    byline: str | None = None
    reply: bool = False
    media: bool = False
    poll: bool = False
    service: bool = False
    unshown: bool = False
    album: int | None = None


def key_of(channel: str, post: int) -> str:
    """Return the identity of a post within its source; names are the same in any case."""
    return f"{channel.casefold()}/{post}"


def post_of(key: str) -> int:
    """Return the id of the post that :func:`key_of` made *key* of."""
    return int(key.rpartition("/")[2])


def entry_of(post: Post, channel: str) -> Entry:
    """Return *post* of the source *channel* as every other source shows its items.

    The identity is made of the name in the configuration, the address of the name the channel has now.
    """
    text = clean(post.text)
    marks = {
        "undated": post.published_at is None,
        "edited": post.edited,
        "forwarded": post.forwarded,
        "reply": post.reply,
        "poll": post.poll,
        "media-only": post.media and not text,
    }
    return Entry(
        key=key_of(channel, post.id),
        url=f"https://t.me/{post.channel}/{post.id}",
        title=None,
        text=text,
        published_at=post.published_at,
        edited_at=post.edited_at if post.edited else None,
        forwarded_from=post.forwarded_from,
        byline=clean(post.byline) if post.byline else None,
        notes=tuple(mark for mark, holds in marks.items() if holds),
    )


def entries_of(posts: Iterable[Post], channel: str) -> tuple[Entry, ...]:
    """Return the entries of *channel*'s *posts*, albums joined, oldest first.

    Service messages and posts that are not shown to us are left out.
    """
    return tuple(entry_of(post, channel) for post in join_albums(posts) if not post.service and not post.unshown)


def join_albums(posts: Iterable[Post]) -> list[Post]:
    """Return *posts* in order of their ids with every album as one post: first id, all captions, any edit."""
    joined: dict[tuple[bool, int], Post] = {}
    for post in sorted(posts, key=lambda post: post.id):
        group = (False, post.id) if post.album is None else (True, post.album)
        first = joined.get(group)
        joined[group] = post if first is None else _join(first, post)
    return list(joined.values())


def _join(first: Post, other: Post) -> Post:
    edits = [moment for moment in (first.edited_at, other.edited_at) if moment]
    return replace(
        first,
        text="\n".join(text for text in (first.text, other.text) if text),
        edited=first.edited or other.edited,
        edited_at=max(edits, default=None),
        media=first.media or other.media,
    )


def clean(text: str) -> str:
    """Return *text* without control characters, lone surrogates and outer white space; lines end in a newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return CONTROL.sub("", text).encode("utf-8", "replace").decode().strip()


def channel_name(text: str) -> str | None:
    """Return the public name in ``name``, ``@name`` or ``https://t.me/name``; None when there is none."""
    if "/" in text:
        path = [part for part in urlsplit(text if "//" in text else f"https://{text}").path.split("/") if part]
        text = next((part for part in path if part != "s"), "")
    found = USERNAME.fullmatch(text.strip())
    return found[1] if found else None


def permalink(url: str) -> str | None:
    """Return *url* as ``https://t.me/NAME[/ID]`` without its query; None when it leads elsewhere."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.hostname not in HOSTS or not parts.path.strip("/"):
        return None
    return f"https://t.me/{parts.path.strip('/')}"
