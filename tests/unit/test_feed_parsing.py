"""Feeds beside what they must be read as: ``tests/data/feeds/NAME`` and ``NAME.expected.json``.

A new quirk is a new pair of files. To see what a new feed is read as:
``python -m tests.unit.test_feed_parsing tests/data/feeds/NAME``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest

from services.collector.sources.feed_parsing import as_json, from_json, parse_feed
from services.collector.sources.links import normal_link
from services.collector.sources.rss import entry_of

FOLDER = Path(__file__).parents[1] / "data" / "feeds"
FEEDS = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))
URL = "https://post.example/feeds/rss"


def read(path: Path) -> str:
    return json.dumps(as_json(parse_feed(path.read_bytes(), None, URL)), ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_a_feed_is_read_as_expected(path: Path) -> None:
    assert read(path) == path.with_name(path.name + ".expected.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_what_travels_between_processes_comes_back(path: Path) -> None:
    feed = parse_feed(path.read_bytes(), None, URL)
    assert from_json(json.loads(json.dumps(as_json(feed)))) == feed


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://E.org/Path?b=2&a=1#top", "https://e.org/Path?b=2&a=1"),
        ("https://e.org/?utm_source=x&utm_medium=y&id=3&fbclid=z&yclid=1", "https://e.org/?id=3"),
        ("https://e.org/?q=", "https://e.org/?q="),
        ("http://[bad", "http://[bad"),
        ("", ""),
    ],
)
def test_links_are_compared_without_what_changes_between_two_views(url: str, normal: str) -> None:
    assert normal_link(url) == normal


def test_a_link_of_any_length_is_compared_in_no_time() -> None:
    started = process_time()
    assert normal_link(endless := "http://e.org/?" + "&a=1" * 1_000_000) == endless
    assert process_time() - started < 1


if __name__ == "__main__":
    print(read(Path(sys.argv[1])), end="")


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_the_hashes_of_an_entry_are_those_that_the_collector_would_find(path: Path) -> None:
    feed = parse_feed(path.read_bytes(), None, URL)
    assert feed.entries
    for now in (datetime(2040, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)):  # dates of the future are left out
        for entry in (entry_of(one, now, ()) for one in feed.entries):
            anew = replace(entry)
            assert (entry.revision, entry.link_name, entry.story_name) == (
                anew.revision,
                anew.link_name,
                anew.story_name,
            )
