"""The storyline as values: who publishes, what happens in which order, what a visitor sees after each step. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal


@dataclass(frozen=True)
class Outlet:
    """An outlet with a feed (``rss``), or a channel with a page of posts (``telegram``)."""

    id: str
    name: str
    kind: Literal["rss", "telegram"]
    language: str
    country: str | None = None
    side: str | None = None
    reliability: str | None = None
    channel: str | None = None
    summaries: bool = False


@dataclass(frozen=True)
class Step:
    """One thing that happens: something is published, edited or deleted."""

    at: datetime
    outlet: str
    key: str
    do: Literal["publish", "edit", "delete"] = "publish"
    title: str | None = None
    text: str = ""
    summary: str | None = None


@dataclass(frozen=True)
class Shown:
    """An item as a visitor sees it now."""

    key: str
    title: str | None
    text: str
    summary: str | None
    published_at: datetime
    edited_at: datetime | None = None


@dataclass(frozen=True)
class Storyline:
    """Who publishes, and what happens in which order."""

    outlets: tuple[Outlet, ...]
    steps: tuple[Step, ...] = field(default=())

    def shown(self, outlet: str, steps: int) -> tuple[Shown, ...]:
        """Return what *outlet* shows after the first *steps* steps, oldest first."""
        items: dict[str, Shown] = {}
        for step in self.steps[:steps]:
            if step.outlet == outlet:
                _apply(step, items)
        return tuple(items.values())


def _apply(step: Step, items: dict[str, Shown]) -> None:
    if step.do == "delete":
        del items[step.key]
    elif step.do == "edit":
        items[step.key] = replace(
            items[step.key], title=step.title, text=step.text, summary=step.summary, edited_at=step.at
        )
    else:
        items[step.key] = Shown(step.key, step.title, step.text, step.summary, step.at)


@cache
def recorded() -> Storyline:
    """Return the storyline that is shipped with the demo."""
    table = tomllib.loads(files(__package__).joinpath("storyline.toml").read_text(encoding="utf-8"))
    return Storyline(
        outlets=tuple(Outlet(**row) for row in table["outlets"]),
        steps=tuple(_step(row) for row in _sorted(table["steps"])),
    )


def _sorted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: row["at"])


def _step(row: Mapping[str, Any]) -> Step:
    return Step(**{**row, "text": row.get("text", "").strip()})
