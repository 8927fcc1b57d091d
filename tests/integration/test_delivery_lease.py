"""A delivery under way is nobody else's, however long it takes; one whose process died is repeated soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from services.alerter.deliver import DeliveryLoop
from services.alerter.outbox import Outbox
from services.alerter.patience import DeliveryRules
from services.alerter.store import Address, Store
from services.alerter.track import track
from shared.clock import SystemClock
from shared.database import create_engine
from shared.migrations import upgrade
from tests.support.receiving import Receiver
from tests.support.telling import NOON, tell

RULES = DeliveryRules(lease=timedelta(seconds=0.6), poll=timedelta(milliseconds=20))


@asynccontextmanager
async def outbox(folder: Path) -> AsyncIterator[Outbox]:
    """Give an outbox with one delivery in it."""
    url = f"sqlite:///{folder / 'claimwatch.db'}"
    await upgrade(url)
    engine = create_engine(url)
    try:
        await track(tell("a"), Store(engine), NOON, route=lambda _alert, _incident: [Address("desk", "test")])
        yield Outbox(engine)
    finally:
        await engine.dispose()


async def _deliver(box: Outbox, receiver: Receiver, stop: asyncio.Event) -> None:
    await DeliveryLoop(box, {"desk": receiver}, SystemClock(), rules=RULES).run(stop)


async def test_a_slow_answer_does_not_lose_its_claim_to_another_loop(tmp_path: Path) -> None:
    slow, other, stop = Receiver(), Receiver(), asyncio.Event()
    answer = slow.hang_next()
    async with outbox(tmp_path) as box, asyncio.TaskGroup() as group:
        group.create_task(_deliver(box, slow, stop))
        await slow.wait_for(seen=1)
        group.create_task(_deliver(box, other, stop))
        await asyncio.sleep(4 * RULES.lease.total_seconds())
        answer.set()
        await slow.wait_for(1)
        stop.set()
    assert other.seen == []


async def test_a_claim_whose_process_died_is_taken_over(tmp_path: Path) -> None:
    desk, stop = Receiver(), asyncio.Event()
    async with outbox(tmp_path) as box, asyncio.TaskGroup() as group:
        assert await box.claim("desk", now=SystemClock().now(), lease=RULES.lease, limit=1)
        group.create_task(_deliver(box, desk, stop))
        await desk.wait_for(1)
        stop.set()
    assert desk.taken[0].ambiguous
