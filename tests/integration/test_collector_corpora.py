"""Other projects' collections of feeds: whatever stands in them is read without harm.

They are not part of this repository; without the folder beside it these tests are skipped.
"""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
import warnings
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import feedparser
import pytest

from services.collector.sources import Challenged, Entry, NoFeed
from services.collector.sources.charset import decode
from services.collector.sources.feed_parsing import Feed, NotAFeed, parse_feed
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.rss import RssSource
from shared.clock import SystemClock
from shared.errors import Retry
from tests.support.reading import local_fetcher
from tests.support.web_server import Page, WebServer

ARCHIVE = Path(__file__).parents[3] / "shared" / "corpora" / "feeds.tar.xz"
EXPLAINED = {
    "wellformed/node_precedence/atom10_arbitrary_element.xml": "the same entry twice",
    "wellformed/node_precedence/atom10_title.xml": "the same entry twice",
    "wellformed/node_precedence/atom10_id.xml": "the same entry twice",
    "wellformed/lang/entry_content_xml_lang_blank_3.xml": "the same entry twice",
    "illformed/rss_incomplete_cdata.xml": "the document ends within its entry",
}

MOST_MEMORY = 200 * 1024
"""KiB of a parser's resident memory at its highest."""
SECONDS = 5.0
AT_ONCE = 8

pytestmark = pytest.mark.skipif(
    not ARCHIVE.is_file(),
    reason="the collections of feeds (shared/corpora/feeds.tar.xz beside the repository) are kept apart from it, and "
    "are not here: nothing was checked",
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


def charsets(body: bytes) -> tuple[str, str, str]:
    """Return content types for *body*: with its right encoding, with none, with a wrong one."""
    right = decode(body).encoding
    wrong = "windows-1251" if right != "cp1251" else "utf-8"
    return f"text/xml; charset={right}", "text/xml", f"text/xml; charset={wrong}"


def highest_memory() -> int:
    """Return the KiB that the largest of this process's parsers ever had."""
    highest = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if int(told["PPid"]) == os.getpid() and b"parser_process" in status.with_name("cmdline").read_bytes():
                highest = max(highest, int(told["VmHWM"].split()[0]))
    return highest


def unclean(entry: Entry) -> str:
    """Return the characters of *entry* that no reader downstream should have to bear."""
    everything = "\n".join(filter(None, (entry.key, entry.url, entry.title, entry.text, entry.byline)))
    everything.encode()
    return "".join(
        char for char in everything if not char.isprintable() and char not in "\n\t\u2028\u2029" and ord(char) <= 0x9F
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize("header", [0, 1, 2], ids=["right", "missing", "wrong"])
async def test_every_file_is_read_without_harm_over_http(corpus: dict[str, bytes], header: int) -> None:
    assert len(corpus) > 2_900
    turn, refused, failed = asyncio.Semaphore(AT_ONCE), list[str](), {}
    async with WebServer() as web, local_fetcher() as fetcher:
        parsers = ParserPool(seconds=SECONDS)

        async def look(name: str, body: bytes) -> None:
            path = "/" + quote(name)
            web.serve(path, Page(body, content_type=charsets(body)[header]))
            async with turn:
                try:
                    fetched = await RssSource(
                        web.url(path), fetcher=fetcher, parsers=parsers, clock=SystemClock()
                    ).fetch({})
                except (NoFeed, Challenged):
                    refused.append(name)
                except Retry as reason:
                    failed[name] = reason.reason
                else:
                    if strange := "".join(map(unclean, fetched.entries)):
                        failed[name] = f"unclean: {strange!r}"
            del web.pages[path]

        await asyncio.gather(*(look(name, body) for name, body in corpus.items()))
        memory = highest_memory()
        await parsers.close()
    assert failed == {}
    assert sum(name.endswith(".xml") for name in refused) < 0.02 * len(corpus)
    assert 0 < memory < MOST_MEMORY


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
