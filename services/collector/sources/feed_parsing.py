"""The bytes of a feed to its entries: RSS, RDF and Atom by feedparser, JSON Feed by our own reader. Pure.

Runs in a process of its own (``parser_process``), because hostile XML costs time and memory. feedparser is given bytes
only: a string it would open as a file or an address.
"""

from __future__ import annotations

import calendar
import io
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from time import struct_time
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from services.collector.revision import revision
from services.collector.sources import json_feed
from services.collector.sources.challenges import COMMENTS, challenger, in_words
from services.collector.sources.charset import decode
from services.collector.sources.feed_hints import Hints, hints
from services.collector.sources.hypertext import clean, one_line, plain_text, plain_title
from services.collector.sources.links import link_name, normal_link, story_name

DEEPEST = 100
"""Levels of tags. A feed needs some ten; feedparser took 11 s for 200,000 on 600 KB."""
_HTML = re.compile(rf"{COMMENTS}<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_FEED = re.compile(r"<(?:[\w-]+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_TAG = re.compile(r"<(/?)[A-Za-z_][^<>]*?(/?)>")
_PROLOG = re.compile(r"^\s*<\?xml[^>]*\?>")
_CDATA = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_ENTRY = re.compile(r"<(/?)(?:[\w-]+:)?(?:item|entry)\b")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));")
_EARLIEST = 1990
MOST_GUID = 2_000
MOST_LINKS = 20
_HEAD = 4096


class NotAFeed(Exception):
    """What came is no feed; the text says what it is instead, in words for the operator."""

    def __init__(self, reason: str, *, challenged: bool = False) -> None:
        super().__init__(reason)
        self.challenged = challenged


@dataclass(frozen=True)
class FeedEntry:
    """One entry in plain text. Moments are ISO 8601 in UTC, so that it travels as JSON.

    The hashes are those of :class:`services.collector.sources.Entry`, found here to spare the collector's own process.
    """

    key: str
    url: str | None
    title: str | None
    text: str
    published: str | None = None
    updated: str | None = None
    lang: str | None = None
    byline: str | None = None
    revision: str = ""
    link_name: str | None = None
    story_name: str | None = None


@dataclass(frozen=True)
class Feed:
    """The entries in the feed's order, each key once, what had to be repaired, and what the feed says of its rhythm.

    ``cut``: the document ends within an entry, so that there may be more of it. ``links`` are the feed's own to its hub
    and its own address: rel and address.
    """

    entries: tuple[FeedEntry, ...]
    notes: tuple[str, ...] = ()
    hints: Hints = field(default_factory=Hints)
    cut: bool = False
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Loose:
    """An entry before its identity is settled."""

    guid: str
    entry: FeedEntry


def parse_feed(body: bytes, content_type: str | None, url: str) -> Feed:
    """Return the feed in *body*, which was fetched from *url*.

    Raises:
        NotAFeed: it is none, or nothing of it can be read.

    """
    decoded = decode(body, content_type)
    text = decoded.text.lstrip("\ufeff \t\r\n")
    notes = (decoded.note,) if decoded.note else ()
    if not text:
        raise NotAFeed("an empty answer instead of a feed")
    if text.startswith("{"):
        feed = _from_json(text)
        loose = (_Loose(one_line(item.id)[:MOST_GUID], _json_entry(item, url)) for item in feed.items)
        return Feed(_settled(loose), notes, links=_named(feed.links))
    _refuse_page(text)
    _refuse_depth(text)
    parsed = _parse_xml(text)
    if not parsed.entries and (parsed.bozo or not parsed.version):
        reason = one_line(str(parsed.get("bozo_exception", "")))[:120]
        raise NotAFeed(f"not a readable feed ({reason or 'no feed element'})")
    if parsed.bozo and not isinstance(parsed.bozo_exception, feedparser.CharacterEncodingOverride):
        notes = (*notes, "malformed")
    language = _language(parsed.feed.get("language"))
    cut = bool(parsed.bozo) and _is_cut(text)
    whole = parsed.entries[:-1] if cut else parsed.entries
    entries = _settled(_loose(entry, url, language) for entry in whole)
    return Feed(entries, notes, hints(parsed.feed, text), cut, _links(parsed.feed))


def as_json(feed: Feed) -> dict[str, Any]:
    """Return *feed* as values that JSON knows."""
    # One level of asdict() by hand: it copies every value of every entry, which takes as long as writing the JSON.
    return vars(feed) | {"entries": [vars(entry) for entry in feed.entries], "hints": vars(feed.hints)}


def from_json(value: dict[str, Any]) -> Feed:
    """Return what :func:`as_json` was given."""
    said = value["hints"]
    return Feed(
        tuple(FeedEntry(**entry) for entry in value["entries"]),
        tuple(value["notes"]),
        Hints(said["ttl"], tuple(said["skip_hours"]), tuple(said["skip_days"])),
        value["cut"],
        tuple((rel, address) for rel, address in value["links"]),
    )


def _refuse_page(text: str) -> None:
    head = text[:_HEAD]
    if _HTML.match(head):  # whatever stands in it: pages hold licences in RDF
        if who := challenger({}, text):
            raise NotAFeed(in_words(who), challenged=True)
        raise NotAFeed("a web page instead of a feed. Check the address: the page may name the feed in its head")
    if not text.startswith("<") and not _FEED.search(head):
        raise NotAFeed("neither XML nor JSON")


def _refuse_depth(text: str) -> None:
    depth = 0
    for closing, alone in _TAG.findall(_CDATA.sub("", text)):
        if alone:
            continue
        depth += -1 if closing else 1
        if depth > DEEPEST:
            raise NotAFeed(f"tags nested more than {DEEPEST} deep, which no feed needs")


def _is_cut(text: str) -> bool:
    """Whether the document ends within an entry, whose last number may then be half a number."""
    ends = [match.start() for match in _ENTRY.finditer(text) if match[1]]
    begins = [match.start() for match in _ENTRY.finditer(text) if not match[1]]
    return bool(begins) and begins[-1] > (ends[-1] if ends else -1)


def _parse_xml(text: str) -> Any:
    # Without a base address, so that a guid stays what it is wherever the feed was fetched from.
    body = '<?xml version="1.0" encoding="utf-8"?>' + _REFERENCE.sub(_lawful, _PROLOG.sub("", text, count=1))
    return feedparser.parse(
        io.BytesIO(body.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        # Every text is made plain below, which is stricter, and leaves no addresses within it.
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _lawful(reference: re.Match[str]) -> str:
    """Return the reference, or nothing for a character that XML does not allow: feedparser breaks on a surrogate."""
    digits, base = (reference[1], 16) if reference[1] else (reference[2], 10)
    code = int(digits, base) if len(digits.lstrip("0")) < 8 else 0  # noqa: PLR2004 - beyond Unicode in either base
    return reference[0] if code <= sys.maxunicode and clean(chr(code)) else ""


def _loose(entry: Any, base: str, language: str | None) -> _Loose:
    # A plain dictionary, because feedparser's own looks further: a published date passes for an update that never was.
    said = dict(entry)
    contents = [dict.get(content, "value", "") for content in said.get("content", ())]
    text = max((plain_text(part) for part in [said.get("summary", ""), *contents]), key=len)
    updated = _moment(said.get("updated_parsed"))
    published = _moment(said.get("published_parsed")) or updated
    link = _link(said, base)
    return _Loose(
        one_line(str(said.get("id", "")))[:MOST_GUID],
        FeedEntry(
            "",
            link,
            plain_title(str(said.get("title", ""))) or None,
            text,
            published,
            updated if updated != published else None,
            _language(_spoken(said)) or language,
            one_line(plain_text(str(said.get("author", ""))))[:200] or None,
        ),
    )


def _links(feed: Any) -> tuple[tuple[str, str], ...]:
    return _named((str(one.get("rel", "")).lower(), str(one.get("href", ""))) for one in feed.get("links", ()))


def _named(links: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    found = ((rel, one_line(address)) for rel, address in links if rel in ("hub", "self"))
    return tuple((rel, address) for rel, address in found if address)[:MOST_LINKS]


def _spoken(entry: dict[str, Any]) -> str | None:
    detail = entry.get("title_detail") or entry.get("summary_detail") or {}
    return dict.get(detail, "language")


def _link(entry: dict[str, Any], base: str) -> str | None:
    link = one_line(str(entry.get("link", "")))
    own = {one_line(str(dict.get(one, "href", ""))) for one in entry.get("links", ())}
    if not link or (link not in own and not link.startswith(("http://", "https://"))):
        return None  # feedparser also takes a guid for the link; one that is none is left alone
    return _web(link, base)


def _web(link: str, base: str) -> str | None:
    """Return the web address that *link* is, seen from *base*; None when it is none."""
    try:
        address = urljoin(base, link)
        return address if link and urlsplit(address).scheme in ("http", "https") else None
    except ValueError:
        return None


def _from_json(text: str) -> json_feed.JsonFeed:
    try:
        return json_feed.parse(text)
    except json_feed.NotAJsonFeed as error:
        raise NotAFeed(str(error)) from error


def _json_entry(item: json_feed.Item, base: str) -> FeedEntry:
    return FeedEntry(
        "",
        _web(one_line(item.url or ""), base),
        plain_title(item.title or "") or None,
        max(plain_text(item.html), plain_text(item.text), key=len),
        _iso(item.published),
        _iso(item.modified),
        _language(item.language),
        one_line(item.author or "")[:200] or None,
    )


def _settled(entries: Iterable[_Loose]) -> tuple[FeedEntry, ...]:
    """Return the entries, each with the first of its names that no other entry of the feed has; true repeats once."""
    linked = [(one, normal_link(one.entry.url) if one.entry.url else "") for one in entries]
    every = [(one.entry, link, _names(one, link)) for one, link in linked]
    taken = Counter(name for _, _, names in every for name in names)
    settled: dict[str, FeedEntry] = {}
    for entry, link, names in every:
        key = next((name for name in names if taken[name] == 1), names[-1])
        if key not in settled:
            settled[key] = replace(
                entry,
                key=key,
                revision=revision(entry.title, entry.text),
                link_name=link_name(link),
                story_name=story_name(entry.title, entry.published),
            )
    return tuple(settled.values())


def _names(one: _Loose, link: str) -> list[str]:
    """Return what the entry may be known by, best first: guid, normal link, title and date, everything."""
    title = one.entry.title or ""
    names = [f"guid:{one.guid}"] if one.guid else []
    names += [f"link:{link}"] if link else []
    names += [_hash(title, one.entry.published or "")] if title else []
    return [*names, _hash(title, one.entry.published or "", one.guid, link, one.entry.text)]


def _hash(*parts: str) -> str:
    return f"hash:{sha256(chr(31).join(parts).encode('utf-8', 'replace')).hexdigest()}"


def _moment(value: struct_time | None) -> str | None:
    """Return feedparser's UTC time; None also for the year 1970 and its like, which stand for "unknown"."""
    if value is None or value.tm_year < _EARLIEST:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(value), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _iso(value: str | None) -> str | None:
    """Return an RFC 3339 moment in UTC; without a zone nobody knows when it was."""
    try:
        moment = datetime.fromisoformat(value or "")
        return moment.astimezone(UTC).isoformat() if moment.tzinfo and moment.year >= _EARLIEST else None
    except (ValueError, OverflowError):
        return None


def _language(value: Any) -> str | None:
    found = re.match(r"[A-Za-z]{2,3}(?=$|[-_])", str(value or "").strip())
    return found[0].lower() if found else None
