"""Keeps the ledger: applies one decision, its alerts and their deliveries in one transaction, once per item version.

A new database joins ``tests/contract/test_store.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerter.bundling import BundlingSettings
from services.alerter.history import (
    Entry,
    Review,
    history,
    keep_changes,
    keep_reviews,
    keep_ruling,
    reviews,
    rulings,
)
from services.alerter.keeping import Stale, insert, keep
from services.alerter.ledger import Decision, Query
from services.alerter.queueing import Address, Routed, queue
from services.alerter.records import Records, resolve, revisions
from services.alerter.rules import RULES, Rules
from services.alerter.rulings import Ruling, Unfit, rule
from services.alerter.tables import ALERTS, HANDLED, INCIDENTS, STATEMENTS
from shared.database import reading, writing
from shared.messages import Alert, Incident, TaggedItem

__all__ = ["Address", "Routed", "Stale", "Store", "Tracked", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What is to be kept about one item: the ledger's decision, and the alerts with their addresses."""

    decision: Decision
    routed: Sequence[Routed] = ()


@dataclass(frozen=True)
class Tracked:
    """What handling one item version left behind; the same when it is asked for again.

    ``incidents`` are given as they stand now, ``links`` says where each claim went (None: a total), ``addressed``
    are the subscriptions that have a new delivery, ``repeated`` says that it had been handled before.
    """

    incidents: tuple[Incident, ...] = ()
    alerts: tuple[Alert, ...] = ()
    links: Mapping[str, str | None] = field(default_factory=dict)
    addressed: frozenset[str] = frozenset()
    repeated: bool = False


class Store:
    """The ledger's memory, in SQLite or PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._records = Records()

    async def candidates(self, query: Query) -> list[Incident]:
        """Return every incident that answers *query*, with its statements."""
        async with reading(self._engine) as connection:
            return await self._records.load(connection, await revisions(connection, query))

    async def handle(
        self,
        tagged: TaggedItem,
        query: Query,
        judge: Callable[[Sequence[Incident]], Verdict],
        now: datetime,
        bundling: BundlingSettings | None = None,
    ) -> Tracked:
        """Let *judge* decide about *tagged* from the answer to *query*, and keep its verdict: all of it, or nothing.

        An item version that was handled before changes nothing. An alert that is already kept is dropped, with its
        deliveries. Nobody else decides about the same item, forces or marks meanwhile. *bundling* says when alerts
        share a message; without it each is one of its own.

        Raises:
            Stale: an incident was changed by someone who decided about something else; decide again.
            Retry: the database cannot be reached.

        """
        async with writing(self._engine) as connection:
            await _lock(connection, query)
            done = await self._outputs(connection, tagged.item.id)
            if done is not None:
                return done
            known = await self._records.load(connection, await revisions(connection, query))
            verdict = judge(known)
            decision = verdict.decision
            if not decision.incidents:
                return Tracked(links=decision.links)
            await _keep_decision(connection, decision, known, now, version=tagged.item.id)
            await _mark_handled(connection, tagged, decision, now)
            fresh = await _keep_alerts(connection, tagged.item.id, verdict.routed)
            await queue(connection, fresh, now, bundling)
        addressed = frozenset(address.subscription for each in fresh for address in each.reached)
        return Tracked(decision.incidents, tuple(each.alert for each in fresh), decision.links, addressed)

    async def rule(self, ruling: Ruling, rules: Rules = RULES) -> Decision:
        """Carry out what an analyst orders, and write it down: all of it, or nothing.

        Raises:
            Unfit: it makes no sense as things stand.
            Stale: an alerter changed one of the incidents meanwhile; order it again.

        """
        async with writing(self._engine) as connection:
            known = await self._holding(connection, ruling.claims)
            decision = rule(ruling, known, rules)
            await _keep_decision(connection, decision, known, ruling.at, actor=ruling.actor)
            await keep_ruling(connection, ruling)
        return decision

    async def history(self, incident: str, limit: int = 100) -> list[Entry]:
        """Return the *limit* latest changes of *incident*, oldest first, each with its reason."""
        async with reading(self._engine) as connection:
            return await history(connection, incident, limit)

    async def reviews(self, limit: int = 100) -> list[Review]:
        """Return the *limit* claims that wait longest for somebody to look at their place."""
        async with reading(self._engine) as connection:
            return await reviews(connection, limit)

    async def rulings(self) -> list[Ruling]:
        """Return everything analysts ordered, in order."""
        async with reading(self._engine) as connection:
            return await rulings(connection)

    async def handled(self, version: str) -> bool:
        """Tell whether handling the item version *version* changed anything."""
        async with reading(self._engine) as connection:
            return await connection.scalar(select(HANDLED.c.version).where(HANDLED.c.version == version)) is not None

    async def outputs(self, version: str) -> Tracked | None:
        """Return what handling *version* left behind, to be said again; None when it changed nothing."""
        async with reading(self._engine) as connection:
            return await self._outputs(connection, version)

    async def resolve(self, incident: str) -> str:
        """Return the incident that *incident* was merged into; itself when it was not."""
        async with reading(self._engine) as connection:
            return await resolve(connection, incident)

    async def incident(self, incident: str) -> Incident | None:
        """Return one incident with its statements, the one it was merged into if it was."""
        async with reading(self._engine) as connection:
            found = await self._load(connection, [await resolve(connection, incident)])
        return found[0] if found else None

    async def incidents(self, limit: int = 50, *, before: datetime | None = None) -> list[Incident]:
        """Return the *limit* open incidents last spoken of (before *before*, to page), latest first."""
        wanted = select(INCIDENTS.c.id).where(INCIDENTS.c.status == "open")
        if before is not None:
            wanted = wanted.where(INCIDENTS.c.last_seen_at < before)
        wanted = wanted.order_by(INCIDENTS.c.last_seen_at.desc(), INCIDENTS.c.id).limit(limit)
        async with reading(self._engine) as connection:
            return await self._load(connection, (await connection.scalars(wanted)).all())

    async def alerts(self, limit: int = 50, *, incident: str | None = None) -> list[Alert]:
        """Return the *limit* latest alerts (of *incident*), latest first."""
        wanted = select(ALERTS.c.document)
        if incident is not None:
            wanted = wanted.where(ALERTS.c.incident == incident)
        wanted = wanted.order_by(ALERTS.c.created_at.desc(), ALERTS.c.position.desc(), ALERTS.c.id).limit(limit)
        async with reading(self._engine) as connection:
            return [Alert.model_validate_json(each) for each in await connection.scalars(wanted)]

    async def totals(self) -> dict[str, int]:
        """Return how many open incidents, alerts and items with an effect there are."""
        async with reading(self._engine) as connection:
            return {
                "incidents": await connection.scalar(
                    select(func.count()).select_from(INCIDENTS).where(INCIDENTS.c.status == "open")
                )
                or 0,
                "alerts": await connection.scalar(select(func.count()).select_from(ALERTS)) or 0,
                "items": await connection.scalar(select(func.count()).select_from(HANDLED)) or 0,
            }

    async def _holding(self, connection: AsyncConnection, claims: Sequence[str]) -> list[Incident]:
        wanted = select(STATEMENTS.c.claim, STATEMENTS.c.incident).where(STATEMENTS.c.claim.in_(claims))
        homes = {row.claim: row.incident for row in await connection.execute(wanted)}
        if lost := [claim for claim in claims if claim not in homes]:
            raise Unfit(f"no incident has the claim {lost[0]}")
        return await self._load(connection, list(dict.fromkeys(homes[claim] for claim in claims)))

    async def _outputs(self, connection: AsyncConnection, version: str) -> Tracked | None:
        row = (await connection.execute(select(HANDLED).where(HANDLED.c.version == version))).first()
        if row is None:
            return None
        incidents = await self._load(connection, json.loads(row.incidents))
        alerts = select(ALERTS.c.document).where(ALERTS.c.version == version).order_by(ALERTS.c.position)
        found = [Alert.model_validate_json(each) for each in await connection.scalars(alerts)]
        return Tracked(tuple(incidents), tuple(found), json.loads(row.links), repeated=True)

    async def _load(self, connection: AsyncConnection, ids: Sequence[str]) -> list[Incident]:
        wanted = select(INCIDENTS.c.id, INCIDENTS.c.revision).where(INCIDENTS.c.id.in_(ids))
        found = {row.id: row.revision for row in await connection.execute(wanted)}
        return await self._records.load(connection, {each: found[each] for each in ids if each in found})


async def _lock(connection: AsyncConnection, query: Query) -> None:
    """Let nobody else decide about the same item, forces or marks until this transaction ends.

    Rows that do not exist yet cannot be locked, so two alerters could otherwise open two incidents for one event.
    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    forces, marks = (f"force {force}" for force in query.forces | query.near), (f"mark {mark}" for mark in query.marks)
    keys = sorted(_lock_key(thing) for thing in (f"item {query.item}", *forces, *marks))
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"), {"keys": keys}
    )


def _lock_key(thing: str) -> int:
    return int.from_bytes(blake2b(thing.encode(), digest_size=8, person=b"ledger").digest(), signed=True)


async def _keep_decision(
    connection: AsyncConnection,
    decision: Decision,
    known: Sequence[Incident],
    now: datetime,
    *,
    version: str | None = None,
    actor: str | None = None,
) -> None:
    before = {each.id: each for each in known}
    await keep(connection, decision.incidents, before)
    await keep_changes(connection, decision, now, version=version, actor=actor)
    await keep_reviews(connection, decision.incidents, before, now)


async def _mark_handled(connection: AsyncConnection, tagged: TaggedItem, decision: Decision, now: datetime) -> None:
    mark = insert(connection, HANDLED).values(
        version=tagged.item.id,
        item=tagged.item.item,
        handled_at=now,
        incidents=json.dumps([incident.id for incident in decision.incidents]),
        links=json.dumps(dict(decision.links)),
    )
    await connection.execute(mark)


async def _keep_alerts(connection: AsyncConnection, version: str, routed: Iterable[Routed]) -> list[Routed]:
    """Keep the alerts that are not kept yet, and return those."""
    fresh = []
    for position, each in enumerate(routed):
        alert = each.alert
        row = insert(connection, ALERTS).values(
            id=alert.id,
            incident=alert.incident,
            kind=alert.kind,
            version=version,
            position=position,
            suppressed=alert.suppressed,
            created_at=alert.created_at,
            document=alert.model_dump_json(),
        )
        if (await connection.execute(row.on_conflict_do_nothing())).rowcount == 1:
            fresh.append(each)
    return fresh
