"""Short ways to say claims, items and statements, and a ledger that remembers, for tests of the alerter's decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from services.alerter import ledger, voices
from services.alerter.ledger import Decision, Keys, LedgerChange, Query
from services.alerter.policy import PolicySettings, decide_alerts
from shared.messages import Alert, Claim, Incident, RawItem, SourceRef, Statement, TaggedItem, stable_id

_serial = count()


def claim(low: int | None = 1, high: int | None = None, force: str = "RU", **fields: Any) -> Claim:
    """Claim that *low* (to *high*; the same when only one is given) of *force* were killed."""
    serial = next(_serial)
    start = fields.pop("start", 1000 * serial)
    evidence = fields.pop("evidence", f"sentence {serial}")
    return Claim(
        id=fields.pop("id", stable_id("claim", str(serial))),
        outcome=fields.pop("outcome", "killed"),
        min=low,
        max=low if high is None else high,
        force=force,
        stance=fields.pop("stance", "reported"),
        date=_day(fields.pop("date", None)),
        evidence=evidence,
        start=start,
        end=start + len(evidence),
        **fields,
    )


def at_least(low: int, force: str = "RU", **fields: Any) -> Claim:
    """Claim that no fewer than *low* were killed."""
    return claim(low, force=force, **fields).model_copy(update={"max": None})


def raw(when: str = "2016-02-03T12:00", outlet: str = "Outlet", **fields: Any) -> RawItem:
    """Publish an item of *outlet* at *when* (UTC), seen at once unless told otherwise."""
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
    item = fields.pop("item", stable_id("item", str(next(_serial))))
    version = fields.pop("version", 1)
    seen = fields.pop("seen", None)
    source = fields.pop("source", SourceRef(id=outlet.lower(), name=outlet, kind="rss"))
    return RawItem(
        id=stable_id(item, str(version)),
        item=item,
        version=version,
        source=source,
        published_at=fields.pop("published_at", moment),
        seen_at=datetime.fromisoformat(seen).replace(tzinfo=UTC) if seen else moment,
        **fields,
    )


def tagged(item: RawItem, *claims: Claim, lang: str = "en") -> TaggedItem:
    """Read *claims* from *item*."""
    return TaggedItem(
        id=stable_id("tagged", item.id), item=item, relevant=bool(claims), score=1, lang=lang, claims=claims
    )


def statement(said: Claim, item: RawItem | None = None, **fields: Any) -> Statement:
    """Put a claim on record as it was said in *item*."""
    where = item or raw()
    return Statement(
        claim=said,
        item=where.item,
        version=where.id,
        source=where.source,
        published_at=where.published_at,
        seen_at=where.seen_at,
        voice=fields.pop("voice", None) or voices.voice(said, where, "en"),
        **fields,
    )


class Ledger:
    """Decides item after item and remembers: candidates as the query's docstring promises, every alert once."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self.alerts: list[Alert] = []
        self.changes: list[LedgerChange] = []
        self._keys: dict[str, Keys] = {}

    def read(self, item: RawItem, *claims: Claim, policy: PolicySettings | None = None) -> list[Alert]:
        """Decide about one item, keep what came out, and return the alerts not raised before."""
        return self.take(tagged(item, *claims), policy)

    def take(self, item: TaggedItem, policy: PolicySettings | None = None) -> list[Alert]:
        """Decide about one tagged item."""
        decision = self.decide(item)
        known = {alert.id for alert in self.alerts}
        now = item.item.seen_at
        fresh = [a for a in decide_alerts(decision, item, now, policy or PolicySettings()) if a.id not in known]
        self.alerts += fresh
        self.changes += decision.changes
        for incident in decision.incidents:
            self.keep(incident)
        return fresh

    def keep(self, incident: Incident) -> None:
        """Keep an incident as it stands; one that was merged answers no query any more."""
        self.incidents[incident.id] = incident
        self._keys.pop(incident.id, None)
        if incident.status == "open":
            self._keys[incident.id] = ledger.keys(incident)

    def decide(self, item: TaggedItem) -> Decision:
        """Return the decision about an item without keeping it."""
        wanted = ledger.query(item)
        found = self._answer(wanted) if wanted else []
        return ledger.decide(item, found, item.item.seen_at)

    def only(self) -> Incident:
        """Return the one incident there is."""
        (incident,) = self.incidents.values()
        return incident

    def _answer(self, wanted: Query) -> list[Incident]:
        found = {one for one, keys in self._keys.items() if wanted.item in keys.items or wanted.marks & keys.marks}
        for window in wanted.windows:
            found |= {
                one
                for one, keys in self._keys.items()
                if (wanted.forces | wanted.near) & keys.forces and window.since <= keys.day <= window.until
            }
        return [self.incidents[one] for one in sorted(found)]


def _day(day: str | date | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day
