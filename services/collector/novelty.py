"""What a look at a source means for what was published before: new, edited, deleted, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

from services.collector.sources import Entry
from services.collector.sources.addresses import MOST_URL
from services.collector.wire import wire_tag
from shared.messages import RawItem, SourceRef, stable_id

MOST_TEXT = 200_000
"""Characters of one item. At four bytes each it still fits Kafka's default limit of 1 MiB a message."""
MOST_TITLE = 2_000


@dataclass(frozen=True)
class Recent:
    """A version published lately: the beginning of its hash, when, and whether the item had borne it before."""

    hash: str
    at: datetime
    returned: bool = False


@dataclass(frozen=True)
class Remembered:
    """The last published version of one item; ``hash`` is the revision of the entry as its source showed it.

    ``link`` and ``story`` are hashes of what else the item may be known by; ``recent`` are its versions of a day.
    """

    item: str
    version: int
    hash: str
    version_id: str
    deleted: bool = False
    url: str | None = None
    title: str | None = None
    published_at: datetime | None = None
    last_seen_at: datetime | None = None
    link: str | None = None
    story: str | None = None
    recent: tuple[Recent, ...] = ()


@dataclass(frozen=True)
class Novelty:
    """A version to publish, and what to remember once it is."""

    change: Literal["new", "edited", "deleted"]
    entry: Entry
    remembered: Remembered


@lru_cache(maxsize=2048)
def item_id(source: str, key: str) -> str:
    """Return the id of the item that *source* calls *key*, the same through all its versions."""
    return stable_id("item", source, key)


def shown_title(entry: Entry) -> str | None:
    """Return the title of *entry* as it is remembered and published."""
    return (entry.title or "")[:MOST_TITLE] or None


def shown_url(entry: Entry) -> str | None:
    """Return the address of *entry* as it is remembered and published: None when it is too long to be one."""
    return entry.url if entry.url and len(entry.url) <= MOST_URL else None


def find_novelty(source: str, entry: Entry, known: Remembered | None, item: str | None = None) -> Novelty | None:
    """Return the version that *entry* is, given what is *known* of its *item*; None when it says nothing new.

    *item* is told where the entry's key does not name it.

    An item that is shown again after its deletion is a further version, ``edited``, even with the old text.
    """
    if entry.deleted:
        return find_deletion(known, entry.edited_at) if known else None
    hashed = entry.revision
    if known and known.hash == hashed and not known.deleted:
        return None
    change: Literal["new", "edited"] = "edited" if known else "new"
    item, version = item or item_id(source, entry.key), known.version + 1 if known else 1
    return Novelty(
        change,
        entry,
        Remembered(
            item,
            version,
            hashed,
            stable_id(item, change, hashed, str(version)),
            url=shown_url(entry),
            title=shown_title(entry),
            published_at=entry.published_at,
        ),
    )


def find_deletion(known: Remembered, deleted_at: datetime | None = None) -> Novelty | None:
    """Return the version that says that a *known* item is gone; None when that was said before."""
    if known.deleted:
        return None
    version = known.version + 1
    entry = Entry("", known.url, known.title, "", known.published_at, deleted_at, deleted=True)
    gone = replace(
        known,
        version=version,
        version_id=stable_id(known.item, "deleted", known.hash, str(version)),
        deleted=True,
    )
    return Novelty("deleted", entry, gone)


def find_missing(covers: Iterable[str], shown: Collection[str], known: Mapping[str, Remembered]) -> list[Novelty]:
    """Return the deletions that follow from absence: items *known* and covered by the look, but not *shown*.

    *covers* and *shown* are item ids.
    """
    gone = (known[item] for item in covers if item in known and item not in shown)
    return [deletion for item in gone if (deletion := find_deletion(item))]


def raw_item(novelty: Novelty, source: SourceRef, seen_at: datetime) -> RawItem:
    """Return the message that publishes *novelty*; what would not fit a message is cut and noted."""
    entry = novelty.entry
    cut = len(entry.text) > MOST_TEXT or len(entry.title or "") > MOST_TITLE
    return RawItem(
        id=novelty.remembered.version_id,
        item=novelty.remembered.item,
        version=novelty.remembered.version,
        change=novelty.change,
        source=source,
        url=shown_url(entry),
        title=shown_title(entry),
        text=entry.text[:MOST_TEXT],
        lang=entry.lang or source.language,
        published_at=entry.published_at,
        edited_at=entry.edited_at,
        seen_at=seen_at,
        forwarded_from=entry.forwarded_from,
        byline=entry.byline,
        wire=wire_tag(entry.text),
        canonical=entry.canonical,
        notes=(*entry.notes, *(("truncated",) if cut else ())),
    )
