"""Options that several commands share, and the one place where a command gets its configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.configuration import Configuration, Loaded

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The TOML file; else $CLAIMWATCH_CONFIG, else ./claimwatch.toml, else the defaults.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


def configured(config: Path | None) -> Loaded:
    """Return the configuration that the option, the environment and the working directory name.

    Raises:
        BadConfiguration: with every fault found.

    """
    from services.configuration import load

    return load(config, os.environ, Path.cwd())


def log_plainly(configuration: Configuration, command: str) -> None:
    """Send the log lines of a *command* that is no service to standard error, at the configured level."""
    from shared.logs import configure_logging

    configure_logging(configuration.logging, service=command, terminal=sys.stderr.isatty(), quiet=True)
