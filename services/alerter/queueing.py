"""Puts alerts into the outbox: each for everyone it is addressed to, alone or as a part of another message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.bundling import BundlingSettings, Join, Queue, place
from services.alerter.keeping import insert
from services.alerter.tables import DELIVERIES
from shared.messages import Alert, stable_id


@dataclass(frozen=True)
class Address:
    """Where an alert goes: a subscription's name and the kind of its channel."""

    subscription: str
    channel: str


@dataclass(frozen=True)
class Routed:
    """An alert and everyone it is for. A suppressed alert is kept and delivered to nobody."""

    alert: Alert
    addresses: tuple[Address, ...] = ()

    @property
    def reached(self) -> tuple[Address, ...]:
        """Who is really told."""
        return () if self.alert.suppressed else self.addresses


async def queue(
    connection: AsyncConnection, routed: Iterable[Routed], now: datetime, bundling: BundlingSettings | None
) -> None:
    """Queue every alert for everyone it reaches, in order."""
    for each in routed:
        for address in each.reached:
            known = await _look(connection, each.alert, address, now, bundling) if bundling else Queue()
            step = place(known, now, bundling)
            joined = isinstance(step, Join)
            row = {
                "id": stable_id(each.alert.id, address.subscription),
                "alert": each.alert.id,
                "incident": each.alert.incident,
                "subscription": address.subscription,
                "channel": address.channel,
                "state": "joined" if joined else "pending",
                "attempts": 0,
                "ambiguous": False,
                "created_at": now,
                "not_before": now if isinstance(step, Join) else step.not_before,
                "joined_to": step.delivery if isinstance(step, Join) else None,
                "digest": None if isinstance(step, Join) else step.digest,
            }
            await connection.execute(insert(connection, DELIVERIES).values(row))


async def _look(
    connection: AsyncConnection, alert: Alert, address: Address, now: datetime, bundling: BundlingSettings
) -> Queue:
    """Look at what is queued for one subscription; what is joined is locked, so that nobody begins to send it."""
    table = DELIVERIES
    mine = (table.c.subscription == address.subscription, table.c.joined_to.is_(None))
    here = (*mine, table.c.incident == alert.incident)
    untouched = (table.c.state == "pending", table.c.attempts == 0)
    soon = now - timedelta(seconds=bundling.window)
    lead = select(table.c.id).where(*here, *untouched, table.c.created_at > soon).order_by(table.c.sequence.desc())
    gathering = select(table.c.id).where(*mine, *untouched, table.c.digest, table.c.not_before > now)
    since = now - timedelta(seconds=bundling.storm_span)
    recent = select(func.count()).select_from(table).where(*mine, table.c.created_at > since)
    return Queue(
        lead=await connection.scalar(_locked(lead)),
        last=await connection.scalar(select(func.max(table.c.created_at)).where(*here)),
        digest=await connection.scalar(_locked(gathering)),
        recent=await connection.scalar(recent) or 0,
    )


def _locked(wanted: Select[str]) -> Select[str]:
    return wanted.limit(1).with_for_update(skip_locked=True)
