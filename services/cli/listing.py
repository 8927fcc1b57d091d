"""``sources export`` and ``sources import``: the list of sources as OPML, for feed readers and other installations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.adding import offer
from services.cli.files import read_bytes
from services.cli.options import ConfigOption, configured, log_plainly


def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write; else standard output.")
    ] = None,
    config: ConfigOption = None,
    opml: Annotated[bool, typer.Option("--opml/--toml", help="OPML, or the lines of a configuration file.")] = True,
) -> None:
    """Write the sources in use as OPML, which feed readers import, or as lines of a configuration file.

    What OPML has no word for (country, side, owner, reliability...) stands in attributes of claimwatch's own namespace,
    which other programs ignore and [bold]sources import[/bold] reads back.

    [dim]Examples:[/dim]

      claimwatch sources export --opml -o sources.opml
      claimwatch sources export --toml > sources.toml
    """
    from services.collector.opml import write_opml
    from services.configuration.editing import block
    from services.pipeline import import_app

    settings = configured(config).configuration
    log_plainly(settings, "sources")
    sources = import_app("collector").chosen_sources(settings.collector)
    content = write_opml(sources) if opml else "\n".join(block(one) for one in sources).encode()
    if output:
        output.write_bytes(content)
        print(f"{len(sources)} sources written to {output}")
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.opml", help="The file; - is standard input.")],
    config: ConfigOption = None,
    write: Annotated[bool, typer.Option("--write", help="Add them to the configuration file.")] = False,
) -> None:
    """Read sources from OPML and print them as lines of the configuration, or add them to it.

    Folders are looked through at any depth. Outlines that are no feed or channel, and sources that are configured
    already, are left out and named on standard error. Addresses are not fetched; [bold]sources[/bold] shows which work.

    [dim]Examples:[/dim]

      claimwatch sources import subscriptions.opml
      claimwatch sources import subscriptions.opml --write
    """
    from services.collector.opml import read_opml
    from shared.errors import ClaimwatchError

    loaded = configured(config)
    log_plainly(loaded.configuration, "sources")
    present = loaded.configuration.collector.sources
    found = read_opml(read_bytes(file), {one.id for one in present})
    known = {one.url or one.channel for one in present}
    fresh = [one for one in found.sources if (one.url or one.channel) not in known]
    for reason in found.left_out:
        print(f"left out: {reason}", file=sys.stderr)
    for one in found.sources:
        if one not in fresh:
            print(f"left out: {one.name}: is configured already", file=sys.stderr)
    if not fresh:
        raise ClaimwatchError(f"{file} names no source that is not configured already")
    offer(loaded, fresh, config, yes=True, dry_run=not write)
