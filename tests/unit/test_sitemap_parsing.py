from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from services.collector.sources.parser_process import handle
from services.collector.sources.sitemap_parsing import Listed, NotASitemap, Sitemap, as_json, from_json, parse_sitemap
from tests.support.sitemaps import article, index, sitemap

SINCE = datetime(2016, 2, 1, 12, tzinfo=UTC)


def parsed(text: str | bytes) -> Sitemap:
    body = text.encode() if isinstance(text, str) else text
    return parse_sitemap(body, "application/xml", SINCE)


def test_a_news_sitemap_lists_recent_articles_newest_first() -> None:
    found = parsed(
        sitemap(
            article("https://e.org/1", "One", "2016-02-02T10:00:00+03:00"),
            article("https://e.org/2", "4 killed &amp; 2 wounded", "2016-02-02T09:00Z", lang="en"),
            article("https://e.org/old", "Old", "2016-01-20T10:00:00Z"),
        )
    )
    assert found.articles == (
        Listed("https://e.org/2", "4 killed & 2 wounded", "2016-02-02T09:00:00+00:00", None, "en"),
        Listed("https://e.org/1", "One", "2016-02-02T07:00:00+00:00"),
    )
    assert found.notes == ()


def test_a_plain_sitemap_has_lastmod_alone() -> None:
    found = parsed(sitemap("<loc>https://e.org/1</loc><lastmod>2016-02-02</lastmod>", "<loc>https://e.org/2</loc>"))
    assert found.articles == (Listed("https://e.org/1", modified="2016-02-02"),)
    assert found.notes == ("undated-left-out",)


def test_a_day_without_a_time_counts_to_its_end() -> None:
    entry = "<loc>https://e.org/1</loc><lastmod>{}</lastmod>"
    assert parsed(sitemap(entry.format("2016-02-01"))).articles
    assert not parsed(sitemap(entry.format("2016-01-31"))).articles


def test_an_index_names_its_recent_sitemaps_and_those_without_a_date() -> None:
    found = parsed(
        index(("https://e.org/old.xml", "2015-01-01"), ("https://e.org/a.xml", None), ("/b.xml", "2016-02-02"))
    )
    assert [one.url for one in found.children] == ["/b.xml", "https://e.org/a.xml"]
    many = parsed(index(*((f"https://e.org/{number}.xml", None) for number in range(30))))
    assert (len(many.children), many.notes) == (10, ("truncated",))


def test_other_titles_and_prefixes_are_told_apart() -> None:
    text = (
        '<urlset xmlns:n="urn:any"><url><loc>https://e.org/1</loc>'
        "<image:image><image:title>A map</image:title><image:loc>https://e.org/map.png</image:loc></image:image>"
        "<n:news><n:title><![CDATA[<b>One</b> killed]]></n:title>"
        "<n:publication_date>2016-02-02T10:00:00Z</n:publication_date></n:news></url></urlset>"
    )
    assert parsed(text).articles == (Listed("https://e.org/1", "One killed", "2016-02-02T10:00:00+00:00"),)


def test_a_compressed_sitemap_is_unpacked_whatever_it_is_called() -> None:
    assert parsed(gzip.compress(sitemap(article("https://e.org/1", "One", "2016-02-02T10:00Z")).encode())).articles


def test_what_breaks_off_keeps_what_was_whole() -> None:
    whole = sitemap(article("https://e.org/1", "One", "2016-02-02T10:00Z"), article("https://e.org/2", "4 killed"))
    found = parsed(whole[: whole.index("4 killed") + 1])
    assert ([one.url for one in found.articles], found.notes) == (["https://e.org/1"], ("malformed",))


BOMB = gzip.compress(b"<urlset>" + b" " * 60_000_000)
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">]><urlset><url><loc>&a;</loc></url></urlset>'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not XML"),
        ("https://e.org/1\nhttps://e.org/2", "not XML"),
        ("<html><body>Just a moment</body></html>", "no sitemap"),
        ("<rss><channel></channel></rss>", "give the source kind rss"),
        ("<urlset", "not a readable sitemap"),
        ("<urlset><url><loc>https://e.org", "breaks off"),
        ("<urlset>" + "<a>" * 30, "nested more than"),
        (LAUGHS, "entities"),
        (BOMB, "after decompression"),
        (b"\x1f\x8bnothing", "cannot be decompressed"),
    ],
)
def test_what_is_no_sitemap_is_named(text: str | bytes, reason: str) -> None:
    with pytest.raises(NotASitemap, match=reason):
        parsed(text)


def test_it_travels_through_the_parser_process() -> None:
    body = sitemap(article("https://e.org/1", "Погиб советник", "2016-02-02T10:00Z")).encode("utf-8")
    request = {"task": "sitemap", "content_type": None, "url": "", "since": SINCE.isoformat()}
    assert from_json(handle(request, body)) == parse_sitemap(body, None, SINCE)
    assert from_json(as_json(Sitemap())) == Sitemap()
    assert "error" in handle(request, b"x")
