"""The alerter's handler: one tagged item through ledger and policy into the store.

::

    query ─▶ store.handle ( candidates ─▶ ledger.decide ─▶ policy.decide_alerts ─▶ keep )   one transaction
                  ▲                                                                  │
                  └──────────────────── stale: another alerter was first ────────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from services.alerter import ledger, policy
from services.alerter.bundling import BundlingSettings
from services.alerter.ledger import Decision
from services.alerter.policy import PolicySettings
from services.alerter.store import Address, Routed, Stale, Store, Tracked, Verdict
from shared.errors import Retry
from shared.messages import Alert, Incident, TaggedItem
from shared.metrics import ALERTS, INCIDENTS
from shared.notices import is_canary

LOG = structlog.get_logger(__name__)

Decide = Callable[[TaggedItem, Sequence[Incident], datetime], Decision]
Route = Callable[[Alert, Incident], Sequence[Address]]
"""Says where an alert about an incident goes."""

ROUNDS = 5
"""Decisions made anew before the item waits; the store's locks make even a second one rare."""


def to_nobody(_alert: Alert, _incident: Incident) -> Sequence[Address]:
    """Route an alert nowhere: for replays."""
    return ()


async def track(
    tagged: TaggedItem,
    store: Store,
    now: datetime,
    *,
    route: Route = to_nobody,
    settings: PolicySettings = PolicySettings(),  # noqa: B008 - a frozen value
    decide: Decide = ledger.decide,
    bundling: BundlingSettings | None = None,
) -> Tracked:
    """Decide about *tagged* and keep the decision; handled once for ever, a repeat gives the same answer.

    Raises:
        Retry: the database cannot be reached, or other alerters were first too often.

    """
    wanted = None if is_canary(tagged.item) else ledger.query(tagged)  # nobody's ledger holds a canary
    if wanted is None:
        return Tracked(links={claim.id: None for claim in tagged.claims})
    judge = partial(verdict, tagged, now=now, route=route, settings=settings, decide=decide)
    for _ in range(ROUNDS):
        try:
            kept = await store.handle(tagged, wanted, judge, now, bundling)
        except Stale:
            LOG.info("decision overtaken", item=tagged.item.item)
        else:
            _tell(tagged, kept)
            return kept
    raise Retry("other alerters were first too often")


def verdict(
    tagged: TaggedItem,
    known: Sequence[Incident],
    *,
    now: datetime,
    route: Route,
    settings: PolicySettings,
    decide: Decide,
) -> Verdict:
    """Return what *tagged* means for the *known* incidents, and who is to be told. Pure."""
    decision = decide(tagged, known, now)
    incidents = {incident.id: incident for incident in decision.incidents}
    alerts = policy.decide_alerts(decision, tagged, now, settings)
    return Verdict(decision, [Routed(alert, tuple(route(alert, incidents[alert.incident]))) for alert in alerts])


def _tell(tagged: TaggedItem, kept: Tracked) -> None:
    """Count and log what one item changed, once."""
    if kept.repeated:
        return
    INCIDENTS.inc(sum(incident.revision == 1 for incident in kept.incidents))
    for alert in kept.alerts:
        ALERTS.labels(kind=alert.kind).inc()
        LOG.info(
            "alert decided",
            alert=alert.id,
            kind=alert.kind,
            incident=alert.incident,
            item=tagged.item.item,
            suppressed=alert.suppressed,
        )
