"""How alerts become messages: at once, together with what follows soon after, or summed up in a storm. Pure.

::

    first alert on an incident ──────────────▶ a message at once
    more on it within the window ────────────▶ one further message when the window is over
    more messages than a reader can take ────▶ one digest at the end of the storm's span

Every alert is kept and decided on its own; only the messages are fewer. Nothing is left out: what does not fit a card
is counted there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import Field

from shared.messages import Alert, AlertKind, Incident
from shared.settings import Section

IMPORTANCE: tuple[AlertKind, ...] = ("new", "conflict", "denial", "correction", "confirmation", "update")
"""Which kind a message of several alerts goes by."""
LINES = 12
"""Headlines in a digest; the others are counted."""


class BundlingSettings(Section):
    """When several alerts become one message."""

    window: int = Field(20, ge=0, description="Seconds in which alerts on one incident share a message")
    storm_limit: int = Field(
        40, ge=0, description="Messages of one subscription in a storm's span before it is summed up"
    )
    storm_span: int = Field(600, ge=1, description="Seconds over which a storm is counted, and then summed up")


@dataclass(frozen=True)
class Queue:
    """What is queued for one subscription, as far as an alert on one incident must know it.

    ``lead`` is the message on the same incident that nobody has begun to send, ``last`` when the last one on it was
    queued, ``digest`` the digest that is still being gathered, ``recent`` how many messages the storm's span has seen.
    """

    lead: str | None = None
    last: datetime | None = None
    digest: str | None = None
    recent: int = 0


@dataclass(frozen=True)
class Send:
    """A message of its own, from *not_before* on; *digest*: it gathers what else comes until then."""

    not_before: datetime
    digest: bool = False


@dataclass(frozen=True)
class Join:
    """A part of the message *delivery*."""

    delivery: str


def place(queue: Queue, now: datetime, settings: BundlingSettings | None) -> Send | Join:
    """Return which message an alert decided at *now* goes into; without *settings* each is a message of its own."""
    if settings is None:
        return Send(now)
    if settings.storm_limit and (queue.digest or queue.recent >= settings.storm_limit):
        return Join(queue.digest) if queue.digest else Send(now + timedelta(seconds=settings.storm_span), digest=True)
    window = timedelta(seconds=settings.window)
    if window and queue.lead:
        return Join(queue.lead)
    if window and queue.last and now - queue.last < window:
        return Send(queue.last + window)
    return Send(now)


def bundle(alerts: Sequence[Alert]) -> Alert:
    """Return several alerts on one incident as one: under the first one's id, with every claim and conflict once."""
    if len(alerts) == 1:
        return alerts[0]
    statements = {s.claim.id: s for alert in alerts for s in alert.statements}
    conflicts = {(c.dimension, c.left.claim.id, c.right.claim.id): c for alert in alerts for c in alert.conflicts}
    last = alerts[-1]
    return alerts[0].model_copy(
        update={
            "kind": _kind(alerts),
            "headline": last.headline,
            "summary": " ".join(dict.fromkeys(alert.summary for alert in alerts)),
            "created_at": last.created_at,
            "figures": last.figures,
            "statements": tuple(statements.values()),
            "conflicts": tuple(conflicts.values()),
        }
    )


def digest(alerts: Sequence[Alert]) -> Alert:
    """Return the one alert that sums up *alerts* on several incidents, in the order in which they were decided."""
    headlines = {alert.incident: f"{alert.kind}: {alert.headline}" for alert in alerts}
    lines = list(headlines.values())
    more = f"; and {len(lines) - LINES} more" if len(lines) > LINES else ""
    return bundle(alerts).model_copy(
        update={
            "headline": f"Many alerts at once: {len(alerts)} on {len(headlines)} incidents",
            "summary": "; ".join(lines[:LINES]) + more,
            "figures": (),
        }
    )


def digest_incident(incident: Incident, alert: Alert) -> Incident:
    """Return what a digest shows in the place of the incident as it stands: no single one's figures."""
    return incident.model_copy(update={"headline": alert.headline, "figures": (), "accounts": ()})


def _kind(alerts: Sequence[Alert]) -> AlertKind:
    return min((alert.kind for alert in alerts), key=IMPORTANCE.index)
