"""``claimwatch deliveries`` on a database in which a receiver has refused an alert."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from services.alerter.deliver import DeliveryLoop
from services.alerter.outbox import Outbox
from services.alerter.store import Address, Store
from services.alerter.track import track
from shared.clock import SystemClock
from shared.database import create_engine
from shared.errors import Reject
from shared.migrations import upgrade
from tests.support.command import claimwatch
from tests.support.receiving import Receiver
from tests.support.telling import NOON, tell


async def refuse_one(directory: Path) -> None:
    """Leave a database behind in which the receiver ``desk`` has refused one alert."""
    url = f"sqlite:///{directory / 'claimwatch.db'}"
    await upgrade(url)
    engine = create_engine(url)
    await track(tell("a"), Store(engine), NOON, route=lambda _alert, _incident: [Address("desk", "test")])
    desk = Receiver()
    desk.raise_next(Reject("the mailbox is gone"))
    outbox, stop = Outbox(engine), asyncio.Event()
    running = asyncio.create_task(DeliveryLoop(outbox, {"desk": desk}, SystemClock()).run(stop))
    async with asyncio.timeout(20):
        await desk.wait_for(seen=1)
        while ("desk", "dead") not in await outbox.counts():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
    stop.set()
    await running
    await engine.dispose()


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    asyncio.run(refuse_one(tmp_path))
    return tmp_path


def test_what_was_given_up_is_listed_with_its_reason(refused: Path) -> None:
    row = json.loads(claimwatch("deliveries", "dead", "--json", directory=refused).stdout)
    assert (row["subscription"], row["attempts"]) == ("desk", 1)
    assert "the mailbox is gone" in row["reason"]
    assert claimwatch("deliveries", "counts", directory=refused).stdout == "desk\tdead\t1\n"


def test_a_dead_delivery_is_tried_again_on_demand(refused: Path) -> None:
    row = json.loads(claimwatch("deliveries", "dead", "--json", directory=refused).stdout)
    done = claimwatch("deliveries", "retry", row["id"][:8], directory=refused)
    assert (done.returncode, done.stdout) == (0, "1 to be tried again\n")
    assert claimwatch("deliveries", "counts", directory=refused).stdout == "desk\tpending\t1\n"


def test_an_unknown_delivery_is_an_error_that_says_where_to_look(refused: Path) -> None:
    done = claimwatch("deliveries", "retry", "zzzz", directory=refused)
    assert done.returncode == 1
    assert "0 dead deliveries begin with zzzz; see: claimwatch deliveries dead" in done.stderr


def test_one_or_all_must_be_said(tmp_path: Path) -> None:
    done = claimwatch("deliveries", "retry", directory=tmp_path)
    assert done.returncode == 1
    assert "name one delivery, or say --all" in done.stderr
