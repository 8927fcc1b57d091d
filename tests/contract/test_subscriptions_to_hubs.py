"""Subscriptions to hubs, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx

from services.collector.websub.listener import application
from services.collector.websub.store import Subscriptions
from services.collector.websub.subscription import Subscription, asking, verified
from shared.clock import FixedClock
from tests.support.databases import Database, database

__all__ = ["database"]

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
NEW = Subscription("feed", "https://hub.org/", "https://e.org/é", "t" * 43, "s" * 43)


async def test_a_subscription_comes_back_as_it_was_kept(database: Database) -> None:
    subscriptions = Subscriptions(database.connect())
    active = verified(asking(NEW, NOW), 1_000, NOW)
    await subscriptions.begin(replace(NEW, hub="https://old.org/", token="old"))
    await subscriptions.begin(active)
    await subscriptions.pushed(active.token, NOW)
    again = Subscriptions(database.connect())
    assert await again.by_token(active.token) == replace(active, pushed_at=NOW)
    assert await again.by_token("old") is None
    assert set(await again.every()) == {"feed"}


async def test_of_two_that_ask_one_does(database: Database) -> None:
    subscriptions = Subscriptions(database.connect())
    await subscriptions.begin(NEW)
    assert await subscriptions.change(NEW, asking(NEW, NOW))
    assert not await subscriptions.change(NEW, asking(NEW, NOW + timedelta(seconds=1)))


async def test_a_subscription_begun_anew_is_not_overwritten_by_what_comes_of_the_old(database: Database) -> None:
    subscriptions = Subscriptions(database.connect())
    await subscriptions.begin(NEW)
    await subscriptions.begin(replace(NEW, token="other"))
    assert not await subscriptions.change(NEW, verified(NEW, None, NOW))
    assert (await subscriptions.every())["feed"].state == "new"


async def test_a_hub_that_was_told_no_secret_can_wake_its_feed_and_another_must_sign(database: Database) -> None:
    woken: list[str] = []

    async def pushed(subscription: Subscription) -> None:
        woken.append(subscription.source)

    subscriptions = Subscriptions(database.connect())
    await subscriptions.begin(NEW)
    await subscriptions.begin(replace(NEW, source="plain", hub="http://hub.org/", token="p" * 43))
    callbacks = application(subscriptions, FixedClock(NOW), pushed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(callbacks), base_url="http://us.org") as hub:
        for token in (NEW.token, "p" * 43):
            assert (await hub.post(f"/websub/{token}", content=b"<rss/>")).status_code == 202
    assert woken == ["plain"]


async def test_strangers_may_say_what_they_like(database: Database) -> None:
    pushes: list[Subscription] = []

    async def pushed(subscription: Subscription) -> None:
        pushes.append(subscription)

    callbacks = application(Subscriptions(database.connect()), FixedClock(NOW), pushed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(callbacks), base_url="http://us.org") as anyone:
        for token in ("%00", "%ED%A0%80", "a" * 43, "a" * 5_000):
            assert (await anyone.get(f"/websub/{token}")).status_code == 404
            assert (await anyone.post(f"/websub/{token}")).status_code == 410
    assert pushes == []
