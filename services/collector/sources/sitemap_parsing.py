"""The bytes of a sitemap, or of an index of sitemaps, to what they list. Pure; runs in a process of its own.

The formats are those of sitemaps.org 0.9 and of Google's news extension ("Create a news sitemap"): addresses with
``lastmod``, and for articles title, publication date and language. Publishers stray from both, so that elements are
told by their names and places, whatever namespaces they claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from xml.parsers import expat  # entities are refused below, and it runs in a process with limits

from services.collector.sources.charset import decode
from services.collector.sources.decoding import TooLarge, UnknownEncoding, decoder_for
from services.collector.sources.hypertext import one_line, plain_title

MOST_BYTES = 52_428_800
"""Of one sitemap after decompression: the protocol's own limit."""
MOST_URLS = 1_000
"""Newest articles kept of one sitemap: the news extension's own limit."""
MOST_CHILDREN = 10
"""Sitemaps of an index that are read, the newest first."""
DEEPEST = 20
"""Levels of elements; a news sitemap has five."""
MOST_TEXT = 10_000
"""Characters of one element."""
_GZIP = b"\x1f\x8b"
_WITH_TIME = len("2016-02-02T10")


class NotASitemap(Exception):
    """What came is no sitemap; the text says what it is instead, in words for the operator."""


@dataclass(frozen=True)
class Listed:
    """One address of a sitemap. Moments are ISO 8601 in UTC, so that it travels as JSON."""

    url: str
    title: str | None = None
    published: str | None = None
    modified: str | None = None
    lang: str | None = None


@dataclass(frozen=True)
class Sitemap:
    """The recent articles, or the recent sitemaps of an index, each newest first, and what was wrong or left out."""

    articles: tuple[Listed, ...] = ()
    children: tuple[Listed, ...] = ()
    notes: tuple[str, ...] = ()


def parse_sitemap(body: bytes, content_type: str | None, since: datetime) -> Sitemap:
    """Return what the sitemap in *body* lists of *since* or later.

    Articles without any date are left out and noted: nothing tells them from the archive. Sitemaps of an index without
    one may hold something new.

    Raises:
        NotASitemap: it is none, or nothing of it can be read.

    """
    text = decode(_unpacked(body), content_type).text.lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        raise NotASitemap("not XML, so no sitemap")
    collected = _Collector()
    whole = collected.read(text.encode("utf-8", "replace"))
    if collected.root not in ("urlset", "sitemapindex"):
        other = "a feed: give the source kind rss" if collected.root in ("rss", "feed", "RDF") else "no sitemap"
        raise NotASitemap(f"<{collected.root[:40]}> is {other}" if collected.root else "not a readable sitemap")
    if not whole and not collected.found:
        raise NotASitemap("a sitemap that breaks off before its first address")
    notes = [] if whole else ["malformed"]
    if collected.root == "sitemapindex":
        fresh = [one for one in collected.found if _when(one) is None or _is_recent(one, since)]
        return Sitemap((), *_newest(fresh, MOST_CHILDREN, notes))
    if any(_when(one) is None for one in collected.found):
        notes.append("undated-left-out")
    articles, told = _newest([one for one in collected.found if _is_recent(one, since)], MOST_URLS, notes)
    return Sitemap(articles, (), told)


def as_json(sitemap: Sitemap) -> dict[str, Any]:
    """Return *sitemap* as values that JSON knows."""
    return asdict(sitemap)


def from_json(value: dict[str, Any]) -> Sitemap:
    """Return what :func:`as_json` was given."""
    listed = {name: tuple(Listed(**one) for one in value[name]) for name in ("articles", "children")}
    return Sitemap(**listed, notes=tuple(value["notes"]))


def moment(text: str) -> datetime | None:
    """Return the moment that a W3C date of *text* names, in UTC; a day begins at midnight; None when it names none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    decoder = decoder_for("gzip", MOST_BYTES)
    try:
        return b"".join((*decoder.feed(body), *decoder.finish()))
    except TooLarge as error:
        raise NotASitemap(f"over {MOST_BYTES:,} bytes after decompression") from error
    except UnknownEncoding as error:
        raise NotASitemap(f"cannot be decompressed ({error})") from error


def _newest(found: Iterable[Listed], most: int, notes: list[str]) -> tuple[tuple[Listed, ...], tuple[str, ...]]:
    """Return the newest of *found*, at most so many, and the *notes* with one more if some were left out."""
    ordered = sorted({one.url: one for one in found}.values(), key=lambda one: _when(one) or "", reverse=True)
    return tuple(ordered[:most]), (*notes, *(("truncated",) if len(ordered) > most else ()))


def _when(one: Listed) -> str | None:
    return max(filter(None, (one.published, one.modified)), default=None)


def _is_recent(one: Listed, since: datetime) -> bool:
    # A date without a time may mean any moment of its day.
    when = _when(one) or ""
    return when >= (since.date().isoformat() if len(when) < _WITH_TIME else since.isoformat())


@dataclass
class _Collector:
    """What the parser calls."""

    root: str = ""
    found: list[Listed] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _length: int = 0
    _now: Listed = Listed("")

    def read(self, document: bytes) -> bool:
        """Read *document*; False when it breaks off or is no XML from some place on."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._refuse
        try:
            parser.Parse(document, True)
        except expat.ExpatError:
            return False
        return True

    def _begin(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(":")[2])
        self.root = self.root or self._path[0]
        self._text, self._length = [], 0
        if len(self._path) > DEEPEST:
            raise NotASitemap(f"elements nested more than {DEEPEST} deep, which no sitemap needs")

    def _characters(self, text: str) -> None:
        if self._length < MOST_TEXT:
            self._text.append(text)
            self._length += len(text)

    def _end(self, _name: str) -> None:
        text = "".join(self._text).strip()[:MOST_TEXT]
        match self._path[1:]:
            case [_]:
                if self._now.url:
                    self.found.append(self._now)
                self._now = Listed("")
            case [_, "loc"]:
                self._now = replace(self._now, url=one_line(text))
            case [_, "lastmod"]:
                self._now = replace(self._now, modified=_stored(text))
            case [_, "news", "title"]:
                self._now = replace(self._now, title=plain_title(text) or None)
            case [_, "news", "publication_date"]:
                self._now = replace(self._now, published=_stored(text))
            case [_, "news", "publication", "language"]:
                self._now = replace(self._now, lang=text.lower()[:2] if text[:2].isalpha() else None)
        self._path.pop()
        self._text, self._length = [], 0

    def _refuse(self, *_declared: object) -> None:
        raise NotASitemap("it declares entities, which no sitemap needs")


def _stored(text: str) -> str | None:
    """Return the moment in *text* as it is kept: a day alone stays a day."""
    found = moment(text)
    if found is None:
        return None
    return found.isoformat() if len(text.strip()) >= _WITH_TIME else found.date().isoformat()
