"""What a feed's entry and its article's page make together. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from services.collector.sources import Entry
from services.collector.sources.article_parsing import Article

Mode = Literal["auto", "always", "never"]

SHORT = 800
"""Characters. A summary is mostly under 500, an article mostly over 1,500."""
FURNITURE = 1.3
"""A page that holds the feed's text and hardly more adds a date line or a byline, not an article."""
FULL, SUMMARY = "full-text", "summary-only"
SHUT, SHUT_PAGE = "gate-shut", "page-shut"
"""Notes: the summary promised nothing, so that the page was not fetched; the page held nothing, so that it was not
read."""


@dataclass(frozen=True)
class Seen:
    """What one request for a page brought.

    ``article`` is None for a page that is ``unchanged``, ``gone`` (404, 410), or shut out by the gate (``shut``).
    """

    url: str
    article: Article | None = None
    etag: str | None = None
    last_modified: str | None = None
    unchanged: bool = False
    gone: bool = False
    shut: bool = False


@dataclass(frozen=True)
class Completed:
    """An entry with as much text as could be had. ``seen`` is its page's answer, if there was one worth keeping.

    ``again``: the page is worth reading again, for edits or because it could not be read this time.
    """

    entry: Entry
    again: bool = False
    seen: Seen | None = None


def wants_article(entry: Entry, mode: Mode) -> bool:
    """Whether the article's page is to be read for *entry*."""
    if mode == "never" or entry.deleted or not entry.url:
        return False
    return mode == "always" or len(entry.text) < SHORT


def with_article(entry: Entry, article: Article) -> Entry:
    """Return *entry* with the article's text and what its page adds; the source's own words are kept."""
    known = replace(
        entry,
        title=entry.title or article.title,
        byline=entry.byline or article.byline,
        canonical=article.canonical,
    )
    return with_body(known, article.text)


def with_body(entry: Entry, body: str) -> Entry:
    """Return *entry* with *body* as its text; a summary that the body does not repeat stays in front of it."""
    body = _without_title(body, entry.title)
    if len(body) <= len(entry.text):
        return noted(entry, SUMMARY)
    if len(body) <= len(entry.text) * FURNITURE and _bare(entry.text) in _bare(body):
        return noted(entry, FULL)
    summary = entry.text.rstrip("…. \n")
    repeated = not summary or _bare(summary)[:80] in _bare(body)
    text = body if repeated else f"{entry.text}\n\n{body}"
    return noted(replace(entry, text=text), FULL)


def noted(entry: Entry, note: str) -> Entry:
    """Return *entry* with a further *note*."""
    return replace(entry, notes=(*entry.notes, note))


def _without_title(body: str, title: str | None) -> str:
    """Return *body* without the title that pages set over it: the document holds it once already."""
    if title and body.casefold().startswith(title.casefold()):
        return body[len(title) :].lstrip()
    return body


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
