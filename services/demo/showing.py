"""Runs the whole pipeline on the served storyline, telling on the terminal what happens, and what stands at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from services.alerter.store import Store
from services.configuration import Configuration
from services.configuration.printing import print_redacted
from services.demo.site import Site, serving
from services.demo.storyline import Outlet, Step, Storyline, recorded
from services.pipeline import ALL, load_service, stopping_on_signals, supervise
from services.preparation import Stopped, prepared, unless_stopped
from shared.errors import ClaimwatchError
from shared.messages import Alert, Figure, Incident
from shared.runtime import Runtime

PACE = 1.2
"""Seconds after a step was seen until the next happens: long enough for its alert to be read from the log and sent."""

INTERVAL = 1.0
"""Seconds between two looks at an outlet; real sources are asked a hundred times less often."""

CENTURY_DAYS = 36_500
"""The storyline is old; its alerts are wanted all the same."""

DOES = {"publish": "publishes", "edit": "edits its article", "delete": "deletes its post"}


def configuration(storyline: Storyline, site: str, directory: Path, *, channel: str = "console") -> dict[str, Any]:
    """Return the settings that read *storyline* from *site* and keep their files in *directory*.

    They are those of a real installation; only the age of the news is not held against it, and every alert comes alone.
    """
    return {
        "log": f"sqlite:///{directory / 'log.db'}",
        "database": f"sqlite:///{directory / 'claimwatch.db'}",
        "logging": {"level": "warning"},
        "collector": {
            "sources": [_source(outlet, site) for outlet in storyline.outlets],
            "spread": 0,
            "limits": {"spacing": 0},
            "telegram": {"mode": "preview", "accept_terms": True, "preview_url": site},
        },
        "alerter": {
            "subscriptions": [{"name": "demo", "channel": channel}],
            "policy": {"old_after_days": CENTURY_DAYS, "backfill_after_hours": 24 * CENTURY_DAYS},
            "bundling": {"window": 0, "storm_limit": 0},
        },
    }


def _source(outlet: Outlet, site: str) -> dict[str, Any]:
    told = ("id", "name", "kind", "channel", "language", "country", "side", "reliability")
    known = {key: value for key in told if (value := getattr(outlet, key))}
    where = {} if outlet.channel else {"url": f"{site}/feeds/{outlet.id}.xml"}
    return known | where | {"interval": INTERVAL, "allow_private": True}


async def show(directory: Path, *, pace: float = PACE, console: Console | None = None) -> None:
    """Serve the storyline, run every service on it, and print the incidents when it has ended.

    Raises:
        ClaimwatchError: a service ended that should not have.

    """
    console = console or Console(highlight=False)
    site = Site(recorded())
    stop = asyncio.Event()
    async with serving(site) as address:
        settings = Configuration.model_validate(configuration(site.storyline, address, directory))
        _open(console, site.storyline, address)
        with stopping_on_signals(stop):
            async with prepared(settings, name="demo", stop=stop, embedded=True) as runtime:
                await _play(site, settings, runtime, console, pace)
                _close(console, *await _outcome(runtime))


async def serve(file: Path, *, port: int, pace: float = PACE, console: Console | None = None) -> None:
    """Serve the storyline until a signal says stop, for services that are started apart with the settings in *file*.

    Each step happens once somebody has seen the one before, so nothing passes before anybody looks.

    Raises:
        ClaimwatchError: the port is taken, or *file* cannot be written.

    """
    console = console or Console(highlight=False)
    site = Site(recorded())
    stop = asyncio.Event()
    async with serving(site, port) as address:
        tree = configuration(site.storyline, address, file.parent) | {"logging": {"level": "info"}}
        _write(file, print_redacted(Configuration.model_validate(tree), only_set=True))
        _open(console, site.storyline, address)
        console.print(f"Watch them with: claimwatch run --config {file}\n", soft_wrap=True)
        with stopping_on_signals(stop), suppress(Stopped):
            await unless_stopped(_tell(site, console, pace), stop)
            console.print("Everything has happened, and is served until Ctrl-C.")
            await stop.wait()


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ClaimwatchError(f"{file} cannot be written: {error.strerror or error}") from error


async def _play(site: Site, settings: Configuration, runtime: Runtime, console: Console, pace: float) -> None:
    teller = asyncio.create_task(_tell_all(site, runtime, console, pace), name="storyline")
    try:
        await supervise([load_service(name, settings) for name in ALL], runtime)
    finally:
        teller.cancel()
        with suppress(asyncio.CancelledError):
            await teller


async def _tell_all(site: Site, runtime: Runtime, console: Console, pace: float) -> None:
    """Tell the storyline to its end, then ask the services to stop."""
    await _tell(site, console, pace)
    runtime.stop.set()


async def _tell(site: Site, console: Console, pace: float) -> None:
    """Let one step happen after another, each once the one before was seen."""
    outlets = {outlet.id: outlet for outlet in site.storyline.outlets}
    while await site.advance():
        step = site.storyline.steps[site.step - 1]
        console.print(_line(step, outlets[step.outlet]))
        await site.looked_at(step.outlet)
        await asyncio.sleep(pace)
    await asyncio.sleep(pace)


def _line(step: Step, outlet: Outlet) -> Text:
    text = Text.assemble(
        ("▸ ", "bold"), (f"{step.at:%d %b %Y %H:%M}  ", "dim"), (outlet.name, "bold"), f" {DOES[step.do]}"
    )
    if step.title or step.text:
        first = step.title or step.text.splitlines()[0]
        text.append(f": {first}")
    return text


def _open(console: Console, storyline: Storyline, address: str) -> None:
    console.print(Rule("claimwatch demo"))
    console.print(
        f"{len(storyline.outlets)} invented outlets and channels are served at {address} and watched as real ones are."
    )
    console.print("Everything they publish was written for this demo; it is not a factual record.\n")


async def _outcome(runtime: Runtime) -> tuple[list[Incident], list[Alert]]:
    store = Store(runtime.engine)
    return await store.incidents(), await store.alerts(1000)


def _close(console: Console, incidents: Sequence[Incident], alerts: Sequence[Alert]) -> None:
    console.print(Rule("what stands at the end"))
    for incident in sorted(incidents, key=lambda one: (one.date or one.first_seen_at.date(), one.id)):
        console.print(Text(incident.headline, style="bold"))
        console.print(_figures(incident.figures))
        for reason in dict.fromkeys(c.reason for a in alerts if a.incident == incident.id for c in a.conflicts):
            console.print(Text.assemble(("  in dispute: ", "red"), reason))
        console.print()
    kinds = [alert.kind for alert in alerts]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(sorted(kinds)))
    console.print(f"{len(incidents)} incidents, {len(alerts)} alerts ({counts}). Next: claimwatch run")


def _figures(figures: Sequence[Figure]) -> Table:
    table = Table.grid(padding=(0, 2))
    for figure in figures:
        denied = "denied by a party" if figure.denied else ""
        voices = f"{figure.voices} voice{'s' if figure.voices != 1 else ''}"
        table.add_row("  ", figure.force, figure.outcome, _range(figure), voices, denied)
    return table


def _range(figure: Figure) -> str:
    low = "?" if figure.min is None else str(figure.min)
    high = "or more" if figure.max is None else str(figure.max)
    if low == high:
        return low
    return f"{low} {high}" if figure.max is None else f"{low} to {high}"
