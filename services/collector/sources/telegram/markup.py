"""How Telegram's public pages are written: every selector of the product is in this file.

Pure; runs in a process of its own (``parser_process``).

The markup is not documented by Telegram. What is here is what long-lived readers of these pages rely on; when it
changes, a page reads as nothing, which :mod:`preview` reports as an alarm.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

from selectolax.lexbor import LexborNode

from services.collector.sources.nesting import parse_html
from services.collector.sources.telegram.post import Post, permalink

HISTORY = ".tgme_channel_history"
WRAP = ".tgme_widget_message_wrap"
MESSAGE = ".tgme_widget_message[data-post]"
SERVICE = "service_message"
NOTHING = ".tme_no_messages_found"
MORE = "a.tme_messages_more[data-before]"
TEXT = ".tgme_widget_message_text"
REPLY = ".tgme_widget_message_reply"
QUOTED = "js-message_reply_text"
DATE = ".tgme_widget_message_date time[datetime]"
META = ".tgme_widget_message_meta"
FORWARD = ".tgme_widget_message_forwarded_from"
FORWARD_NAME = "a.tgme_widget_message_forwarded_from_name[href]"
AUTHOR = ".tgme_widget_message_from_author"
POLL = ".tgme_widget_message_poll_question"
MEDIA = ", ".join(
    f".{name}"
    for name in (
        "tgme_widget_message_photo_wrap",
        "tgme_widget_message_video_player",
        "tgme_widget_message_roundvideo_player",
        "tgme_widget_message_document_wrap",
        "tgme_widget_message_voice_player",
        "tgme_widget_message_sticker_wrap",
        "tgme_widget_message_location_wrap",
    )
)
UNSHOWN = ", ".join(
    f".{parent} > .message_media_not_supported_wrap" for parent in ("tgme_widget_message_bubble", "tgme_widget_message")
)
"""In place of a post: "Please open Telegram to view this post". The same words deeper inside a post mean nothing."""
ALBUM_LINKS = ".tgme_widget_message_grouped_wrap a[href]"
LANDING_EXTRA = ".tgme_page_extra"
LANDING_TEXT = ".tgme_page_description"
RESTRICTED = ("be displayed", "violated", "blocked", "restricted")
SILENT = frozenset({"script", "style"})
BLOCKS = frozenset({"blockquote", "pre", "div", "p", "li"})
NESTED = 16
"""Elements around a piece of text that are asked whether it begins a line; Telegram nests a handful."""
MOST_POSTS = 200
"""A page has about twenty posts; what comes after this many is left unread."""


@dataclass(frozen=True)
class Page:
    """One page of a channel's history, oldest post first.

    ``ids`` are all ids shown, service messages included; ``unreadable`` counts messages that could not be understood;
    ``before`` is the id that the link to older posts names, None on the first page of a channel.
    """

    history: bool
    posts: tuple[Post, ...] = ()
    ids: tuple[int, ...] = ()
    unreadable: int = 0
    before: int | None = None
    nothing: bool = False


@dataclass(frozen=True)
class Landing:
    """The page Telegram shows in place of a history: whether the channel exists, and the reason if it gives one."""

    exists: bool
    restriction: str | None


def read_page(body: bytes, channel: str) -> Page:
    """Return what a ``/s/CHANNEL`` page shows. Messages of another channel count as unreadable.

    Raises:
        TooDeep: it nests deeper than Telegram writes, and is not read.

    """
    tree = parse_html(body)
    if tree.css_first(HISTORY) is None:
        return Page(history=False)
    posts = []
    unreadable = 0
    for wrap in tree.css(WRAP)[:MOST_POSTS]:
        post = _post(wrap, channel)
        if post:
            posts.append(post)
        else:
            unreadable += 1
    more = tree.css_first(MORE)
    return Page(
        history=True,
        posts=tuple(posts),
        ids=tuple(sorted(post.id for post in posts)),
        unreadable=unreadable,
        before=_number(_attribute(more, "data-before")) if more else None,
        nothing=tree.css_first(NOTHING) is not None,
    )


def read_landing(body: bytes) -> Landing:
    """Return what a ``/CHANNEL`` page says about a channel that has no preview.

    Raises:
        TooDeep: it nests deeper than Telegram writes, and is not read.

    """
    tree = parse_html(body)
    extra = _inner(tree.css_first(LANDING_EXTRA)).lower()
    about = _inner(tree.css_first(LANDING_TEXT))
    restricted = any(word in about.lower() for word in RESTRICTED)
    return Landing(exists="subscriber" in extra, restriction=about if restricted else None)


def as_json(page: Page) -> dict[str, Any]:
    """Return *page* as values that JSON knows."""
    return asdict(page) | {"posts": [_post_as_json(post) for post in page.posts]}


def from_json(value: dict[str, Any]) -> Page:
    """Return what :func:`as_json` was given."""
    posts = tuple(_post_from_json(post) for post in value["posts"])
    return Page(**{**value, "ids": tuple(value["ids"]), "posts": posts})


def _post_as_json(post: Post) -> dict[str, Any]:
    return asdict(post) | {"published_at": post.published_at.isoformat() if post.published_at else None}


def _post_from_json(value: dict[str, Any]) -> Post:
    published = value["published_at"]
    return Post(**{**value, "published_at": datetime.fromisoformat(published) if published else None})


def _post(wrap: LexborNode, channel: str) -> Post | None:
    message = wrap.css_first(MESSAGE)
    if message is None:
        return None
    name, _, number = _attribute(message, "data-post").rpartition("/")
    identity = _number(number)
    if identity is None or name.casefold() != channel.casefold():
        return None
    forward = message.css_first(FORWARD)
    origin = message.css_first(FORWARD_NAME)
    poll = message.css_first(POLL)
    text = _inner(poll) if poll else _text(message)
    return Post(
        channel=name,
        id=min([identity, *_album(message, name)]),
        text=text,
        published_at=_published(message),
        edited=_edited(message),
        forwarded=forward is not None,
        forwarded_from=permalink(_link(origin)) if origin else None,
        byline=_inner(message.css_first(AUTHOR)) or None,
        reply=message.css_first(REPLY) is not None,
        media=message.css_first(MEDIA) is not None,
        poll=poll is not None,
        unshown=not text and message.css_first(UNSHOWN) is not None,
        service=SERVICE in _attribute(message, "class").split() or message.css_first(f".{SERVICE}") is not None,
    )


def _text(message: LexborNode) -> str:
    """Return the post's own words: the text that is not the quotation a reply carries above it."""
    reply = message.css_first(REPLY)
    quoted = {node.mem_id for node in reply.css(TEXT)} if reply else set()
    own = (node for node in message.css(TEXT) if node.mem_id not in quoted)
    return next((_inner(node) for node in own if QUOTED not in _attribute(node, "class").split()), "")


def _inner(node: LexborNode | None) -> str:
    """Return the text within *node* as a reader sees it: lines end at ``<br>`` and around quotations, nowhere else."""
    if node is None:
        return ""
    parts: list[str] = []
    block = None
    for inner in node.traverse(include_text=True):
        if inner.tag == "br":
            parts.append("\n")
        elif inner.tag == "-text" and (inner.parent is None or inner.parent.tag not in SILENT):
            around = _block(inner, node)
            if parts and around != block and not parts[-1].endswith("\n"):
                parts.append("\n")
            block = around
            parts.append(inner.text_content or "")
    return "".join(parts).strip()


def _block(text: LexborNode, within: LexborNode) -> int | None:
    """Return which quotation or other block of lines inside *within* the node *text* stands in."""
    around = text.parent
    for _ in range(NESTED):
        if around is None or around.mem_id == within.mem_id:
            return None
        if around.tag in BLOCKS:
            return around.mem_id
        around = around.parent
    return None


def _edited(message: LexborNode) -> bool:
    """Return whether the footer itself says so; an author may be called anything."""
    meta = message.css_first(META)
    own = meta.iter(include_text=True) if meta else ()
    return any("edited" in (node.text_content or "").split() for node in own if node.tag == "-text")


def _album(message: LexborNode, channel: str) -> list[int]:
    """Return the ids of an album's parts: each links to itself as ``/CHANNEL/ID?single``."""
    found = []
    for link in message.css(ALBUM_LINKS):
        path = (permalink(_link(link)) or "").removeprefix("https://t.me/")
        name, _, number = path.partition("/")
        part = _number(number)
        if part is not None and name.casefold() == channel.casefold():
            found.append(part)
    return found


def _published(message: LexborNode) -> datetime | None:
    node = message.css_first(DATE)
    if node is None:
        return None
    try:
        moment = datetime.fromisoformat(_attribute(node, "datetime"))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _link(node: LexborNode) -> str:
    """Return where *node* leads. Links with an ``onclick`` have carried ``&`` escaped twice since April 2024."""
    return unescape(_attribute(node, "href"))


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _number(text: str) -> int | None:
    """Return the message id in *text*; Telegram's are positive 32-bit numbers."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 11 and 0 < int(text) < 2**31 else None  # noqa: PLR2004
