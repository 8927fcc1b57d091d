"""What a measurement gives: figures, each beside its yardstick, and how they are shown. Pure but for the printing."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from os import cpu_count, getloadavg
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One thing measured, and the same done barely. ``ratio`` is *value* over *yardstick*."""

    group: str
    what: str
    value: float
    unit: str
    yardstick: float | None = None
    against: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.yardstick if self.yardstick else None


@dataclass(frozen=True)
class Spread:
    """The middle and the far end of many timings, in milliseconds."""

    median: float
    p99: float
    count: int


def spread(seconds: Sequence[float]) -> Spread:
    """Return median and 99th percentile of *seconds* in milliseconds."""
    return Spread(1000 * median(seconds), 1000 * quantiles(seconds, n=100, method="inclusive")[98], len(seconds))


def middle(group: str, what: str, unit: str, rounds: Iterable[tuple[float, float]], against: str) -> Figure:
    """Return the median of *rounds* (measured, yardstick) whose ratio is the median of the ratios of each round."""
    pairs = list(rounds)
    value = median(measured for measured, _ in pairs)
    ratio = median(measured / yardstick for measured, yardstick in pairs)
    return Figure(group, what, value, unit, value / ratio, against)


def machine() -> dict[str, str | int | float | None]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cpu_count(),
        "load": round(getloadavg()[0], 2),
    }


def show(figures: Iterable[Figure], console: Console) -> None:
    """Print one table for each group."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.group, []).append(figure)
    for group, members in groups.items():
        table = Table(title=group, title_justify="left", title_style="bold")
        table.add_column("measured")
        table.add_column("value", justify="right")
        table.add_column("yardstick", justify="right")
        table.add_column("ratio", justify="right")
        table.add_column("the yardstick")
        for one in members:
            ratio = "" if one.ratio is None else f"{one.ratio:.2g}"
            bare = "" if one.yardstick is None else _number(one.yardstick, one.unit)
            table.add_row(one.what, _number(one.value, one.unit), bare, ratio, one.against)
        console.print(table)


def as_json(figures: Iterable[Figure]) -> str:
    """Return machine and figures as one JSON object."""
    return json.dumps({"machine": machine(), "figures": [asdict(one) | {"ratio": one.ratio} for one in figures]})


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.{1 if unit else 3}f} {unit}"
