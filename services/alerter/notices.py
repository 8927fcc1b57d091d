"""Notices to the operator: kept once, and put into the same outbox as alerts. Canaries end here.

::

    topic notices ─▶ kept once ─▶ outbox ─▶ channels of subscriptions that name its kind
    canary ─▶ ledger ─▶ policy ─▶ outbox ─▶ a channel that nobody reads: it stops the time
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerter import ledger, policy
from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.deliver import DeliveryLoop
from services.alerter.keeping import insert
from services.alerter.policy import PolicySettings
from services.alerter.queueing import Address
from services.alerter.subscriptions import Subscription, is_told
from services.alerter.tables import DELIVERIES, NOTICES
from services.alerter.track import Decide
from shared.canary import record_arrived
from shared.clock import Clock
from shared.database import writing
from shared.messages import TaggedItem, stable_id
from shared.metrics import CANARY_SECONDS
from shared.notices import Notice
from shared.stage import Output

LOG = structlog.get_logger(__name__)

SINK = Address(":canary", "canary")
"""Where canaries end. No subscription's name begins with a colon."""
KEPT = timedelta(days=1)
"""How long an arrived canary stays among the deliveries."""


class Notices:
    """Keeps notices and queues their deliveries. Raises Retry while the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, notice: Notice, addresses: Iterable[Address], now: datetime) -> frozenset[str]:
        """Keep *notice* and queue it, in one transaction; return who is told. One that is known queues nothing."""
        async with writing(self._engine) as connection:
            row = {"id": notice.id, "subject": notice.subject, "at": notice.at, "document": notice.model_dump_json()}
            kept = await connection.execute(insert(connection, NOTICES).values(row).on_conflict_do_nothing())
            if kept.rowcount != 1:
                return frozenset()
            told = tuple(addresses)
            for address in told:
                await connection.execute(insert(connection, DELIVERIES).values(_delivery(notice, address, now)))
        return frozenset(address.subscription for address in told)

    async def forget_canaries(self, before: datetime) -> None:
        """Drop the deliveries and notices of canaries that arrived before *before*."""
        async with writing(self._engine) as connection:
            old = (DELIVERIES.c.subscription == SINK.subscription) & (DELIVERIES.c.created_at < before)
            await connection.execute(delete(DELIVERIES).where(old))
            ended = (NOTICES.c.subject == SINK.subscription) & (NOTICES.c.at < before)
            await connection.execute(delete(NOTICES).where(ended))


class NoticeHandler:
    """What the alerter does with notices, and with canaries where a claim would be tracked."""

    def __init__(
        self, notices: Notices, subscriptions: Sequence[Subscription], clock: Clock, deliveries: DeliveryLoop
    ) -> None:
        self._notices = notices
        self._subscriptions = subscriptions
        self._clock = clock
        self._deliveries = deliveries

    async def handle(self, notice: Notice, _record: Any) -> Sequence[Output]:
        """Keep *notice* and wake its deliveries; raises as :class:`Notices`."""
        addresses = [Address(each.name, each.channel) for each in self._subscriptions if is_told(each, notice)]
        self._deliveries.wake(await self._notices.keep(notice, addresses, self._clock.now()))
        return []

    async def pass_on(self, tagged: TaggedItem, decide: Decide, settings: PolicySettings) -> None:
        """Decide about a canary as about any item, and deliver its alert to the sink; raises as :class:`Notices`.

        It meets no incident and leaves none. One that no alert would be raised for goes no further, and is missed.
        """
        now = self._clock.now()
        decision = decide(tagged, [], now) if ledger.query(tagged) else None
        alerts = policy.decide_alerts(decision, tagged, now, settings) if decision else []
        if not any(alert.kind == "new" and not alert.suppressed for alert in alerts):
            LOG.warning("canary raised no alert", item=tagged.item.item, claims=len(tagged.claims))
            return
        notice = Notice(
            id=stable_id("notice", "arrival", tagged.item.id),
            kind="canary",
            state="over",
            subject=SINK.subscription,
            headline=alerts[0].headline,
            summary=tagged.item.id,
            since=tagged.item.seen_at,
            at=now,
        )
        self._deliveries.wake(await self._notices.keep(notice, [SINK], now))
        await self._notices.forget_canaries(now - KEPT)


class CanarySink:
    """The channel at the end of a canary's way: it stops the time, and tells nobody."""

    def __init__(self, engine: AsyncEngine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    async def send(self, delivery: Delivery) -> Receipt:
        """Never called: alerts are not addressed to the sink."""
        raise AssertionError(f"alert {delivery.alert.id} was addressed to the canary's sink")

    async def tell(self, telling: Telling) -> Receipt:
        """Record the arrival.

        Raises:
            Retry: the database cannot be reached.

        """
        now = self._now()
        if await record_arrived(self._engine, telling.notice.summary, now):
            CANARY_SECONDS.observe((now - telling.notice.since).total_seconds())
        return Receipt()

    async def close(self) -> None:
        """Leave nothing to do."""


def _delivery(notice: Notice, address: Address, now: datetime) -> dict[str, Any]:
    return {
        "id": stable_id(notice.id, address.subscription),
        "alert": notice.id,
        "incident": notice.subject,
        "subscription": address.subscription,
        "channel": address.channel,
        "state": "pending",
        "attempts": 0,
        "ambiguous": False,
        "created_at": now,
        "not_before": now,
        "notice": True,
    }
