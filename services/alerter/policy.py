"""Which changes of the ledger become alerts, each at most once for its cause. A pure function of changes and time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import get_args

from pydantic import Field

from services.alerter import disputes
from services.alerter.changes import LedgerChange
from services.alerter.ledger import Decision
from shared.messages import Alert, AlertKind, Incident, RawItem, TaggedItem, stable_id
from shared.settings import Section

ALERTING: tuple[AlertKind, ...] = get_args(AlertKind)
"""Changes of other kinds (repeats, grades, merged and split incidents) are logged, and nobody is told."""


class PolicySettings(Section):
    """When a decided alert is kept but not sent."""

    live: bool = Field(default=True, description="False: a replay; every alert is decided and none is to be sent")
    old_after_days: int = Field(7, ge=0, description="A new incident that happened longer ago is old news")
    backfill_after_hours: int = Field(
        72, ge=1, description="An item published longer ago is backfill: it raises nothing"
    )


def decide_alerts(decision: Decision, tagged: TaggedItem, now: datetime, policy: PolicySettings) -> list[Alert]:
    """Return the alerts for the changes of *decision*, in their order: at most one of a kind for an incident.

    An alert's id stands for its cause, so the same cause decided again gives the same id: a store that keeps each id
    once raises each alert once for ever. ``suppressed`` says why an alert is not to be sent.
    """
    incidents = {one.id: one for one in decision.incidents}
    return [
        Alert(
            id=stable_id("alert", kind, change.incident, *_cause(change, tagged.item)),
            kind=kind,
            incident=change.incident,
            headline=incidents[change.incident].headline,
            summary=change.reason,
            created_at=now,
            statements=change.statements,
            conflicts=change.conflicts,
            figures=incidents[change.incident].figures,
            item=tagged.item.item,
            suppressed=_suppressed(kind, incidents[change.incident], tagged.item, now, policy),
        )
        for change in decision.changes
        for kind in ALERTING
        if kind == change.kind
    ]


def _cause(change: LedgerChange, item: RawItem) -> Sequence[str]:
    """Return what an alert of this kind is raised for, once; for a new incident nothing but the incident."""
    if change.kind == "conflict":
        return sorted(repr(disputes.key_of(conflict)) for conflict in change.conflicts)
    if change.kind == "correction":
        return [item.id]
    claims = [(s.voice, s.claim) for s in change.statements]
    if change.kind == "update":
        return sorted(f"{voice}/{c.force}/{c.outcome}/{c.min}/{c.max}" for voice, c in claims)
    if change.kind == "denial":
        return sorted({f"{voice}/{c.force}/{c.outcome}" for voice, c in claims})
    return sorted({f"{c.force}/{c.outcome}" for _, c in claims}) if change.kind == "confirmation" else []


def _suppressed(
    kind: AlertKind, incident: Incident, item: RawItem, now: datetime, policy: PolicySettings
) -> str | None:
    if not policy.live:
        return "replay"
    if item.change == "new" and now - item.when > timedelta(hours=policy.backfill_after_hours):
        return f"backfill: published {_age(now - item.when)} ago"
    return _old_news(incident, item, now, policy) if kind == "new" else None


def _old_news(incident: Incident, item: RawItem, now: datetime, policy: PolicySettings) -> str | None:
    if incident.date and (age := now.date() - incident.date) > timedelta(days=policy.old_after_days):
        return f"old news: it happened {_age(age)} ago"
    if all(s.claim.background for s in incident.statements):
        return "old news: mentioned as background only"
    if incident.date is None and item.published_at is None:
        return "an item without a date tells of an incident without a day"
    return None


def _age(age: timedelta) -> str:
    """Return an age in whole days, or hours when it is less than two days."""
    return f"{age.days} days" if age.days > 1 else f"{int(age.total_seconds() // 3600)} hours"
