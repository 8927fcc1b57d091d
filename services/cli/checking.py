"""``check``: is everything that a run needs there, and if not, what to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.errors import Status
from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.errors import ClaimwatchError, ConfigurationError

if TYPE_CHECKING:
    from services.configuration import Configuration


@dataclass(frozen=True)
class Finding:
    """What was found about one part: *problem* and *fix* are None when all is well."""

    part: str
    note: str
    problem: str | None = None
    fix: str | None = None


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Operation")(check)


def check(
    config: ConfigOption = None,
    print_: Annotated[bool, typer.Option("--print", help="Print the configuration in use, without secrets.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the configuration, the event log and the database.

    Every line says ok or failed, and a failed one how to put it right. Nothing is changed or created.

    [dim]Examples:[/dim]

      claimwatch check
      claimwatch check --config deploy/claimwatch.toml --print
    """
    loaded = configured(config)
    settings = loaded.configuration
    log_plainly(settings, "check")
    if print_:
        from services.configuration.printing import print_redacted

        print(print_redacted(settings), end="")
        return
    findings = [Finding("configuration", str(loaded.file or "the defaults"))]
    findings += asyncio.run(look(settings))
    for finding in findings:
        tell(finding, as_json=as_json)
    if any(finding.problem for finding in findings):
        raise typer.Exit(Status.FAILED)


async def look(settings: Configuration) -> list[Finding]:
    """Return what was found about each part that *settings* name."""
    return [
        await _finding("log", lambda: _log(settings)),
        await _finding("database", lambda: _database(settings)),
        Finding("sources", _sources(settings)),
        Finding("alerts", _subscriptions(settings)),
    ]


def tell(finding: Finding, *, as_json: bool) -> None:
    """Print one *finding*."""
    if as_json:
        print(json.dumps(asdict(finding) | {"ok": finding.problem is None}, ensure_ascii=False))
        return
    state = "ok    " if finding.problem is None else "failed"
    print(f"{state}  {finding.part:<13}  {finding.problem or finding.note}")
    if finding.fix:
        print(f"{'':8}{'':13}  fix: {finding.fix}")


async def _finding(part: str, ask: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(part, await ask())
    except ConfigurationError as error:
        return Finding(part, "", error.problem, error.fix)
    except ClaimwatchError as error:
        return Finding(part, "", str(error), "See that it runs and can be reached from here, then check again")


async def _log(settings: Configuration) -> str:
    from services.preparation import ensure_topics, is_file
    from shared.eventlog.address import SqliteAddress, parse
    from shared.eventlog.opening import check_log

    address = parse(settings.log)
    if isinstance(address, SqliteAddress) and not address.path.exists():
        return f"{address.path} (not there yet; claimwatch run makes it)"
    await check_log(settings.log)
    await ensure_topics(settings.log, create=False)
    return f"{address.path}" if isinstance(address, SqliteAddress) and is_file(settings.log) else f"{address}"


async def _database(settings: Configuration) -> str:
    from shared.database import create_engine, sqlite_path
    from shared.migrations import check_revision

    path = sqlite_path(settings.database)
    engine = create_engine(settings.database, settings.database_password)
    try:
        if path and not path.exists():
            return f"{path} (not there yet; claimwatch run makes it)"
        await check_revision(engine)
    finally:
        await engine.dispose()
    return str(path or settings.database)


def _sources(settings: Configuration) -> str:
    own = len(settings.collector.sources)
    telegram = settings.collector.telegram.mode
    said = f"{own} of your own" if own else "the shipped catalogue"
    return f"{said}; Telegram is read by {telegram}" if telegram != "off" else f"{said}; Telegram is off"


def _subscriptions(settings: Configuration) -> str:
    return ", ".join(f"{one.name} ({one.channel})" for one in settings.alerter.subscriptions) or "nobody is told"
