"""The console as a person and as a pipe see it."""

from __future__ import annotations

import io

from rich.console import Console
from rich.live import Live
from rich.text import Text

from services.alerter.channels.console import ConsoleChannel
from tests.support.alerts import conflict, hostile, ordinary

ESCAPE = "\x1b"


async def print_on(page: io.StringIO, *, terminal: bool, width: int = 100) -> Console:
    console = Console(file=page, force_terminal=terminal, width=width, color_system="truecolor" if terminal else None)
    await ConsoleChannel(console).send(conflict())
    return console


async def test_a_pipe_gets_plain_unbroken_lines() -> None:
    page = io.StringIO()
    await print_on(page, terminal=False, width=40)
    assert ESCAPE not in page.getvalue()
    lines = page.getvalue().splitlines()
    assert lines[0] == "CONFLICTING CLAIMS: Russian forces, Latakia, 1 Feb 2016: 1 to 4 killed"
    assert "  > По данным оппозиции, в провинции Латакия погибли четыре российских генерала" in lines


async def test_a_terminal_gets_colours_inside_its_width() -> None:
    page = io.StringIO()
    await print_on(page, terminal=True, width=60)
    assert f"{ESCAPE}[" in page.getvalue()
    plain = Text.from_ansi(page.getvalue()).plain
    assert max(len(line) for line in plain.splitlines()) == 60
    assert "Conflicting claims" in plain


async def test_no_escape_sequence_of_a_post_reaches_a_terminal() -> None:
    friendly, harmful = io.StringIO(), io.StringIO()
    for page, delivery in ((friendly, conflict()), (harmful, hostile())):
        await ConsoleChannel(Console(file=page, force_terminal=True, width=100, color_system="standard")).send(delivery)
    ours = {part[:1] for part in friendly.getvalue().split(ESCAPE)[1:]}
    assert {part[:1] for part in harmful.getvalue().split(ESCAPE)[1:]} == ours == {"["}
    assert "\x9b" not in harmful.getvalue()
    assert "\x07" not in harmful.getvalue()
    assert "[31mred" in harmful.getvalue()  # what is left of it is text


async def test_alerts_stand_above_a_live_status() -> None:
    page = io.StringIO()
    console = Console(file=page, force_terminal=True, width=100, color_system="standard")
    with Live(Text("status line"), console=console, auto_refresh=False):
        await ConsoleChannel(console).send(ordinary())
    assert page.getvalue().rindex("status line") > page.getvalue().rindex("As it stands")
