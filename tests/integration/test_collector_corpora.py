"""Other projects' collections of feeds: whatever stands in them is read without harm.

They are not part of this repository; without the folder beside it these tests are skipped.
"""

from __future__ import annotations

import io
import tarfile
import warnings
from pathlib import Path
from time import process_time

import feedparser
import pytest

from services.collector.sources.feed_parsing import Feed, NotAFeed, parse_feed

ARCHIVE = Path(__file__).parents[3] / "shared" / "corpora" / "feeds.tar.xz"
HEADERS = ("text/xml", "text/xml; charset=utf-8", "text/xml; charset=windows-1251")
EXPLAINED = {
    "wellformed/node_precedence/atom10_arbitrary_element.xml": "the same entry twice",
    "wellformed/node_precedence/atom10_title.xml": "the same entry twice",
    "wellformed/node_precedence/atom10_id.xml": "the same entry twice",
    "wellformed/lang/entry_content_xml_lang_blank_3.xml": "the same entry twice",
    "illformed/rss_incomplete_cdata.xml": "the document ends within its entry",
}

pytestmark = pytest.mark.skipif(
    not ARCHIVE.is_file(), reason="the collections of feeds are kept apart from the repository, and are not here"
)


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith((".xml", ".json")) else None
            if content:
                files[member.name] = content.read()
    return files


def read(body: bytes, content_type: str) -> Feed | None:
    try:
        return parse_feed(body, content_type, "http://example.org/feed")
    except NotAFeed:
        return None


@pytest.mark.timeout(600)
def test_every_file_is_read_without_harm(corpus: dict[str, bytes]) -> None:
    assert len(corpus) > 2_900
    for name, body in corpus.items():
        for content_type in HEADERS:
            began = process_time()
            feed = read(body, content_type)
            assert process_time() - began < 5, name
            for entry in feed.entries if feed else ():
                everything = "\n".join(filter(None, (entry.key, entry.url, entry.title, entry.text, entry.byline)))
                everything.encode()
                assert all(
                    char.isprintable() or char in "\n\t\u2028\u2029" or ord(char) > 0x9F for char in everything
                ), name


@pytest.mark.timeout(600)
def test_the_number_of_entries_agrees_with_feedparsers_own(corpus: dict[str, bytes]) -> None:
    different = {}
    for name, body in corpus.items():
        if not name.endswith(".xml"):
            continue
        with warnings.catch_warnings(action="ignore"):
            theirs = len(feedparser.parse(io.BytesIO(body)).entries)
        feed = read(body, "text/xml")
        if (len(feed.entries) if feed else 0) != theirs:
            different[name.partition("/tests/")[2]] = theirs
    assert different.keys() == EXPLAINED.keys()
