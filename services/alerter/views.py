"""Vague numbers as other recorders read them, beside our own strict reading. Pure.

Our claims keep what the words say at least ("dozens": 24 and open). Who compares with another record needs its rule
instead. The rules are data: ``views.toml``, with their sources.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from services.alerter.incident import stand
from shared.messages import Claim, Figure, Incident, Statement

STRICT = "strict"
"""The name of our own reading."""

Range = tuple[int | None, int | None]


@dataclass(frozen=True)
class View:
    """How one school reads numbers: vague words by their strict range, open and half-open ranges by rule."""

    name: str
    words: Mapping[Range, Range]
    at_most_from: int | None
    conservative: bool


def views() -> tuple[str, ...]:
    """Return the names of all views, our own first."""
    return (STRICT, *sorted(_views()))


def read_as(view: str, claim: Claim) -> Range:
    """Return the range of *claim* as the *view* of that name reads it; a number written out stays what it is.

    Raises:
        KeyError: there is no such view.

    """
    low, high = claim.min, claim.max
    if view == STRICT:
        return low, high
    rule = _views()[view]
    if (low, high) in rule.words and not _written(low, claim.evidence):
        low, high = rule.words[low, high]
    if low is None and high is not None:
        low = rule.at_most_from
    if rule.conservative and (low is not None or high is not None):
        figure = high if low is None else low
        return figure, figure
    return low, high


def seen_as(view: str, incident: Incident) -> tuple[Figure, ...]:
    """Return the figures of *incident* as the *view* of that name would have them.

    Raises:
        KeyError: there is no such view.

    """
    if view == STRICT:
        return incident.figures
    return stand(incident.id, [_seen(view, statement) for statement in incident.statements]).figures


def _seen(view: str, statement: Statement) -> Statement:
    low, high = read_as(view, statement.claim)
    return statement.model_copy(update={"claim": statement.claim.model_copy(update={"min": low, "max": high})})


def _written(number: int | None, evidence: str) -> bool:
    """Say whether *evidence* has *number* in digits."""
    return number is not None and re.search(rf"(?<!\d){number}(?!\d)", evidence) is not None


@cache
def _views() -> Mapping[str, View]:
    data = tomllib.loads(files(__package__).joinpath("views.toml").read_text(encoding="utf-8"))
    return {
        name: View(
            name,
            {(one["strict"], None): (one.get("min"), one.get("max")) for one in view["words"]},
            view.get("at_most_from"),
            view.get("conservative", False),
        )
        for name, view in data.items()
    }
