"""``rebuild``: the ledger made anew from the log, or what other rules would change, shown without a trace."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.errors import Status
from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.errors import ClaimwatchError

if TYPE_CHECKING:
    from services.alerter.outcome import Difference
    from services.configuration import Configuration
    from shared.messages import Alert


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Operation")(rebuild)


def rebuild(
    into: Annotated[
        str | None, typer.Option("--into", metavar="URL", help="An empty database to build the ledger in.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Build nothing; show what would be different.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make the ledger anew from the tagged items that the log still holds, by the rules configured now.

    Analysts' rulings are carried out again, each at its time. Nobody is told anything. With --dry-run the present
    database is only compared: which incidents other rules would merge or split, which alerts they would raise or not.

    [dim]Examples:[/dim]

      claimwatch rebuild --dry-run --config with-new-parties.toml
      claimwatch rebuild --into sqlite:///rebuilt.db
    """
    if (into is None) != dry_run:
        raise ClaimwatchError("say either --dry-run or --into with the address of an empty database")
    settings = configured(config).configuration
    log_plainly(settings, "rebuild")
    if into is None:
        found = asyncio.run(_compare(settings))
        print(json.dumps(_facts(found), ensure_ascii=False) if as_json else _text(found))
        return
    items, unfit = asyncio.run(_rebuild(settings, into))
    for ruling, reason in unfit:
        print(f"claimwatch: the {ruling} no longer makes sense: {reason}", file=sys.stderr)
    print(json.dumps({"items": items, "unfit": len(unfit)}) if as_json else f"{items} items decided about anew")
    if unfit:
        raise typer.Exit(Status.FAILED)


async def _compare(settings: Configuration) -> Difference:
    from services.alerter.store import Store
    from services.rebuild import arrivals, dry_run
    from shared.database import create_engine
    from shared.eventlog.opening import open_log
    from shared.migrations import check_revision

    log = await open_log(settings.log, client="rebuild")
    engine = create_engine(settings.database, settings.database_password)
    try:
        await check_revision(engine)
        return await dry_run(
            await arrivals(log),
            await Store(engine).rulings(),
            engine,
            rules=settings.alerter.ledger.rules(),
            policy=settings.alerter.policy,
        )
    finally:
        await engine.dispose()
        await log.close()


async def _rebuild(settings: Configuration, into: str) -> tuple[int, list[tuple[str, str]]]:
    from services.alerter.store import Store
    from services.rebuild import arrivals, rebuild
    from shared.database import create_engine
    from shared.eventlog.opening import open_log
    from shared.migrations import upgrade

    if into == settings.database:
        raise ClaimwatchError("--into is the database in use; name an empty one, and put it in its place afterwards")
    await upgrade(into, settings.database_password)
    log = await open_log(settings.log, client="rebuild")
    present = create_engine(settings.database, settings.database_password)
    target = create_engine(into, settings.database_password)
    try:
        store = Store(target)
        if any((await store.totals()).values()):
            raise ClaimwatchError(f"{into} holds a ledger already; name an empty database")
        found = await arrivals(log)
        rules, policy = settings.alerter.ledger.rules(), settings.alerter.policy
        unfit = await rebuild(found.items, await Store(present).rulings(), store, rules=rules, policy=policy)
    finally:
        await target.dispose()
        await present.dispose()
        await log.close()
    return len(found.items), [(f"{one.kind} of {one.actor}", reason) for one, reason in unfit]


def _text(found: Difference) -> str:
    if found.empty:
        return f"nothing would be different ({found.claims} claims compared)"
    lines = [f"would be one incident: {', '.join(ids)}" for ids in found.merged]
    lines += [f"would be several incidents: {one}" for one in found.split]
    lines += [f"would be raised:     {_alert(one)}" for one in found.gained]
    lines += [f"would not be raised: {_alert(one)}" for one in found.lost]
    return "\n".join([*lines, f"({found.claims} claims compared)"])


def _alert(alert: Alert) -> str:
    return f"{alert.kind}: {alert.headline}" + (f" (not sent: {alert.suppressed})" if alert.suppressed else "")


def _facts(found: Difference) -> dict[str, Any]:
    def told(alert: Alert) -> dict[str, Any]:
        return alert.model_dump(mode="json", include={"id", "kind", "incident", "headline", "item", "suppressed"})

    return {
        "claims": found.claims,
        "merged": found.merged,
        "split": found.split,
        "gained": [told(alert) for alert in found.gained],
        "lost": [told(alert) for alert in found.lost],
    }
