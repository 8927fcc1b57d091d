"""On every database, several alerts share a message when they come close together, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.alerter.bundling import BundlingSettings
from services.alerter.channels import Receipt
from services.alerter.outbox import Claimed, Outbox
from services.alerter.store import Address, Store
from services.alerter.track import track
from shared.messages import Alert, Incident
from tests.support.databases import Database, database
from tests.support.telling import NOON, tell

__all__ = ["database"]

LEASE = timedelta(minutes=1)


def desk(_alert: Alert, _incident: Incident) -> Sequence[Address]:
    return [Address("desk", "test")]


async def say(database: Database, seconds: int, settings: BundlingSettings, item: str, **fields: object) -> None:
    tagged = tell(item, **fields)  # type: ignore[arg-type]
    await track(tagged, Store(database.connect()), NOON + timedelta(seconds=seconds), route=desk, bundling=settings)


async def claim(database: Database, seconds: int) -> list[Claimed]:
    return await Outbox(database.connect()).claim("desk", now=NOON + timedelta(seconds=seconds), lease=LEASE, limit=99)


async def test_the_first_alert_goes_at_once_and_what_follows_is_one_message(database: Database) -> None:
    settings = BundlingSettings(window=20, storm_limit=0)
    await say(database, 0, settings, "a")
    (first,) = await claim(database, 0)
    outbox = Outbox(database.connect())
    await outbox.sent(first, Receipt("thread"), NOON)
    await say(database, 5, settings, "b", min=4, max=4)
    await say(database, 9, settings, "c", min=7, max=7)
    assert await claim(database, 19) == []
    (second,) = await claim(database, 20)
    assert first.delivery.alert.kind == "new"
    assert second.delivery.thread == "thread"
    assert {s.item for s in second.delivery.alert.statements} == {"b", "c"}
    await outbox.sent(second, Receipt(), NOON)
    assert await outbox.counts() == {("desk", "sent"): 2, ("desk", "joined"): 1}
    await say(database, 60, settings, "d", min=9, max=9)
    assert len(await claim(database, 60)) == 1


async def test_what_is_being_sent_is_not_added_to(database: Database) -> None:
    settings = BundlingSettings(window=20, storm_limit=0)
    await say(database, 0, settings, "a")
    (first,) = await claim(database, 0)
    await say(database, 1, settings, "b", min=4, max=4)
    assert {s.item for s in first.delivery.alert.statements} == {"a"}
    assert await Outbox(database.connect()).counts() == {("desk", "sending"): 1, ("desk", "pending"): 1}


async def test_a_storm_is_summed_up(database: Database) -> None:
    settings = BundlingSettings(window=0, storm_limit=2, storm_span=600)
    forces, places = ("RU", "TR", "US", "IL", "GB", "FR"), ("Homs", "Idlib", "Hama", "Daraa", "Raqqa", "Aleppo")
    for number, (force, place) in enumerate(zip(forces, places, strict=True)):
        await say(database, number, settings, f"item {number}", force=force, place=place, governorate=place)
    alone = await claim(database, 10)
    assert len(alone) == 2
    for one in alone:
        await Outbox(database.connect()).sent(one, Receipt(), NOON)
    (summed,) = await claim(database, 602)
    assert summed.delivery.digest
    assert summed.delivery.alert.headline == "Many alerts at once: 4 on 4 incidents"
    assert {s.item for s in summed.delivery.alert.statements} == {f"item {number}" for number in range(2, 6)}
    await Outbox(database.connect()).sent(summed, Receipt("no incident's thread"), NOON)
    await say(database, 2000, settings, "later", min=4, max=4, force="US", place="Hama", governorate="Hama")
    (after,) = await claim(database, 2000)
    assert (after.delivery.digest, after.delivery.thread) == (False, None)
