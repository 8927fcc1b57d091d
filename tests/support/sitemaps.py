"""Sitemaps as publishers write them."""

from __future__ import annotations

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><{} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/image/1.1">'
)


def sitemap(*entries: str) -> str:
    """Return a sitemap of *entries*, each the inside of a ``url`` element."""
    return _HEAD.format("urlset") + "".join(f"<url>{one}</url>" for one in entries) + "</urlset>"


def index(*sitemaps: tuple[str, str | None]) -> str:
    """Return an index of *sitemaps*, each an address and its ``lastmod``."""
    entries = (f"<loc>{url}</loc>" + (f"<lastmod>{date}</lastmod>" if date else "") for url, date in sitemaps)
    return _HEAD.format("sitemapindex") + "".join(f"<sitemap>{one}</sitemap>" for one in entries) + "</sitemapindex>"


def article(url: str, title: str, date: str = "2016-02-02T10:00:00Z", *, lang: str = "") -> str:
    """Return the inside of a ``url`` element with the news extension."""
    language = f"<news:language>{lang}</news:language>" if lang else ""
    publication = f"<news:publication><news:name>News</news:name>{language}</news:publication>"
    news = f"{publication}<news:publication_date>{date}</news:publication_date><news:title>{title}</news:title>"
    return f"<loc>{url}</loc><news:news>{news}</news:news>"
