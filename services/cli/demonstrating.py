"""``demo``: the whole pipeline on a recorded storyline, without network or credentials."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Services")(demo)


def demo(
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Keep database and log in this folder.", show_default=False)
    ] = None,
    pace: Annotated[float, typer.Option("--pace", min=0.2, help="Seconds between two events.")] = 1.2,
    serve: Annotated[
        Path | None,
        typer.Option(
            "--serve",
            metavar="FILE",
            help="Only serve the storyline, and write the settings that watch it to this file.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="With --serve; 0: any free one.")] = 0,
) -> None:
    """Serve a recorded storyline on this machine and run the whole pipeline on it.

    Four outlets and two channels report on events of February 2016 and February 2020, contradict each other, edit and
    delete. Takes about a minute; needs neither network nor credentials. With [bold]--serve[/bold] the storyline waits
    for services that you start yourself, for example with Kafka and PostgreSQL written into the settings.

    [dim]Examples:[/dim]

      claimwatch demo
      claimwatch demo --keep demo-files
      claimwatch demo --serve demo.toml     (and elsewhere: claimwatch run --config demo.toml)
    """
    from services.demo import showing
    from shared.logs import configure_logging
    from shared.settings import LoggingSettings

    configure_logging(LoggingSettings(level="warning"), service="demo", terminal=sys.stderr.isatty())
    if serve:
        asyncio.run(showing.serve(serve, port=port, pace=pace))
        return
    with tempfile.TemporaryDirectory(prefix="claimwatch-demo-") as temporary:
        directory = keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        asyncio.run(showing.show(directory, pace=pace))
