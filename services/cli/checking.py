"""``check``: is everything that a run needs there, and if not, what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.options import ConfigOption, configured


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Operation")(check)


def check(
    config: ConfigOption = None,
    print_: Annotated[bool, typer.Option("--print", help="Print the configuration in use, without secrets.")] = False,
) -> None:
    """Check the configuration and what it connects to.

    Every line says [green]ok[/green] or [red]failed[/red], and a failed one how to put it right.

    [dim]Examples:[/dim]

      claimwatch check
      claimwatch check --config deploy/claimwatch.toml --print
    """
    loaded = configured(config)
    if print_:
        from services.configuration.printing import print_redacted

        print(print_redacted(loaded.configuration), end="")
        return
    print(f"ok      configuration  {loaded.file or 'defaults'}")
