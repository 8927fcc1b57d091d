"""``migrate`` and ``topics``: what operators do once before the services start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import ConfigOption, JsonOption, configured, log_plainly

if TYPE_CHECKING:
    from shared.eventlog.plan import TopicReport


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    for command in (migrate, topics):
        app.command(rich_help_panel="Operation")(command)


def migrate(config: ConfigOption = None) -> None:
    """Bring the database to the shape this version needs.

    Several may run at a time: one migrates, the others wait for it. A SQLite file is copied first.

    [dim]Examples:[/dim]

      claimwatch migrate
      CLAIMWATCH_DATABASE=postgresql://claimwatch@db/claimwatch claimwatch migrate
    """
    from services.preparation import patiently
    from shared.migrations import upgrade

    settings = configured(config).configuration
    log_plainly(settings, "migrate")

    async def work() -> str:
        stop = asyncio.Event()
        return await patiently("database", lambda: upgrade(settings.database, settings.database_password), stop)

    print(f"the database is at revision {asyncio.run(work())}")


def topics(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be created, create nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Create the topics of the log that are missing, and say where the others differ from the plan.

    Nothing that exists is changed: a different number of partitions would move keys and break their order.

    [dim]Examples:[/dim]

      claimwatch topics --dry-run
      CLAIMWATCH_LOG=kafka://kafka:9092 claimwatch topics
    """
    from services.preparation import patiently
    from shared.eventlog.opening import create_topics
    from shared.topics import TOPICS

    settings = configured(config).configuration
    log_plainly(settings, "topics")

    async def work() -> TopicReport:
        return await patiently("log", lambda: create_topics(settings.log, TOPICS, dry_run=dry_run), asyncio.Event())

    report = asyncio.run(work())
    if as_json:
        import json
        from dataclasses import asdict

        print(json.dumps(asdict(report)))
        return
    for name in report.created:
        print(f"{'would create' if dry_run else 'created'}  {name}")
    for name in report.existing:
        print(f"exists   {name}")
    for drift in report.drift:
        print(f"differs  {drift.topic}: {drift.what} is {drift.found}, planned {drift.planned}")
