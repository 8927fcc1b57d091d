"""The live screen: what it says, and that what others print stays whole above it."""

from __future__ import annotations

import asyncio
import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from services.status import Above, Snapshot, render, take
from shared.database import create_engine
from shared.eventlog.opening import open_log
from shared.messages import Alert
from shared.metrics import ITEMS
from shared.migrations import upgrade
from shared.runtime import Runtime

NOW = datetime(2016, 2, 3, 9, 31, 14, tzinfo=UTC)


def shown(snapshot: Snapshot, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(render(snapshot, since=NOW - timedelta(minutes=61, seconds=5), now=NOW))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def alert(headline: str) -> Alert:
    return Alert(
        id="a", kind="conflict", incident="i", headline=headline, summary="", created_at=NOW, statements=(), item="x"
    )


def test_an_empty_screen_says_that_nothing_happened_yet() -> None:
    text = shown(Snapshot())
    assert "none looked at yet" in text
    assert "none yet · 0 delivered" in text
    assert "rejected" not in text


def test_the_screen_says_what_happened() -> None:
    snapshot = Snapshot(
        sources={"failing": 2, "ok": 19},
        items=120,
        relevant=7,
        rejected=1,
        incidents=5,
        alerts={"new": 3, "conflict": 1, "update": 0},
        sent=4,
        last=[alert("1 or 4 RU killed, Homs")],
    )
    text = shown(snapshot)
    assert "running for 1 h 01 min" in text
    assert "19 ok · 2 failing" in text
    assert "120 read · 7 relevant · 1 rejected (claimwatch dead list)" in text
    assert "1 conflict · 3 new · 4 delivered" in text
    assert "09:31:14  conflict     1 or 4 RU killed, Homs" in text


def test_a_hostile_headline_neither_steers_the_terminal_nor_breaks_the_line() -> None:
    text = shown(Snapshot(last=[alert("\x1b[2J\n\u202egone [bold]not markup[/bold] " + "x" * 300)]), width=60)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]not markup" in text
    assert all(len(line) <= 60 for line in text.splitlines())


def test_what_is_printed_meanwhile_comes_in_whole_lines() -> None:
    console = Console(file=io.StringIO(), width=40)
    above = Above(console)
    file = console.file
    assert isinstance(file, io.StringIO)
    above.write("half ")
    assert file.getvalue() == ""
    above.write("a line\nand \x1b[31mmore\x1b[0m")
    assert file.getvalue() == "half a line\n"
    above.write("\n")
    assert file.getvalue() == "half a line\nand more\n"
    assert above.isatty()


def test_a_console_made_earlier_prints_through_it() -> None:
    screen = Console(file=io.StringIO(), width=40)
    earlier = Console(width=40)
    before, sys.stdout = sys.stdout, Above(screen)  # type: ignore[assignment]
    try:
        earlier.print(Text("an alert"))
    finally:
        sys.stdout = before
    file = screen.file
    assert isinstance(file, io.StringIO)
    assert "an alert\n" in file.getvalue()


async def test_figures_come_from_the_counters_and_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    await upgrade(url)
    engine = create_engine(url)
    log = await open_log(f"sqlite:///{tmp_path / 'log.db'}", client="test")
    try:
        runtime = Runtime(log=log, engine=engine, stop=asyncio.Event())
        before = await take(runtime)
        ITEMS.labels("any-stage", "rejected").inc()
        after = await take(runtime)
    finally:
        await log.close()
        await engine.dispose()
    assert after.rejected == before.rejected + 1
    assert after.incidents == 0
