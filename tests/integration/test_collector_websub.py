"""Feeds pushed by a real hub over HTTP, through the whole collector."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from services.collector.app import run
from services.collector.websub import pushing
from services.collector.websub.hub import HubClient
from services.collector.websub.store import Subscriptions
from services.collector.websub.subscription import Subscription
from shared.errors import ConfigurationError, Reject, Retry
from tests.support.collecting import CollectorWorld, feed_source, item, rss, world
from tests.support.http_receiver import HttpReceiver, Reply
from tests.support.hub import Hub, Subscriber
from tests.support.web_server import Page, WebServer

__all__ = ["world"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub() as opened:
        yield opened


def page(hub: Hub, *titles: str) -> Page:
    body = rss(*(item(title, title) for title in titles))
    return Page(body.encode(), headers={"Link": f'<{hub.url}>; rel="hub", <https://e.org/feed>; rel="self"'})


@asynccontextmanager
async def collecting(world: CollectorWorld, web: WebServer, interval: float = 3_600) -> AsyncIterator[None]:
    """Collect with an interval that only a push can shorten."""
    port = free_port()
    world.sources[:] = [feed_source(web.url("/feed"), interval=interval)]
    world.options |= {"spread": 0, "websub": {"callback": f"http://127.0.0.1:{port}/websub/", "port": port}}
    running = asyncio.create_task(run(world.runtime, world.settings))
    try:
        async with asyncio.timeout(90):
            yield
    finally:
        world.runtime.stop.set()
        await running


async def subscribed(hub: Hub) -> Subscriber:
    await hub.until_asked(1)
    return hub.subscribers[0]


async def test_a_feed_that_names_a_hub_is_subscribed_to_and_a_push_wakes_it(
    web: WebServer, hub: Hub, world: CollectorWorld
) -> None:
    web.serve("/feed", page(hub, "One"), page(hub, "One", "4 killed"))
    async with collecting(world, web):
        subscriber = await subscribed(hub)
        assert subscriber.verified
        assert subscriber.topic == "https://e.org/feed"
        assert len(web.requests_to("/feed")) == 1
        assert await hub.push(subscriber, b"<rss/>") == 202
        await world.wait_for(2)
    assert {one.title for one in await world.published()} == {"One", "4 killed"}
    assert hub.requests[0]["hub.mode"] == "subscribe"


async def test_polling_goes_on_but_more_rarely_while_pushes_come(
    web: WebServer, hub: Hub, world: CollectorWorld
) -> None:
    web.serve("/feed", page(hub, "One"), page(hub, "One", "Two"))
    async with collecting(world, web, interval=300):
        subscriber = await subscribed(hub)
        await hub.push(subscriber, b"", method="sha1")
        await world.wait_for(2)
    due = (await world.health())["feed"].next_due_at
    assert due
    assert timedelta(seconds=800) < due - world.clock.now() < timedelta(seconds=1_000)


async def test_a_push_that_is_not_the_hubs_wakes_nothing(web: WebServer, hub: Hub, world: CollectorWorld) -> None:
    web.serve("/feed", page(hub, "One"))
    async with collecting(world, web), httpx.AsyncClient() as anyone:
        subscriber = await subscribed(hub)
        assert await hub.push(subscriber, b"<rss/>", secret="guess") == 202
        assert (await anyone.post(subscriber.callback, content=b"<rss/>")).status_code == 202
        assert (await anyone.post(subscriber.callback + "x", content=b"<rss/>")).status_code == 410
        assert (await anyone.post(subscriber.callback, content=b"a" * 10_485_761)).status_code == 413
        assert (await anyone.put(subscriber.callback)).status_code == 405
        await asyncio.sleep(0.3)
        assert len(web.requests_to("/feed")) == 1


async def test_only_what_was_asked_for_is_verified(web: WebServer, hub: Hub, world: CollectorWorld) -> None:
    web.serve("/feed", page(hub, "One"))
    async with collecting(world, web):
        subscriber = await subscribed(hub)
        topic = subscriber.topic
        assert (await hub.verify(subscriber.callback, topic)).status_code == 200
        assert (await hub.verify(subscriber.callback, "https://e.org/other")).status_code == 404
        assert (await hub.verify(subscriber.callback + "x", topic)).status_code == 404
        for wrong in ({"hub.mode": "unsubscribe"}, {"hub.challenge": ""}, {"hub.challenge": "a" * 3_000}):
            assert (await hub.verify(subscriber.callback, topic, **wrong)).status_code == 404
        world.clock.advance(timedelta(hours=2))
        assert (await hub.verify(subscriber.callback, topic)).status_code == 404


async def test_a_lease_is_renewed_after_a_restart_too(web: WebServer, hub: Hub, world: CollectorWorld) -> None:
    hub.lease = 1_000
    web.serve("/feed", page(hub, "One"))
    async with collecting(world, web):
        await subscribed(hub)
    world.runtime.stop.clear()
    world.clock.advance(timedelta(seconds=900))
    async with collecting(world, web):
        await hub.until_asked(2)
    assert len({one["hub.secret"] for one in hub.requests}) == 1
    assert all(one.verified for one in hub.subscribers)


async def test_a_hub_that_refuses_is_left_alone_for_a_day(web: WebServer, hub: Hub, world: CollectorWorld) -> None:
    hub.status = 403
    web.serve("/feed", page(hub, "One"))
    async with collecting(world, web):
        await hub.until_asked(1)
        for _ in range(500):
            refused = (await Subscriptions(world.runtime.engine).every())["feed"]
            if refused.state == "denied":
                break
            await asyncio.sleep(0.02)
    assert refused.next_at == world.clock.now() + timedelta(days=1)
    assert len(await world.published()) == 1


async def test_a_hub_in_the_own_network_is_not_asked_for_a_public_feed(hub: Hub) -> None:
    async with HubClient(allow_private=False) as client:
        with pytest.raises(Retry, match="AddressRefused"):
            await client.subscribe(Subscription("feed", hub.url, "https://e.org/", "t", "s"), "https://us.org/t")
    assert hub.requests == []


async def test_a_secret_is_not_sent_where_it_can_be_overheard(hub: Hub) -> None:
    plain = hub.url.replace("127.0.0.1", "0.0.0.0")  # leads here too, but is no loopback address
    async with HubClient(allow_private=True) as client, HttpReceiver() as leading_away:
        await client.subscribe(Subscription("feed", plain, "https://e.org/", "t", "s"), "https://us.org/t")
        assert [one.get("hub.secret") for one in hub.requests] == [None]
        leading_away.always = Reply(307, {"Location": plain})
        with pytest.raises(Reject, match="without TLS"):
            await client.subscribe(
                Subscription("feed", leading_away.url, "https://e.org/", "t", "s"), "https://us.org/t"
            )
        assert len(hub.requests) == 1


async def test_a_port_that_is_taken_is_told(world: CollectorWorld) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        world.options["websub"] = {"callback": "https://us.org/websub", "port": port}
        with pytest.raises(ConfigurationError, match=r"collector\.websub\.port"):
            async with pushing.pushed(world.settings.websub, world.runtime, []):
                pass
