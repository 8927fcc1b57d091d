"""The live screen of ``claimwatch run``: how the sources are, what was read, the last alerts.

Figures come from the counters that ``/metrics`` shows, alerts and incidents from the database. Everything else that is
printed meanwhile (console alerts, warnings) appears above the screen: whoever prints must use ``sys.stdout`` or
``sys.stderr`` as they are at that moment.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TextIO, cast

import structlog
from prometheus_client.metrics import MetricWrapperBase
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.alerter.store import Store
from shared import metrics
from shared.errors import Retry
from shared.messages import Alert
from shared.runtime import Runtime

LOG = structlog.get_logger(__name__)

REFRESH = 1.0
SHOWN_ALERTS = 5


@dataclass(frozen=True)
class Snapshot:
    """What the screen shows at one moment; the counts are since the start, the incidents are all that are open."""

    sources: dict[str, int] = field(default_factory=dict)
    items: int = 0
    relevant: int = 0
    rejected: int = 0
    incidents: int = 0
    alerts: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    last: Sequence[Alert] = ()


class Above:
    """A terminal to write to that shows whole lines above the live screen of *console*.

    rich has such a thing, but its consoles look through it and write into the screen.
    """

    encoding = "utf-8"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = ""

    def write(self, text: str) -> int:
        """Show the lines that *text* ends; keep the rest until its end comes."""
        lines, newline, self._begun = (self._begun + text).rpartition("\n")
        if newline:
            self._console.print(Text.from_ansi(lines), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        """Do nothing: whole lines are shown at once."""

    def isatty(self) -> bool:
        """Say that a person reads it."""
        return True

    def fileno(self) -> int:
        """Return the terminal's own number, for its size."""
        return self._console.file.fileno()


@asynccontextmanager
async def screen(runtime: Runtime) -> AsyncIterator[None]:
    """Show the live screen while the block runs."""
    started = runtime.clock.now()
    console = Console(file=sys.stdout)  # the terminal itself: without it the console would print into `Above`
    first = Text("claimwatch is starting…")
    with (
        Live(first, console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live,
        redirect_stdout(cast("TextIO", Above(console))),
        redirect_stderr(cast("TextIO", Above(console))),
    ):
        task = asyncio.create_task(_refresh(live, runtime, started), name="screen")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            live.update(render(await take(runtime), since=started, now=runtime.clock.now()), refresh=True)


async def take(runtime: Runtime) -> Snapshot:
    """Return how things stand now; while the database is away, without what only it knows."""
    store = Store(runtime.engine)
    try:
        incidents, last = (await store.totals())["incidents"], await store.alerts(SHOWN_ALERTS)
    except Retry:
        incidents, last = 0, []
    items = _samples(metrics.ITEMS)
    return Snapshot(
        sources={labels["state"]: count for labels, count in _samples(metrics.SOURCES)},
        items=_sum(items, stage="classifier", status="handled"),
        relevant=_sum(_samples(metrics.READ), decision="relevant"),
        rejected=_sum(items, status="rejected"),
        incidents=incidents,
        alerts={labels["kind"]: count for labels, count in _samples(metrics.ALERTS)},
        sent=_sum(
            ((on, count) for on, count in _samples(metrics.DELIVERIES) if on["channel"] != "canary"), status="sent"
        ),
        last=last,
    )


def render(shown: Snapshot, *, since: datetime, now: datetime) -> RenderableType:
    """Return the screen: one line of figures for each stage, and the last alerts. Pure."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    table.add_row("claimwatch", f"running for {_duration((now - since).total_seconds())} · Ctrl-C ends")
    table.add_row("sources", _sources(shown.sources))
    table.add_row("items", f"{shown.items} read · {shown.relevant} relevant{_rejected(shown.rejected)}")
    table.add_row("incidents", f"{shown.incidents} open")
    kinds = " · ".join(f"{count} {kind}" for kind, count in sorted(shown.alerts.items()) if count)
    table.add_row("alerts", f"{kinds or 'none yet'} · {shown.sent} delivered")
    lines = [Text(f"{alert.created_at:%H:%M:%S}  {alert.kind:<12} {plain(alert.headline)}") for alert in shown.last]
    return Group(Text(""), table, *(Text.assemble("  ", line) for line in _one_line(lines)))


def plain(text: str) -> str:
    """Return *text* without what a terminal would obey: control characters and changes of direction."""
    return "".join(char if char.isprintable() else " " for char in text)


def _sources(states: dict[str, int]) -> Text:
    if not any(states.values()):
        return Text("none looked at yet")
    text = Text()
    for state, count in sorted(states.items(), key=lambda one: one[0] != "ok"):
        if count:
            text.append(" · " if text else "")
            text.append(f"{count} {state}", style="green" if state == "ok" else "red")
    return text


def _rejected(count: int) -> str:
    return f" · {count} rejected (claimwatch dead list)" if count else ""


def _one_line(lines: Iterable[Text]) -> Iterable[Text]:
    for line in lines:
        line.no_wrap = True
        line.overflow = "ellipsis"
        yield line


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _samples(metric: MetricWrapperBase) -> list[tuple[dict[str, str], int]]:
    return [
        (dict(sample.labels), int(sample.value))
        for family in metric.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]


def _sum(samples: Iterable[tuple[dict[str, str], int]], **wanted: str) -> int:
    return sum(count for labels, count in samples if wanted.items() <= labels.items())


async def _refresh(live: Live, runtime: Runtime, started: datetime) -> None:
    while True:
        live.update(render(await take(runtime), since=started, now=runtime.clock.now()), refresh=True)
        await asyncio.sleep(REFRESH)
