"""The delivery loop: claims due deliveries, sends them through their channels, records what became of them.

::

    wake-up or poll ─▶ claim (lease) ─▶ channel.send ─▶ sent, with its thread
                                           ├ Retry, no answer ─▶ pending again, later
                                           └ Reject, too often, too old ─▶ dead, for the operator
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from services.alerter.channels import Channel, Delivery, Receipt, Telling
from services.alerter.outbox import Claimed, Outbox
from services.alerter.patience import DeliveryRules, RetryDecision, after_failure
from shared.clock import Clock
from shared.errors import Reject, Retry
from shared.metrics import DELIVERIES

LOG = structlog.get_logger(__name__)

RECORDING_PAUSE = 0.5
"""Seconds between attempts to record what became of a delivery while the database is away."""


class DeliveryLoop:
    """Sends what is in the outbox, each subscription at its own pace: one that is slow or down delays no other.

    When a receiver says how long to wait, everything for its subscription waits.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        rules: DeliveryRules = DeliveryRules(),  # noqa: B008 - a frozen value
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._clock = clock
        self._rules = rules
        self._draw = draw
        self._quiet_until: dict[str, datetime] = {}
        self._bells = {subscription: asyncio.Event() for subscription in channels}
        self._stopping = False

    def wake(self, subscriptions: Iterable[str]) -> None:
        """Look at once at what was just queued for *subscriptions*, instead of at the next poll."""
        for subscription in subscriptions:
            if subscription in self._bells:
                self._bells[subscription].set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until *stop* is set, then finish what is under way; what takes too long is repeated at a restart."""
        await self._settle(stop)
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(self._serve(each), name=f"deliver {each}") for each in self._channels]
            poll = group.create_task(self._poll(), name="poll the outbox")
            await stop.wait()
            self._stopping = True
            poll.cancel()
            self.wake(self._bells)
            if loops:
                _, late = await asyncio.wait(loops, timeout=self._rules.drain.total_seconds())
                for task in late:
                    LOG.warning("delivery cut off by the stop", task=task.get_name())
                    task.cancel()

    async def _settle(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                held = await self._outbox.settle(self._channels.keys(), self._clock.now())
            except Retry as error:
                LOG.warning("outbox unreachable", reason=error.reason)
                await _sleep(self._rules.poll.total_seconds(), stop)
            else:
                if held:
                    LOG.warning("deliveries held: nobody configures their subscription", number=held)
                return

    async def _poll(self) -> None:
        """Ring for whatever became due: retries, expired leases, and deliveries other processes queued."""
        while True:
            try:
                self.wake(await self._outbox.due(self._clock.now()))
            except Retry as error:
                LOG.warning("outbox unreachable", reason=error.reason)
            await asyncio.sleep(self._rules.poll.total_seconds())

    async def _serve(self, subscription: str) -> None:
        bell = self._bells[subscription]
        sending: set[asyncio.Task[None]] = set()

        def finished(task: asyncio.Task[None]) -> None:
            sending.discard(task)
            bell.set()

        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                bell.clear()  # before looking, so that a ring meanwhile is not lost
                claimed = await self._claim(subscription, self._rules.width - len(sending))
                for each in claimed:
                    task = group.create_task(self._hold_and_attempt(each))
                    sending.add(task)
                    task.add_done_callback(finished)
                if not claimed and not self._stopping:
                    await bell.wait()

    async def _claim(self, subscription: str, limit: int) -> list[Claimed]:
        now = self._clock.now()
        if limit < 1 or now < self._quiet_until.get(subscription, now):
            return []
        try:
            return await self._outbox.claim(subscription, now=now, lease=self._rules.lease, limit=limit)
        except Retry as error:
            LOG.warning("outbox unreachable", reason=error.reason, subscription=subscription)
            return []  # the poll rings again

    async def _hold_and_attempt(self, claimed: Claimed) -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hold(claimed, over), name=f"hold {claimed.delivery.id}")
            try:
                await self._attempt(claimed)
            finally:
                over.set()

    async def _hold(self, claimed: Claimed, over: asyncio.Event) -> None:
        """Renew the lease until the attempt is *over*, so that only a crash lets it run out."""
        while not await _sleep(self._rules.lease.total_seconds() / 3, over):
            try:
                if not await self._outbox.renew(claimed, self._clock.now() + self._rules.lease):
                    return
            except Retry as error:
                LOG.warning("delivery's lease not renewed", reason=error.reason, **_identity(claimed))

    async def _attempt(self, claimed: Claimed) -> None:
        delivery = claimed.delivery
        if delivery.attempt > self._rules.attempts:  # it took the process down again and again
            await self._fail(claimed, Retry("every attempt ended without an answer"), ambiguous=True)
            return
        try:
            async with asyncio.timeout(self._rules.timeout.total_seconds()):
                receipt = await _hand_over(self._channels[delivery.subscription], delivery)
        except (Retry, Reject) as error:
            await self._fail(claimed, error, ambiguous=delivery.ambiguous)
        except TimeoutError:
            await self._fail(claimed, Retry("no answer in time"), ambiguous=True)
        else:
            await self._succeed(claimed, receipt)

    async def _succeed(self, claimed: Claimed, receipt: Receipt) -> None:
        if await self._record(claimed, lambda: self._outbox.sent(claimed, receipt, self._clock.now())):
            self._count(claimed, "sent")
            told = isinstance(claimed.delivery, Telling)
            LOG.info("notice delivered" if told else "alert delivered", **_identity(claimed))

    async def _fail(self, claimed: Claimed, error: Retry | Reject, *, ambiguous: bool) -> None:
        now = self._clock.now()
        if isinstance(error, Retry) and error.after:  # meant for all that the receiver gets: its pace, its trouble
            quiet = min(timedelta(seconds=error.after), self._rules.longest)
            self._quiet_until[claimed.delivery.subscription] = now + quiet
        decision = after_failure(
            error,
            attempt=claimed.delivery.attempt,
            created_at=claimed.created_at,
            now=now,
            rules=self._rules,
            draw=self._draw(),
        )
        if await self._record(claimed, lambda: self._carry_out(claimed, decision, ambiguous=ambiguous)):
            self._tell(claimed, decision)

    async def _carry_out(self, claimed: Claimed, decision: RetryDecision, *, ambiguous: bool) -> bool:
        if decision.not_before is None:
            return await self._outbox.bury(claimed, decision.reason, self._clock.now())
        return await self._outbox.postpone(claimed, decision.not_before, decision.reason, ambiguous=ambiguous)

    def _tell(self, claimed: Claimed, decision: RetryDecision) -> None:
        if decision.not_before is None:
            self._count(claimed, "dead")
            LOG.error("delivery given up", reason=decision.reason, **_identity(claimed))
        else:
            self._count(claimed, "postponed")
            until = decision.not_before.isoformat()
            LOG.warning("delivery postponed", reason=decision.reason, until=until, **_identity(claimed))

    async def _record(self, claimed: Claimed, record: Callable[[], Awaitable[bool]]) -> bool:
        """Record the end of an attempt, however long the database is away: forgetting it would repeat the message."""
        while True:
            try:
                recorded = await record()
            except Retry as error:
                LOG.warning("delivery not recorded yet", reason=error.reason, **_identity(claimed))
                await asyncio.sleep(RECORDING_PAUSE)
                continue
            if not recorded:
                LOG.warning("delivery was claimed by another loop meanwhile", **_identity(claimed))
            return recorded

    def _count(self, claimed: Claimed, status: str) -> None:
        DELIVERIES.labels(channel=claimed.channel, status=status).inc()


def _identity(claimed: Claimed) -> dict[str, object]:
    delivery = claimed.delivery
    if isinstance(delivery, Telling):
        about = {"notice": delivery.notice.id, "subject": delivery.notice.subject}
    else:
        about = {"alert": delivery.alert.id, "incident": delivery.incident.id}
    return {"delivery": delivery.id, "subscription": delivery.subscription, "attempt": delivery.attempt, **about}


async def _hand_over(channel: Channel, delivery: Delivery | Telling) -> Receipt:
    return await (channel.tell(delivery) if isinstance(delivery, Telling) else channel.send(delivery))


async def _sleep(seconds: float, stop: asyncio.Event) -> bool:
    """Wait *seconds*, or until *stop* is set; say whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
