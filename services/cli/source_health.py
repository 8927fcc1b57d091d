"""``sources``: how each feed and channel is, as the collector last saw it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import ConfigOption, JsonOption, configured, log_plainly

if TYPE_CHECKING:
    from services.collector.health import SourceHealth
    from services.configuration import Configuration

COLOURS = {"ok": "green", "failing": "red", "waiting": "yellow"}


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
    found = asyncio.run(_health(settings))
    shown = [one for one in found if one.state == "failing" or not failing]
    if as_json:
        for one in shown:
            print(json.dumps(facts(one), ensure_ascii=False))
        return
    _print_table(shown)


def facts(source: SourceHealth) -> dict[str, Any]:
    """Return the health of *source* for programs."""
    return {key: _iso(value) if isinstance(value, datetime) else value for key, value in asdict(source).items()}


async def _health(settings: Configuration) -> list[SourceHealth]:
    from services.collector.health import SourceHealth, health
    from services.pipeline import import_app
    from shared.database import create_engine, sqlite_path
    from shared.migrations import check_revision

    chosen = import_app("collector").chosen_sources(settings.collector)
    path = sqlite_path(settings.database)
    if path and not path.exists():
        return [SourceHealth(one.id, one.name, "waiting") for one in chosen]
    engine = create_engine(settings.database, settings.database_password)
    try:
        await check_revision(engine)
        found = await health(engine, chosen)
    finally:
        await engine.dispose()
    return sorted(found, key=lambda one: -one.failures)


def _print_table(found: Sequence[SourceHealth]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        for one in found:
            print("\t".join([one.state, one.id, _iso(one.last_ok_at) or "-", _why(one) or "-"]))
        return
    table = Table("source", "state", "last ok", "last news", "failures", "why", box=None, header_style="bold")
    for one in found:
        table.add_row(
            Text(one.id),
            Text(one.state, style=COLOURS[one.state]),
            _short(one.last_ok_at),
            _short(one.last_new_at),
            str(one.failures or ""),
            Text(_why(one)),
        )
    console.print(table)


def _why(one: SourceHealth) -> str:
    """Return why a source fails, or what was odd, on one line without anything a terminal would obey."""
    told = one.last_error or "; ".join(one.notes)
    return "".join(char if char.isprintable() else " " for char in told)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _short(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M}" if moment else "never"
