"""The database goes away in the middle, and comes back: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.alerter.deliver import DeliveryLoop
from services.alerter.outbox import Outbox
from services.alerter.patience import DeliveryRules
from services.alerter.store import Address, Store
from services.alerter.track import track
from shared.clock import SystemClock
from shared.database import create_engine
from shared.errors import Retry
from shared.messages import Alert, Incident
from shared.migrations import upgrade
from tests.support.postgres_server import PostgresServer
from tests.support.receiving import Receiver
from tests.support.telling import NOON, tell

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("postgres")]

RULES = DeliveryRules(poll=timedelta(milliseconds=50), age=timedelta(days=36500))


def to_the_desk(_alert: Alert, _incident: Incident) -> list[Address]:
    return [Address("desk", "test")]


async def test_an_answer_that_came_while_the_database_was_away_is_recorded_when_it_is_back() -> None:
    with PostgresServer.ready() as server:
        url = await server.create_database()
        await upgrade(url)
        engine, desk = create_engine(url, patience=5), Receiver()
        store, outbox = Store(engine), Outbox(engine)
        await track(tell("a"), store, NOON, route=to_the_desk)

        away = asyncio.Event()

        async def go_away() -> None:
            await asyncio.to_thread(server.stop)
            away.set()

        desk.do_next(go_away)
        stop = asyncio.Event()
        running = asyncio.create_task(DeliveryLoop(outbox, {"desk": desk}, SystemClock(), rules=RULES).run(stop))
        await away.wait()
        with pytest.raises(Retry):
            await track(tell("b", min=4, max=4), store, NOON, route=to_the_desk)
        await asyncio.to_thread(server.start)
        again = await track(tell("b", min=4, max=4), store, NOON, route=to_the_desk)
        assert not again.repeated
        await desk.wait_for(2)
        stop.set()
        await running
        assert [delivery.alert.item for delivery in desk.taken] == ["a", "b"]
        assert desk.taken[1].thread is not None
        assert await outbox.counts() == {("desk", "sent"): 2}
        await engine.dispose()
