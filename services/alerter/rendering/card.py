"""An alert as a person reads it, before it takes the form of a channel. Pure.

Every string of a card is harmless text on one line: no control characters, no overrides, bounded in length. Each form
escapes what its own markup needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.alerter.rendering import phrases
from services.alerter.rendering.neutral import clean, is_right_to_left, link
from shared.messages import Alert, AlertKind, Conflict, Incident, Statement

HEADLINE = 240
SUMMARY = 600
QUOTE = 700
"""Longer quotes are cut on cards; the stored claim keeps every character."""
SAYINGS = 6
DISPUTES = 3
"""More than these are counted, not shown: a card is read at a glance."""
FIGURES = 8
VICTIMS = 5


@dataclass(frozen=True)
class Saying:
    """One claim with its proof: what is claimed, who says so, the quote in its own language, where to read it."""

    claim: str
    scene: str
    stance: str
    speaker: str
    relays: str | None
    published: str
    quote: str
    language: str | None
    right_to_left: bool
    link: str | None
    names: str | None
    doubts: tuple[str, ...]

    @property
    def attribution(self) -> str:
        """Who says so, through whom and when, in one line."""
        heard = f"{self.speaker}, {self.relays}" if self.relays else self.speaker
        return f"{heard} · {self.published}"


@dataclass(frozen=True)
class Dispute:
    """Two sayings that cannot both be right, and why."""

    dimension: str
    reason: str
    left: Saying
    right: Saying


@dataclass(frozen=True)
class Standing:
    """The incident as it stands: its figures, how many voices, what is in dispute, since when."""

    headline: str
    figures: tuple[str, ...]
    voices: str
    since: str


@dataclass(frozen=True)
class Card:
    """Everything a channel shows of one alert. ``more`` says what was left out."""

    kind: AlertKind
    label: str
    headline: str
    summary: str
    sayings: tuple[Saying, ...]
    disputes: tuple[Dispute, ...]
    standing: Standing
    more: str | None
    incident: str
    alert: str


def make_card(alert: Alert, incident: Incident) -> Card:
    """Return what is shown of *alert*, which happened to *incident*."""
    shown = {side.claim.id for conflict in alert.conflicts[:DISPUTES] for side in (conflict.left, conflict.right)}
    others = [statement for statement in alert.statements if statement.claim.id not in shown]
    return Card(
        kind=alert.kind,
        label=phrases.LABELS[alert.kind],
        headline=clean(alert.headline, HEADLINE),
        summary=clean(alert.summary, SUMMARY),
        sayings=tuple(make_saying(statement) for statement in others[:SAYINGS]),
        disputes=tuple(_dispute(conflict) for conflict in alert.conflicts[:DISPUTES]),
        standing=_standing(incident),
        more=_left_out(len(others) - SAYINGS, len(alert.conflicts) - DISPUTES),
        incident=clean(incident.id, 64),
        alert=clean(alert.id, 64),
    )


def make_saying(statement: Statement) -> Saying:
    """Return one statement as it is shown."""
    quote = clean(statement.claim.evidence, QUOTE)
    language = statement.source.language
    return Saying(
        claim=phrases.claimed(statement.claim),
        scene=phrases.scene(statement.claim),
        stance=phrases.STANCES[statement.claim.stance],
        speaker=phrases.speaker(statement),
        relays=phrases.relays(statement),
        published=phrases.published(statement),
        quote=quote,
        language=language if language in phrases.LANGUAGES else None,
        right_to_left=is_right_to_left(quote),
        link=link(statement.url),
        names=_names(statement.claim.names),
        doubts=phrases.doubts(statement),
    )


def _dispute(conflict: Conflict) -> Dispute:
    return Dispute(
        dimension=phrases.DIMENSIONS[conflict.dimension],
        reason=clean(conflict.reason, SUMMARY),
        left=make_saying(conflict.left),
        right=make_saying(conflict.right),
    )


def _standing(incident: Incident) -> Standing:
    figures = [phrases.figure(figure) for figure in incident.figures[:FIGURES]]
    return Standing(
        headline=clean(incident.headline, HEADLINE),
        figures=tuple(figures),
        voices=phrases.standing(incident),
        since=f"first heard of {phrases.moment(incident.first_seen_at)}",
    )


def _names(names: Iterable[str]) -> str | None:
    known = [phrases.name(name) for name in names]
    more = f" and {len(known) - VICTIMS} more" if len(known) > VICTIMS else ""
    return ", ".join(known[:VICTIMS]) + more if known else None


def _left_out(sayings: int, disputes: int) -> str | None:
    told = [
        phrases.plural(count, noun)
        for count, noun in ((sayings, "more claim"), (disputes, "more conflict"))
        if count > 0
    ]
    return f"{' and '.join(told)} not shown" if told else None
