"""``sources``: how each feed and channel is, and which there are: show, add, export, import."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.adding import add
from services.cli.listing import export, import_
from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from services.collector.health import SourceHealth
    from services.configuration import Configuration

COLOURS = {"ok": "green", "waiting": "yellow", "silent": "yellow"}
COLUMNS = ("state", "source", "last ok", "last item", "usual gap", "undated", "missed", "failures", "why")

app = typer.Typer(no_args_is_help=False)


def register(root: typer.Typer) -> None:
    """Add the commands of this file to *root*."""
    app.command("add")(add)
    app.command("export")(export)
    app.command("import")(import_)
    root.add_typer(app, name="sources", rich_help_panel="Operation")


@app.callback(invoke_without_command=True)
def sources(
    context: typer.Context,
    config: ConfigOption = None,
    problems: Annotated[bool, typer.Option("--problems", "-p", help="Only those that need a look.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show how each source is: last success, last item, its usual rhythm, what was missed, and why it fails.

    silent: it answers, but shows nothing new for longer than it ever did, nights and weekends considered. blocked: it
    refuses us. missed: looks between which items may have come and gone. In a pipe the columns are separated by tabs.

    [dim]Examples:[/dim]

      claimwatch sources --problems
      claimwatch sources show sana-en
      claimwatch sources --json | jq 'select(.state == "silent")'
      claimwatch sources add https://news.example.org
    """
    if context.invoked_subcommand:
        return
    found = [one for one in _found(configured(config).configuration) if one.is_problem or not problems]
    if as_json:
        for one in found:
            print(json.dumps(facts(one), ensure_ascii=False))
        return
    _print_table(found)


@app.command("show")
def show(
    source: Annotated[str, typer.Argument(metavar="ID", help="The source's id, as in the table.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show everything that is known of one source's health.

    [dim]Example:[/dim]

      claimwatch sources show sana-en
    """
    found = {one.id: one for one in _found(configured(config).configuration)}
    if source not in found:
        from difflib import get_close_matches

        near = get_close_matches(source, found, n=1)
        fix = f"Did you mean {near[0]}?" if near else "claimwatch sources lists them"
        raise ConfigurationError("sources", f'"{_line(source)}" is none of your sources', fix)
    if as_json:
        print(json.dumps(facts(found[source]), ensure_ascii=False))
        return
    for label, value in details(found[source]):
        print(f"{label:<18}  {value}")


def facts(source: SourceHealth) -> dict[str, Any]:
    """Return the health of *source* for programs."""
    return {key: _iso(value) if isinstance(value, datetime) else value for key, value in asdict(source).items()}


def details(one: SourceHealth) -> list[tuple[str, str]]:
    """Return what ``sources show`` prints, line by line; what is not known is left out."""
    told: list[tuple[str, str | None]] = [
        ("source", f"{one.id} ({_line(one.name)})"),
        ("state", f"{one.state}, since {_short(one.since)} UTC" if one.since else one.state),
        ("why", _line(one.last_error) if one.last_error else None),
        ("last success", _iso(one.last_ok_at) or "never"),
        ("last news", _iso(one.last_new_at) or "never"),
        ("last item", _iso(one.last_item_at)),
        ("usual gap", f"about {_gap(one)}" if one.rhythm else "not known yet: it takes three days and a dozen items"),
        ("silent from", f"{_iso(one.overdue_at)}, if nothing comes before" if one.overdue_at else None),
        ("entries shown", str(one.entries) if one.entries else None),
        ("undated", f"{one.undated:.0%}" if one.undated is not None else None),
        ("maybe missed", f"{one.truncations} times, last {_iso(one.truncated_at)}" if one.truncations else None),
        ("charset repaired", f"{one.charset_repairs} times" if one.charset_repairs else None),
        ("failures in a row", str(one.failures) if one.failures else None),
        ("last failure", _iso(one.last_error_at)),
        ("next look", _iso(one.next_due_at)),
        ("notes", _line("; ".join(one.notes)) or None),
        *(("remark", remark) for remark in one.remarks),
    ]
    return [(label, value) for label, value in told if value]


def _found(settings: Configuration) -> list[SourceHealth]:
    log_plainly(settings, "sources")
    return asyncio.run(_health(settings))


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
    return sorted(found, key=lambda one: (not one.is_problem, -one.failures))


def _print_table(found: Sequence[SourceHealth]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        for one in found:
            print("\t".join(_cells(one, _iso)))
        return
    table = Table(*COLUMNS, box=None, header_style="bold")
    for one in found:
        state, *rest = _cells(one, _short)
        table.add_row(Text(state, style=COLOURS.get(state, "red")), *map(Text, rest))
    console.print(table)


def _cells(one: SourceHealth, moment: Any) -> list[str]:
    """Return one row, in the order of ``COLUMNS``; *moment* says how times are written."""
    return [
        one.state,
        one.id,
        moment(one.last_ok_at) or "-",
        moment(one.last_item_at) or "-",
        _gap(one) or "-",
        f"{one.undated:.0%}" if one.undated else "-",
        str(one.truncations or "-"),
        str(one.failures or "-"),
        _why(one) or "-",
    ]


def _why(one: SourceHealth) -> str:
    """Return why a source fails, or what was odd, on one line without anything a terminal would obey."""
    return _line(one.last_error or "; ".join((*one.remarks, *one.notes)))


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _gap(one: SourceHealth) -> str:
    from services.collector.diagnosis import in_words

    return in_words(timedelta(seconds=one.rhythm)) if one.rhythm else ""


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _short(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M}" if moment else "never"
