"""``sources``: how each feed and channel is, as the collector last saw it."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import ConfigOption, JsonOption, configured, log_plainly

if TYPE_CHECKING:
    from services.collector.state import SourceState
    from services.configuration import Configuration


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Operation")(sources)


def sources(
    config: ConfigOption = None,
    failing: Annotated[bool, typer.Option("--failing", help="Only those that fail now.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how each source is: last success, last news, failures in a row, and why.

    [dim]Examples:[/dim]

      claimwatch sources --failing
      claimwatch sources --json | jq 'select(.failures > 3)'
    """
    settings = configured(config).configuration
    log_plainly(settings, "sources")
    states = asyncio.run(_states(settings))
    shown = [state for state in states if state.failures or not failing]
    if as_json:
        for state in shown:
            print(json.dumps(facts(state), ensure_ascii=False))
        return
    _print_table(shown)
    if not states:
        print("no source was looked at yet; start claimwatch run or claimwatch collect")


def facts(state: SourceState) -> dict[str, Any]:
    """Return *state* for programs."""
    return {
        "source": state.source,
        "state": condition(state),
        "failures": state.failures,
        "last_look_at": _iso(state.last_look_at),
        "last_ok_at": _iso(state.last_ok_at),
        "last_new_at": _iso(state.last_new_at),
        "next_due_at": _iso(state.next_due_at),
        "last_error": state.last_error,
        "last_error_at": _iso(state.last_error_at),
        "notes": list(state.notes),
    }


def condition(state: SourceState) -> str:
    """Return in one word how a source is."""
    if state.failures:
        return "failing"
    return "ok" if state.last_ok_at else "waiting"


async def _states(settings: Configuration) -> list[SourceState]:
    from services.collector.state import State
    from shared.database import create_engine, sqlite_path
    from shared.migrations import check_revision

    path = sqlite_path(settings.database)
    if path and not path.exists():
        return []
    engine = create_engine(settings.database, settings.database_password)
    try:
        await check_revision(engine)
        found = await State(engine).every()
    finally:
        await engine.dispose()
    return sorted(found, key=lambda state: (-state.failures, state.source))


def _print_table(states: list[SourceState]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not states:
        return
    if not console.is_terminal:
        for state in states:
            print(f"{condition(state)}\t{state.source}\t{_iso(state.last_ok_at) or '-'}\t{_error(state) or '-'}")
        return
    table = Table("source", "state", "last ok", "last news", "failures", "why", box=None, header_style="bold")
    for state in states:
        colour = {"ok": "green", "failing": "red"}.get(condition(state), "yellow")
        table.add_row(
            Text(state.source),
            Text(condition(state), style=colour),
            _short(state.last_ok_at),
            _short(state.last_new_at),
            str(state.failures or ""),
            Text(_error(state)),
        )
    console.print(table)


def _error(state: SourceState) -> str:
    """Return why *state* fails, as one line without anything a terminal would obey."""
    told = state.last_error if state.failures else "; ".join(state.notes)
    return "".join(char if char.isprintable() else " " for char in told or "")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _short(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M}" if moment else "never"
