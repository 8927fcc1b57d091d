"""The bytes of an article's page to its text and byline. Pure; runs in a process of its own (``parser_process``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from services.collector.sources.addresses import own_address
from services.collector.sources.charset import decode
from services.collector.sources.hypertext import MOST_TAGS, clean, one_line, plain_text, plain_title, tidy

MOST_PAGE = 400_000
"""Characters of a page that a gate is shown; an article stands within the first hundred thousand."""
MOST_BYLINE = 200
MOST_METADATA = 20
"""Blocks of JSON-LD that are looked into."""


class NotAnArticle(Exception):
    """Nothing in the page reads like one."""


@dataclass(frozen=True)
class Article:
    """An article's text, and the title, byline and canonical address that its page gives; the address is data only."""

    text: str
    title: str | None = None
    byline: str | None = None
    canonical: str | None = None


def parse_page(body: bytes, content_type: str | None) -> str:
    """Return the markup of a page as text, as much of it as a gate is shown."""
    return clean(decode(body, content_type).text[:MOST_PAGE])


def parse_article(body: bytes, content_type: str | None, url: str) -> Article:
    """Return the article's paragraphs, each on a line of its own, without menus, comments and what else stands around.

    Raises:
        NotAnArticle: nothing was found, or the page is too large to be one.

    """
    from trafilatura import extract  # noqa: PLC0415 - slow to import, and not needed for feeds

    page = decode(body, content_type).text
    if page.count("<") > MOST_TAGS:
        raise NotAnArticle(f"a page of more than {MOST_TAGS:,} tags")
    text = extract(page, url=url, include_comments=False, include_tables=False, favor_recall=True)
    if not text or not text.strip():
        raise NotAnArticle("no article was found in the page")
    tree = LexborHTMLParser(clean(page))
    return Article(tidy(text), _title(tree), _byline(tree), _canonical(tree, url))


def _title(tree: LexborHTMLParser) -> str | None:
    heading = tree.css_first("h1")
    words = _meta(tree, 'meta[property="og:title"]') or (heading.text() if heading else "")
    return plain_title(words) or None


def _byline(tree: LexborHTMLParser) -> str | None:
    """Return who wrote it as the page's metadata have it; an address of a profile is no byline."""
    named = (_meta(tree, 'meta[name="author"]'), *_authors(tree))
    found = (one_line(plain_text(name))[:MOST_BYLINE] for name in named if name and "://" not in name)
    return next(filter(None, found), None)


def _canonical(tree: LexborHTMLParser, url: str) -> str | None:
    link = tree.css_first('link[rel~="canonical"]')
    said = ((link.attributes.get("href") if link else None) or "", _meta(tree, 'meta[property="og:url"]'))
    for reference in filter(None, said):
        address = own_address(reference, url)
        # Some sites name their front page on every article.
        if address and (urlsplit(address).path not in ("", "/") or urlsplit(url).path in ("", "/")):
            return address
    return None


def _meta(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    return (node.attributes.get("content") if node else None) or ""


def _authors(tree: LexborHTMLParser) -> Iterator[str]:
    for node in tree.css('script[type="application/ld+json"]')[:MOST_METADATA]:
        try:
            said = json.loads(node.text())
        except (ValueError, RecursionError):
            continue
        for thing in _things(said):
            author = thing.get("author")
            names = [one.get("name") if isinstance(one, dict) else one for one in _listed(author)]
            if joined := ", ".join(name for name in names if isinstance(name, str)):
                yield joined


def _things(said: Any) -> Iterator[dict[str, Any]]:
    """Yield what a block of JSON-LD describes, a graph's parts one by one."""
    for thing in _listed(said):
        if isinstance(thing, dict):
            yield thing
            yield from (part for part in _listed(thing.get("@graph")) if isinstance(part, dict))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
