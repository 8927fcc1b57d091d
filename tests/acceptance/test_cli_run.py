"""``run``: everything in one process, from a feed over HTTP to an alert on standard output, and well ended."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path

import pytest

from shared.clock import SystemClock
from tests.support.command import PROGRAM, claimwatch, environment, running
from tests.support.web_server import WebServer

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Agency</title><link>https://news.example.org</link><description>News</description>
<item><guid>1</guid><pubDate>{now}</pubDate><title>Four Russian officers killed in Syria</title><link>https://news.example.org/1</link>
<description>Four officers of the Russian army were killed by mortar fire near Palmyra,
the Russian defence ministry said.</description></item></channel></rss>"""


@pytest.fixture
def feed() -> Iterator[str]:
    """The address of a feed with one item, served by a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = WebServer()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    server.serve("/feed.xml", FEED.format(now=format_datetime(SystemClock().now())).encode())
    yield server.url("/feed.xml")
    asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def directory(tmp_path: Path, feed: str) -> Path:
    """A directory with a configuration that watches the feed and prints alerts."""
    (tmp_path / "claimwatch.toml").write_text(f"""
[collector]
spread = 0
interval = 1
[[collector.sources]]
id = "agency"
name = "Agency"
url = "{feed}"
full_text = "never"
allow_private = true
""")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_item_becomes_an_alert_and_a_signal_drains(directory: Path, number: signal.Signals) -> None:
    with running("run", directory=directory) as run:
        run.wait_for("Palmyra")
        assert run.stop(number) == 0
    said = "".join(run.out)
    assert "Four officers of the Russian army were killed by mortar fire near Palmyra" in said
    assert "https://news.example.org/1" in said
    lines = [json.loads(line) for line in run.err]
    assert {line["service"] for line in lines} >= {"collector", "classifier", "alerter"}
    assert lines[-1]["event"] == "stopped"


def test_after_a_restart_nothing_is_told_twice(directory: Path) -> None:
    with running("run", directory=directory) as first:
        first.wait_for("alert delivered")
        first.stop()
    with running("run", directory=directory) as second:
        second.wait_for("started")
        second.wait_for("collecting")
        assert second.stop() == 0
    assert second.out == []


def test_sources_tells_what_a_run_saw(directory: Path) -> None:
    with running("run", directory=directory) as run:
        run.wait_for("alert delivered")
        run.stop()
    done = claimwatch("sources", "--json", directory=directory)
    (source,) = map(json.loads, done.stdout.splitlines())
    assert (source["id"], source["state"], source["failures"]) == ("agency", "ok", 0)
    assert claimwatch("check", directory=directory).returncode == 0


def test_an_unreachable_source_is_named_and_the_run_goes_on(directory: Path) -> None:
    with (directory / "claimwatch.toml").open("a") as file:
        file.write(
            '[[collector.sources]]\nid = "gone"\nname = "Gone"\nurl = "http://127.0.0.1:1/"\nallow_private = true\n'
        )
    with running("run", directory=directory) as run:
        run.wait_for("127.0.0.1")
        run.wait_for("alert delivered")
        assert run.stop() == 0
    assert any('"gone"' in line for line in run.err)


def test_on_a_terminal_the_screen_and_the_alert_are_both_whole(directory: Path) -> None:
    own, theirs = pty.openpty()
    variables = environment({"TERM": "xterm", "COLUMNS": "120", "LINES": "40"})
    process = subprocess.Popen(
        [PROGRAM, "run"],
        cwd=directory,
        env=variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    deadline = threading.Timer(60, process.kill)
    deadline.start()
    try:
        while b"1 delivered" not in said:
            said += os.read(own, 65536)
        process.send_signal(signal.SIGINT)
        while part := read_terminal(own):
            said += part
    finally:
        deadline.cancel()
        process.kill()
        os.close(own)
        status = process.wait()
    shown = said.decode("utf-8", "replace")
    assert status == 0, shown
    assert "1 ok" in shown
    assert "1 read · 1 relevant" in shown
    assert "four officers of the russian army were killed by mortar fire near palmyra" in shown.lower()
    assert "Traceback" not in shown


def read_terminal(number: int) -> bytes:
    """Return what a terminal shows next; nothing once its other side is closed."""
    try:
        return os.read(number, 65536)
    except OSError:
        return b""
