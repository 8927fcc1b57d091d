"""``run``, ``collect``, ``classify``, ``alert``: the services, all in one process or one by one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import ConfigOption, configured

if TYPE_CHECKING:
    from services.configuration import Configuration
    from services.pipeline import Name

PlainOption = Annotated[bool, typer.Option("--plain", help="Log lines instead of the live screen, on a terminal too.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    for command in (run, collect, classify, alert):
        app.command(rich_help_panel="Services")(command)


def run(config: ConfigOption = None, plain: PlainOption = False) -> None:
    """Run everything in one process: collect, classify, alert.

    Files (SQLite) are made and migrated by themselves. On a terminal a live screen shows what goes on; in a pipe there
    are log lines on standard error and alerts on standard output. Ctrl-C finishes what is in hand and ends; a second
    Ctrl-C ends at once, and loses nothing either.

    [dim]Examples:[/dim]

      claimwatch run
      claimwatch run --config deploy/claimwatch.toml 2> claimwatch.log
    """
    from services.pipeline import ALL

    _start(configured(config).configuration, ALL, embedded=True, live=not plain)


def collect(
    config: ConfigOption = None,
    once: Annotated[bool, typer.Option("--once", help="Look at every source once, then end.")] = False,
) -> None:
    """Run the collector: sources in, items.raw out.

    Needs [bold]claimwatch migrate[/bold] and [bold]claimwatch topics[/bold] once before.

    [dim]Examples:[/dim]

      claimwatch collect
      claimwatch collect --once
    """
    _start(configured(config).configuration, ["collector"], once=once)


def classify(config: ConfigOption = None) -> None:
    """Run the classifier: items.raw in, items.tagged out. Start as many as there is work for."""
    _start(configured(config).configuration, ["classifier"])


def alert(config: ConfigOption = None) -> None:
    """Run the alerter: items.tagged in; incidents, alerts and notifications out."""
    _start(configured(config).configuration, ["alerter"])


def _start(
    configuration: Configuration,
    names: Sequence[Name],
    *,
    embedded: bool = False,
    once: bool = False,
    live: bool = False,
) -> None:
    from services import pipeline
    from services.status import screen
    from shared.logs import configure_logging

    terminal = sys.stderr.isatty()
    on_screen = live and terminal and sys.stdout.isatty()
    service = names[0] if len(names) == 1 else "claimwatch"
    configure_logging(configuration.logging, service=service, terminal=terminal, quiet=on_screen)
    companion = screen if on_screen else None
    asyncio.run(pipeline.run(configuration, names, embedded=embedded, once=once, companion=companion))
