"""When an article's page is read again, and what its answer means for what was published. Pure.

The schedule decays: most silent edits of a breaking story come within its first hours, and a day later nobody will be
told of them any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from services.collector.novelty import Novelty, Remembered
from services.collector.sources import Entry
from services.collector.sources.addresses import same_page
from services.collector.sources.completing import FULL, Completed, Seen, with_article
from shared.messages import stable_id

STEPS = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240, 720, 1440))
"""After its item was seen, a page is read again so much later."""
AGAIN = timedelta(minutes=30)
"""Between two looks for a page that is not there, until it is sure."""
MISSES, MISSING_FOR = 3, timedelta(hours=1)
"""A page is gone after so many answers in a row that say so, over so long: servers lose pages for minutes."""
SHRUNK = 3
"""A page whose text is this many times shorter than before shows a wall (consent, payment), not an edit."""
KEPT = STEPS[-1] + timedelta(days=1)
"""How long a page is remembered at most."""

Fate = Literal["unchanged", "edited", "completed", "missing", "unread", "over"]


@dataclass(frozen=True)
class Page:
    """The page of one published item.

    ``entry`` is what the source showed. ``text_hash`` is the revision of title and text as last published with the
    page's text (None: the page could not be read yet), ``length`` its characters, ``landed`` where it was found.
    ``next_due_at`` is None once the page is known to be gone.
    """

    item: str
    source: str
    url: str
    entry: Mapping[str, Any]
    first_seen_at: datetime
    next_due_at: datetime | None
    landed: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    text_hash: str | None = None
    length: int = 0
    misses: int = 0
    missing_since: datetime | None = None


@dataclass(frozen=True)
class Settled:
    """What one answer came to: a version to publish or none, and the page as to be remembered (None: no longer)."""

    fate: Fate
    page: Page | None
    novelty: Novelty | None = None


def page_of(novelty: Novelty, completed: Completed, source: str, now: datetime) -> Page | None:
    """Return the page to read again for *novelty*, whose entry was *completed*; None when there is no reason to."""
    url = novelty.entry.url
    if not completed.again or not url:
        return None
    page = Page(novelty.remembered.item, source, url, entry_as_json(novelty.entry), now, _next(now, now))
    if completed.seen is None or FULL not in completed.entry.notes:
        return page
    return _read(page, completed.seen, completed.entry)


def settle(page: Page, seen: Seen | None, known: Remembered | None, now: datetime) -> Settled:
    """Return what follows from *seen*, the answer to a further request for *page* (None: no usable answer).

    *known* is the last published version of its item. A page that leads elsewhere now, or shows no more than the
    summary or a fraction of what it showed, says nothing: that is no edit.
    """
    if known is None or known.deleted:
        return Settled("over", None)
    if seen is not None and seen.gone and page.text_hash:
        return Settled("missing", _missed(page, now))
    there = replace(page, misses=0, missing_since=None)
    if seen is not None and seen.unchanged:
        return Settled("unchanged", _moved_on(there, now))
    entry = _completed(page, seen)
    if seen is None or entry is None:
        return Settled("unread", _moved_on(page, now))
    after = _read(there, seen, entry)
    if after.text_hash == page.text_hash:
        return Settled("unchanged", _moved_on(after, now))
    version = known.version + 1
    id_ = stable_id(known.item, "page", str(after.text_hash), str(version))
    novelty = Novelty("edited", entry, replace(known, version=version, version_id=id_))
    return Settled("edited" if page.text_hash else "completed", _moved_on(after, now), novelty)


def validators(page: Page) -> dict[str, str | None]:
    """Return what to ask with: nothing the last time, so that a server that always says "not modified" is found out."""
    if page.next_due_at and page.next_due_at - page.first_seen_at >= STEPS[-1]:
        return {"etag": None, "last_modified": None}
    return {"etag": page.etag, "last_modified": page.last_modified}


def entry_as_json(entry: Entry) -> dict[str, Any]:
    """Return *entry* as values that JSON knows."""
    values = asdict(entry)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def entry_from_json(value: Mapping[str, Any]) -> Entry:
    """Return what :func:`entry_as_json` was given, by this version of the program or an earlier one."""
    known = {one.name: value[one.name] for one in fields(Entry) if one.name in value}
    moments = {name: datetime.fromisoformat(known[name]) for name in ("published_at", "edited_at") if known.get(name)}
    return Entry(**(known | moments | {"notes": tuple(known.get("notes", ()))}))


def _completed(page: Page, seen: Seen | None) -> Entry | None:
    """Return the entry of *page* with the article's text; None when this is not its page, or holds no more."""
    if seen is None or seen.article is None or not same_page(seen.url, page.landed or seen.url):
        return None
    entry = with_article(entry_from_json(page.entry), seen.article)
    return entry if FULL in entry.notes and len(entry.text) * SHRUNK >= page.length else None


def _read(page: Page, seen: Seen, entry: Entry) -> Page:
    """Return *page* after it was *seen* and made *entry*; the validators are those of this very answer."""
    return replace(
        page,
        text_hash=entry.revision,
        length=len(entry.text),
        landed=seen.url,
        etag=seen.etag,
        last_modified=seen.last_modified,
    )


def _missed(page: Page, now: datetime) -> Page:
    misses, since = page.misses + 1, page.missing_since or now
    sure = misses >= MISSES and now - since >= MISSING_FOR
    return replace(page, misses=misses, missing_since=since, next_due_at=None if sure else now + AGAIN)


def _moved_on(page: Page, now: datetime) -> Page | None:
    due = _next(page.first_seen_at, now)
    return replace(page, next_due_at=due) if due else None


def _next(first_seen_at: datetime, now: datetime) -> datetime | None:
    """Return the next step after *now*; steps that were slept through are not made up for."""
    return next((first_seen_at + step for step in STEPS if first_seen_at + step > now), None)
