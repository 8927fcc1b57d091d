from __future__ import annotations

import pytest

from services.collector.sources.addresses import own_address, same_site
from services.collector.sources.article_parsing import Article, NotAnArticle, parse_article, parse_page

TEXT = "The ministry said on Tuesday that the adviser had been wounded when a garrison in Homs came under mortar fire. "
PAGE = "<html><head>{}</head><body><article><h1>Adviser killed</h1><p>" + TEXT * 5 + "</p></article></body></html>"
LINKED = '<script type="application/ld+json">{}</script>'
URL = "https://www.news.example/world/adviser?page=1"


def parsed(head: str, url: str = URL) -> Article:
    return parse_article(PAGE.format(head).encode(), "text/html; charset=utf-8", url)


def test_an_article_says_what_its_page_says_of_itself() -> None:
    article = parsed(
        '<link rel="canonical" href="/world/adviser"><meta property="og:title" content="An adviser is killed">'
        '<meta name="author" content="Jane Doe">'
    )
    assert article.text.count("mortar fire") == 5
    assert article.title == "An adviser is killed"
    assert article.byline == "Jane Doe"
    assert article.canonical == "https://www.news.example/world/adviser"


@pytest.mark.parametrize(
    "said",
    [
        ['{"author": {"@type": "Person", "name": "Jane Doe"}}'],
        ['[{"@graph": [{"author": [{"name": "Jane Doe"}]}]}]'],
        ["{broken", '{"author": "Jane Doe"}'],
        ['{"author": null}', '{"author": ["Jane Doe"]}'],
    ],
)
def test_a_byline_is_taken_from_the_metadata(said: list[str]) -> None:
    profile = '<meta name="author" content="https://news.example/people/jane">'
    assert parsed(profile + "".join(LINKED.format(one) for one in said)).byline == "Jane Doe"


@pytest.mark.parametrize("depth", [1_000, 20_000])
def test_metadata_nested_without_end_is_no_byline(depth: int) -> None:
    assert parsed(LINKED.format("[" * depth)).byline is None


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="canonical" href="https://victim.example/world/adviser">',
        '<link rel="canonical" href="javascript:alert(1)">',
        '<link rel="canonical" href="https://[">',
        '<link rel="canonical" href="/">',
        '<link rel="canonical">',
        '<meta property="og:url" content="https://news.example.evil/world/adviser">',
    ],
)
def test_a_page_cannot_call_itself_another_sites(head: str) -> None:
    assert parsed(head).canonical is None


def test_a_page_may_name_another_host_of_its_site() -> None:
    head = (
        '<link rel="canonical" href="https://victim.org/x"><meta property="og:url" content="https://m.news.example/x">'
    )
    assert parsed(head).canonical == "https://m.news.example/x"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.a.org/x", "http://a.org:8080/y", True),
        ("https://amp.a.org/", "https://M.A.org./", True),
        ("https://news.a.org/", "https://a.org/", True),
        ("https://evila.org/", "https://a.org/", False),
        ("https://a.org.evil.net/", "https://a.org/", False),
        ("https://[", "https://a.org/", False),
        ("/x", "/y", False),
    ],
)
def test_addresses_of_one_site(one: str, other: str, *, same: bool) -> None:
    assert same_site(one, other) is same


def test_an_endless_address_is_none() -> None:
    assert own_address("/" + "a" * 5_000, URL) is None


def test_the_markup_that_a_gate_is_shown_is_bounded_and_decoded() -> None:
    assert parse_page("<p>Погиб\x00 советник</p>".encode("cp1251"), "text/html; charset=windows-1251") == (
        "<p>Погиб советник</p>"
    )
    assert len(parse_page(b"a" * 1_000_000, "text/html")) == 400_000


def test_a_page_without_an_article_is_none() -> None:
    with pytest.raises(NotAnArticle):
        parse_article(b"<html><body></body></html>", "text/html", URL)
