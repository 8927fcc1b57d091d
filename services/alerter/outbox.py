"""The outbox: deliveries waiting in the database, claimed by one loop each, in order per incident and subscription.

A delivery is ``pending`` until a loop claims it, ``sending`` while its lease runs, then ``sent`` or ``dead``, or
``pending`` again. It is ``held`` while nobody configures its subscription, and ``joined`` when another one carries
its alert. A lease that runs out means that nobody
knows whether the receiver got the message: the delivery is repeated with the same id, marked as ambiguous.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerter.bundling import bundle, digest, digest_incident
from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.keeping import insert
from services.alerter.records import Records, plain, resolve
from services.alerter.tables import ALERTS, DELIVERIES, INCIDENTS, NOTICES, THREADS
from shared.database import reading, writing
from shared.messages import Alert, Incident
from shared.notices import Notice

ERROR_LENGTH = 500
"""Characters kept of an error; a receiver's answer may be a whole page."""

_OPEN = ("pending", "sending")


@dataclass(frozen=True)
class Claimed:
    """A delivery that this loop alone may send until its lease runs out. ``channel`` is the kind of its channel."""

    sequence: int
    channel: str
    created_at: datetime
    delivery: Delivery | Telling


@dataclass(frozen=True)
class DeadDelivery:
    """A delivery that was given up, and why."""

    id: str
    subscription: str
    alert: str
    incident: str
    attempts: int
    created_at: datetime
    ended_at: datetime
    reason: str


class Outbox:
    """The deliveries of one database. Every method raises ``Retry`` when the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._records = Records(capacity=256)

    async def due(self, now: datetime) -> set[str]:
        """Return the subscriptions that have something to send."""
        async with reading(self._engine) as connection:
            found = await connection.scalars(select(DELIVERIES.c.subscription).where(_due(now)).distinct())
            return set(found)

    async def claim(self, subscription: str, *, now: datetime, lease: timedelta, limit: int) -> list[Claimed]:
        """Claim at most *limit* due deliveries of *subscription*, oldest first, each for the time of *lease*.

        The first unfinished delivery of an incident is the only one of that incident that can be claimed.
        """
        async with reading(self._engine) as connection:  # an idle loop must not take SQLite's write lock
            if (await connection.execute(_claimable(subscription, now, 1))).first() is None:
                return []
        async with writing(self._engine) as connection:
            wanted = _claimable(subscription, now, limit).with_for_update(skip_locked=True, of=DELIVERIES)
            rows = (await connection.execute(wanted)).all()
            return [await self._take(connection, row, now + lease) for row in rows]

    async def renew(self, claimed: Claimed, until: datetime) -> bool:
        """Keep the claim until *until*: the attempt is still under way. False: the claim was lost meanwhile."""
        async with writing(self._engine) as connection:
            renewed = await connection.execute(update(DELIVERIES).where(_held_by(claimed)).values(locked_until=until))
        return renewed.rowcount == 1

    async def sent(self, claimed: Claimed, receipt: Receipt, now: datetime) -> bool:
        """Record that the receiver took it, and its thread; False when the claim was lost meanwhile."""
        async with writing(self._engine) as connection:
            recorded = await _end(connection, claimed, state="sent", ended_at=now, last_error=None)
            if receipt.thread is not None and (about := _about(claimed.delivery)):
                await _keep_thread(connection, about, claimed.delivery.subscription, plain(receipt.thread))
        return recorded

    async def postpone(self, claimed: Claimed, until: datetime, reason: str, *, ambiguous: bool) -> bool:
        """Try again from *until* on; *ambiguous* when the receiver may have got it. False: the claim was lost."""
        async with writing(self._engine) as connection:
            return await _end(
                connection, claimed, state="pending", not_before=until, ambiguous=ambiguous, last_error=_short(reason)
            )

    async def bury(self, claimed: Claimed, reason: str, now: datetime) -> bool:
        """Give it up, for the operator to look at. False: the claim was lost meanwhile."""
        async with writing(self._engine) as connection:
            return await _end(connection, claimed, state="dead", ended_at=now, last_error=_short(reason))

    async def settle(self, subscriptions: Collection[str], now: datetime) -> int:
        """Hold what no configured subscription will send, free what one will; return how many are held."""
        table, configured = DELIVERIES, DELIVERIES.c.subscription.in_(sorted(subscriptions))
        lost = and_(table.c.state == "sending", table.c.locked_until <= now)
        orphaned = and_(~configured, or_(table.c.state == "pending", lost))
        async with writing(self._engine) as connection:
            await connection.execute(update(table).where(orphaned).values(state="held", locked_until=None))
            freed = and_(configured, table.c.state == "held")
            await connection.execute(update(table).where(freed).values(state="pending"))
            held = select(func.count()).select_from(table).where(table.c.state == "held")
            return await connection.scalar(held) or 0

    async def counts(self) -> dict[tuple[str, str], int]:
        """Return how many deliveries there are by subscription and state."""
        wanted = select(DELIVERIES.c.subscription, DELIVERIES.c.state, func.count().label("number"))
        async with reading(self._engine) as connection:
            rows = await connection.execute(wanted.group_by(DELIVERIES.c.subscription, DELIVERIES.c.state))
            return {(row.subscription, row.state): row.number for row in rows}

    async def dead(self, limit: int = 100) -> list[DeadDelivery]:
        """Return the *limit* deliveries given up last, latest first."""
        wanted = select(DELIVERIES).where(DELIVERIES.c.state == "dead").order_by(DELIVERIES.c.ended_at.desc())
        async with reading(self._engine) as connection:
            return [_buried(row) for row in await connection.execute(wanted.limit(limit))]

    async def revive(self, ids: Iterable[str], now: datetime) -> int:
        """Let dead deliveries be tried again from the start; return how many of *ids* were dead."""
        dead = and_(DELIVERIES.c.id.in_(sorted(ids)), DELIVERIES.c.state == "dead")
        fresh = {"state": "pending", "attempts": 0, "created_at": now, "not_before": now, "ended_at": None}
        async with writing(self._engine) as connection:
            return (await connection.execute(update(DELIVERIES).where(dead).values(fresh))).rowcount

    async def _take(self, connection: AsyncConnection, row: Row[*tuple[Any, ...]], until: datetime) -> Claimed:
        ambiguous = row.ambiguous or row.state == "sending"
        await connection.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.sequence == row.sequence)
            .values(state="sending", locked_until=until, attempts=row.attempts + 1, ambiguous=ambiguous)
        )
        delivery: Delivery | Telling
        if row.notice:
            delivery = await _telling(connection, row, ambiguous=ambiguous)
        else:
            delivery = await self._delivery(connection, row, ambiguous=ambiguous)
        return Claimed(row.sequence, row.channel, row.created_at, delivery)

    async def _delivery(self, connection: AsyncConnection, row: Row[*tuple[Any, ...]], *, ambiguous: bool) -> Delivery:
        alerts = await _alerts(connection, row.id)
        incident = await self._incident(connection, row.incident)
        alert = digest(alerts) if row.digest else bundle(alerts)
        return Delivery(
            id=row.id,
            subscription=row.subscription,
            alert=alert,
            incident=digest_incident(incident, alert) if row.digest else incident,
            thread=None if row.digest else await _thread(connection, incident.id, row.subscription),
            attempt=row.attempts + 1,
            ambiguous=ambiguous,
            digest=bool(row.digest),
        )

    async def _incident(self, connection: AsyncConnection, incident: str) -> Incident:
        """Return the incident as it stands, or the one it was merged into."""
        found = await resolve(connection, incident)
        revision = await connection.scalar(select(INCIDENTS.c.revision).where(INCIDENTS.c.id == found))
        return (await self._records.load(connection, {found: revision or 0}))[0]


def _due(now: datetime) -> ColumnElement[bool]:
    table = DELIVERIES
    waiting = and_(table.c.state == "pending", table.c.not_before <= now)
    lost = and_(table.c.state == "sending", table.c.locked_until <= now)
    return and_(table.c.state.in_(_OPEN), or_(waiting, lost))


def _claimable(subscription: str, now: datetime, limit: int) -> Any:
    earlier = DELIVERIES.alias("earlier")
    first = ~exists().where(
        earlier.c.incident == DELIVERIES.c.incident,
        earlier.c.subscription == DELIVERIES.c.subscription,
        earlier.c.state.in_(_OPEN),
        earlier.c.sequence < DELIVERIES.c.sequence,
    )
    mine = DELIVERIES.c.subscription == subscription
    return select(DELIVERIES).where(mine, _due(now), first).order_by(DELIVERIES.c.sequence).limit(limit)


async def _end(connection: AsyncConnection, claimed: Claimed, **values: Any) -> bool:
    """Write the end of one attempt, unless the lease ran out and another loop has claimed the delivery since."""
    ended = await connection.execute(update(DELIVERIES).where(_held_by(claimed)).values(locked_until=None, **values))
    return ended.rowcount == 1


def _held_by(claimed: Claimed) -> ColumnElement[bool]:
    return and_(
        DELIVERIES.c.sequence == claimed.sequence,
        DELIVERIES.c.state == "sending",
        DELIVERIES.c.attempts == claimed.delivery.attempt,
    )


async def _alerts(connection: AsyncConnection, delivery: str) -> list[Alert]:
    """Return the alerts that a delivery carries: its own, and those that were joined to it, in their order."""
    carried = or_(DELIVERIES.c.id == delivery, DELIVERIES.c.joined_to == delivery)
    wanted = select(ALERTS.c.document).join(DELIVERIES, DELIVERIES.c.alert == ALERTS.c.id).where(carried)
    documents = await connection.scalars(wanted.order_by(DELIVERIES.c.sequence))
    return [Alert.model_validate_json(document) for document in documents]


async def _thread(connection: AsyncConnection, incident: str, subscription: str) -> str | None:
    """Return the incident's thread, else that of one merged into it."""
    merged = select(INCIDENTS.c.id).where(INCIDENTS.c.merged_into == incident)
    mine = THREADS.c.incident == incident
    wanted = (
        select(THREADS.c.thread)
        .where(THREADS.c.subscription == subscription, or_(mine, THREADS.c.incident.in_(merged)))
        .order_by(mine.desc(), THREADS.c.incident)
        .limit(1)
    )
    return await connection.scalar(wanted)


async def _telling(connection: AsyncConnection, row: Row[*tuple[Any, ...]], *, ambiguous: bool) -> Telling:
    document = await connection.scalar(select(NOTICES.c.document).where(NOTICES.c.id == row.alert))
    return Telling(
        id=row.id,
        subscription=row.subscription,
        notice=Notice.model_validate_json(document or ""),
        thread=await _thread(connection, row.incident, row.subscription),
        attempt=row.attempts + 1,
        ambiguous=ambiguous,
    )


def _about(delivery: Delivery | Telling) -> str | None:
    """Return the incident or subject whose thread a delivery belongs to; None for a digest."""
    if isinstance(delivery, Telling):
        return delivery.notice.subject
    return None if delivery.digest else delivery.incident.id


async def _keep_thread(connection: AsyncConnection, about: str, subscription: str, thread: str) -> None:
    row = {"incident": about, "subscription": subscription, "thread": thread}
    upsert = insert(connection, THREADS).values(row)
    await connection.execute(
        upsert.on_conflict_do_update(index_elements=["incident", "subscription"], set_={"thread": thread})
    )


def _short(reason: str) -> str:
    return plain(reason)[:ERROR_LENGTH]


def _buried(row: Row[*tuple[Any, ...]]) -> DeadDelivery:
    return DeadDelivery(
        id=row.id,
        subscription=row.subscription,
        alert=row.alert,
        incident=row.incident,
        attempts=row.attempts,
        created_at=row.created_at,
        ended_at=row.ended_at,
        reason=row.last_error or "",
    )
