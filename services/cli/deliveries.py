"""``deliveries``: what waits to be sent, what was given up and why, and another try for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.clock import SystemClock
from shared.errors import ClaimwatchError

if TYPE_CHECKING:
    from services.alerter.outbox import DeadDelivery, Outbox

T = TypeVar("T")

MOST = 1000
"""Dead deliveries looked at; whoever has more mends the cause first."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Deliveries: what waits to be sent, and what was given up.",
        rich_markup_mode="rich",
    )
    for command in (counts, dead, retry):
        group.command()(command)
    app.add_typer(group, name="deliveries", rich_help_panel="Operation")


def counts(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Count the deliveries of every subscription by what became of them."""
    found = _with_outbox(config, lambda outbox: outbox.counts())
    for (subscription, state), number in sorted(found.items()):
        row = {"subscription": subscription, "state": state, "deliveries": number}
        print(json.dumps(row) if as_json else f"{subscription}\t{state}\t{number}")


def dead(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the deliveries that were given up, latest first, with the reason.

    [dim]Examples:[/dim]

      claimwatch deliveries dead
      claimwatch deliveries dead --json | jq .reason
    """
    for one in _with_outbox(config, lambda outbox: outbox.dead(MOST)):
        print(_facts(one) if as_json else _line(one))


def retry(
    delivery: Annotated[str | None, typer.Argument(metavar="[ID]", help="Its id, or the beginning of it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every delivery that was given up.")] = False,
    config: ConfigOption = None,
) -> None:
    """Let deliveries be tried again, once the cause is mended; receivers know a repeat by its id.

    [dim]Examples:[/dim]

      claimwatch deliveries retry 5a0c
      claimwatch deliveries retry --all
    """
    if (delivery is None) == (not everything):
        raise ClaimwatchError("name one delivery, or say --all")

    async def work(outbox: Outbox) -> int:
        chosen = [one.id for one in await outbox.dead(MOST) if everything or one.id.startswith(delivery or "")]
        if delivery and len(chosen) != 1:
            raise ClaimwatchError(
                f"{len(chosen)} dead deliveries begin with {delivery}; see: claimwatch deliveries dead"
            )
        return await outbox.revive(chosen, SystemClock().now())

    print(f"{_with_outbox(config, work)} to be tried again")


def _with_outbox(config: Path | None, work: Callable[[Outbox], Awaitable[T]]) -> T:
    """Return what *work* gives on the configured database."""
    from services.alerter.outbox import Outbox
    from shared.database import create_engine
    from shared.migrations import check_revision

    settings = configured(config).configuration
    log_plainly(settings, "deliveries")

    async def run() -> T:
        engine = create_engine(settings.database, settings.database_password)
        try:
            await check_revision(engine)
            return await work(Outbox(engine))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _line(one: DeadDelivery) -> str:
    return "\t".join(
        [one.id, f"{one.ended_at:%Y-%m-%d %H:%M}", one.subscription, f"{one.attempts} attempts", one.reason]
    )


def _facts(one: DeadDelivery) -> str:
    return json.dumps(asdict(one), ensure_ascii=False, default=lambda moment: moment.isoformat())
