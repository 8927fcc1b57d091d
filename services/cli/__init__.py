"""The ``claimwatch`` command: one file for each group of commands, put together here."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from services.cli import (
    administration,
    checking,
    contracts,
    deliveries,
    demonstrating,
    evaluating,
    explaining,
    incidents,
    letters,
    rebuilding,
    replaying,
    running,
    source_health,
    telegram,
)
from services.cli.errors import Status, report
from shared.errors import ClaimwatchError

ABOUT = """Watch news feeds and public Telegram channels for claims about military casualties in Syria.

Begin with [bold]claimwatch demo[/bold] (a recorded storyline, no network needed) or [bold]claimwatch run[/bold]
(live sources, everything in one process, alerts on this terminal).
"""

app = typer.Typer(
    name="claimwatch",
    help=ABOUT,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GROUPS = (
    running,
    demonstrating,
    explaining,
    replaying,
    evaluating,
    checking,
    source_health,
    administration,
    letters,
    incidents,
    rebuilding,
    deliveries,
    telegram,
    contracts,
)
for group in GROUPS:
    group.register(app)


def print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    """Print the version and leave."""
    if asked:
        print(f"claimwatch {version('claimwatch')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> None:
    """Run the command line; every error that claimwatch raises on purpose ends as a message and a status."""
    try:
        app()
    except ClaimwatchError as error:
        sys.exit(report(error))
    except KeyboardInterrupt:
        sys.exit(Status.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Status.FAILED)
