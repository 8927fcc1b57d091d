"""``claimwatch sources`` as people type it: the table, one source, adding, export and import."""

from __future__ import annotations

import asyncio
import json
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.collecting import item, rss
from tests.support.command import claimwatch
from tests.support.web_server import Page, WebServer

pytestmark = pytest.mark.timeout(300)  # several commands one after the other, each a process of its own

CLAIM = "Two Russian soldiers were killed by mortar fire near Palmyra in Homs province, the ministry said."
TITLE = "Local council approves a new library building in the centre of Leeds"
LIBRARY = "The council of Leeds approved the plan for a new library on Monday."
FEED = rss(item("a", "Two killed", CLAIM), item("b", TITLE, LIBRARY), title="Example Post")
OWN = '# my file\n[[collector.sources]]\nid = "old"\nname = "Old"\nurl = "http://127.0.0.1:1/"\nallow_private = true\n'


@pytest.fixture
def site() -> Iterator[str]:
    """A web site with a feed that its front page names, served by a loop of its own."""
    loop, opened, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    address: list[str] = []

    async def serve() -> None:
        async with WebServer() as web:
            link = b'<html><head><link rel="alternate" type="application/rss+xml" href="/news.rss"></head></html>'
            web.serve("/", Page(link, content_type="text/html"))
            web.serve("/news.rss", FEED)
            address.append(web.url("/"))
            opened.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    opened.wait(10)
    yield address[0]
    loop.call_soon_threadsafe(done.set)
    thread.join()
    loop.close()


def test_a_site_is_tried_shown_and_added_to_the_file(tmp_path: Path, site: str) -> None:
    file = tmp_path / "claimwatch.toml"
    file.write_text(OWN)
    shown = claimwatch("sources", "add", site, "--allow-private", "--dry-run", directory=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for said in ("feed, named by the page", "Example Post", "2, of which 2 dated", "1 of 2 would", "Two killed", "en"):
        assert said in shown.stdout
    assert file.read_text() == OWN
    refused = claimwatch("sources", "add", site, "--allow-private", directory=tmp_path, stdin="n\n")
    assert "Nothing was changed" in refused.stdout
    assert file.read_text() == OWN
    added = claimwatch("sources", "add", site, "--allow-private", "--yes", "--id", "post", directory=tmp_path)
    assert added.returncode == 0, added.stderr
    assert file.read_text().startswith(OWN)
    made = tomllib.loads(file.read_text())["collector"]["sources"][-1]
    assert made == {
        "id": "post", "name": "Example Post", "url": f"{site}news.rss", "language": "en", "allow_private": True,
    }  # fmt: skip
    again = claimwatch("sources", "add", site, "--allow-private", "--yes", directory=tmp_path)
    assert again.returncode == 2
    assert "collector.sources.post: is this very source" in again.stderr


def test_a_file_that_cannot_be_changed_gets_lines_to_paste(tmp_path: Path, site: str) -> None:
    (tmp_path / "claimwatch.toml").write_text("collector = { interval = 60 }\n")
    done = claimwatch("sources", "add", site, "--allow-private", "--yes", directory=tmp_path)
    assert done.returncode == 1
    assert "[[collector.sources]]" in done.stdout
    assert "the lines above are what to paste" in done.stderr
    assert (tmp_path / "claimwatch.toml").read_text() == "collector = { interval = 60 }\n"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:1/", "is not a public address"),
        ("ftp://example.org/", "only http and https"),
        ("https://t.me/example_channel", 'Choose "preview"'),
    ],
)
def test_what_cannot_be_added_is_said_with_the_fix(tmp_path: Path, address: str, said: str) -> None:
    done = claimwatch("sources", "add", address, "--yes", directory=tmp_path)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_sources_go_out_and_come_back_as_opml(tmp_path: Path) -> None:
    written = claimwatch("sources", "export", "--opml", "-o", "all.opml", directory=tmp_path)
    assert written.returncode == 0
    there = tmp_path / "there"
    there.mkdir()
    printed = claimwatch("sources", "import", tmp_path / "all.opml", directory=there)
    assert printed.returncode == 0
    assert list(there.iterdir()) == []
    sources = tomllib.loads(printed.stdout)["collector"]["sources"]
    assert len(sources) > 100
    (there / "claimwatch.toml").write_text(OWN)
    done = claimwatch("sources", "import", tmp_path / "all.opml", "--write", directory=there)
    assert done.returncode == 0, done.stderr
    assert (there / "claimwatch.toml").read_text().startswith(OWN)
    assert claimwatch("check", directory=there).returncode == 0
    again = claimwatch("sources", "import", tmp_path / "all.opml", directory=there)
    assert again.returncode == 1
    assert "no source that is not configured already" in again.stderr


def test_a_hostile_opml_is_refused_in_words(tmp_path: Path) -> None:
    done = claimwatch("sources", "import", "-", directory=tmp_path, stdin='<!DOCTYPE o [<!ENTITY a "x">]><opml/>')
    assert done.returncode == 1
    assert "document type" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_source_is_shown_in_full_and_an_unknown_one_gets_a_suggestion(tmp_path: Path) -> None:
    done = claimwatch("sources", "show", "sana-en", directory=tmp_path)
    assert done.returncode == 0
    assert "SANA (English)" in done.stdout
    assert "waiting" in done.stdout
    wrong = claimwatch("sources", "show", "sana-em", directory=tmp_path)
    assert wrong.returncode == 2
    assert "Did you mean sana-en?" in wrong.stderr
    facts = json.loads(claimwatch("sources", "show", "sana-en", "--json", directory=tmp_path).stdout)
    assert (facts["id"], facts["state"], facts["rhythm"]) == ("sana-en", "waiting", None)


def test_only_problems_are_shown_when_asked(tmp_path: Path) -> None:
    (tmp_path / "claimwatch.toml").write_text(OWN)
    assert claimwatch("sources", "--problems", directory=tmp_path).stdout == ""
    claimwatch("migrate", directory=tmp_path)
    claimwatch("topics", directory=tmp_path)
    assert claimwatch("collect", "--once", directory=tmp_path).returncode == 0
    done = claimwatch("sources", "--problems", directory=tmp_path)
    (line,) = done.stdout.splitlines()
    assert line.split("\t")[:2] == ["failing", "old"]
