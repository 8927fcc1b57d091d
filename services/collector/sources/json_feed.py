"""JSON Feed 1.0 and 1.1 (jsonfeed.org), which feedparser does not read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class NotAJsonFeed(Exception):
    """Broken JSON, or JSON that is something else."""


@dataclass(frozen=True)
class Item:
    """One item as it stands in the feed."""

    id: str
    url: str | None
    title: str | None
    text: str
    html: str
    published: str | None
    modified: str | None
    language: str | None
    author: str | None


@dataclass(frozen=True)
class JsonFeed:
    """The items of a feed, and its ``links`` to WebSub hubs and to its own address: rel and address."""

    items: tuple[Item, ...]
    links: tuple[tuple[str, str], ...] = ()


def parse(text: str) -> JsonFeed:
    """Return the feed in *text*; what is no item is passed over.

    Raises:
        NotAJsonFeed: there is no feed in it.

    """
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAJsonFeed("broken JSON instead of a feed") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or not str(feed.get("version", "")).startswith("https://jsonfeed.org/version/"):
        raise NotAJsonFeed("JSON that is not a JSON Feed")
    return JsonFeed(tuple(_item(item, feed) for item in items if isinstance(item, dict)), tuple(_links(feed)))


def _item(item: dict[str, Any], feed: dict[str, Any]) -> Item:
    number = item.get("id")
    return Item(
        id=str(number).strip() if isinstance(number, (str, int, float)) else "",
        url=_string(item, "url") or _string(item, "external_url"),
        title=_string(item, "title"),
        text=_string(item, "content_text") or _string(item, "summary") or "",
        html=_string(item, "content_html") or "",
        published=_string(item, "date_published"),
        modified=_string(item, "date_modified"),
        language=_string(item, "language") or _string(feed, "language"),
        author=_author(item) or _author(feed),
    )


def _links(feed: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the feed says of being pushed (JSON Feed 1.1, "hubs"); hubs of other protocols are passed over."""
    hubs = feed.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and (_string(hub, "type") or "").strip().lower() == "websub":
            yield "hub", _string(hub, "url") or ""
    yield "self", _string(feed, "feed_url") or ""


def _author(value: dict[str, Any]) -> str | None:
    authors = value.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else value.get("author")
    return _string(first, "name") if isinstance(first, dict) else None


def _string(value: dict[str, Any], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) and found.strip() else None
