"""Real servers that fall ill, the collector that reads them, and what the operator is told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.collector.settings import CanarySettings, HealthSettings
from services.collector.watchman import Watchman
from shared import codec
from shared.errors import Retry
from shared.notices import Notice
from shared.topics import NOTICES
from tests.support.collecting import NOW, CollectorWorld, feed_source, item, rss, world
from tests.support.web_server import Page, WebServer

__all__ = ["world"]

HOUR = timedelta(hours=1)


def watchman(world: CollectorWorld, canary: CanarySettings | None = None) -> Watchman:
    """Return a watchman who begins anew, as after a restart."""
    runtime = world.runtime
    return Watchman(
        runtime.log,
        runtime.engine,
        world.clock,
        world.sources,
        health=HealthSettings(),
        canary=canary or CanarySettings(),
    )


async def told(world: CollectorWorld) -> list[Notice]:
    found: list[Notice] = []
    async with world.runtime.log.subscribe(NOTICES.name, f"reader-{id(found)}") as subscription:
        records = aiter(subscription)
        while sum(lag.records for lag in await subscription.lag()):
            record = await anext(records)
            found.append(codec.decode(Notice, record.value, record.headers))
            await subscription.commit(record)
    return sorted(found, key=lambda one: (one.at, one.subject))


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def served(web: WebServer, path: str, page: Page) -> str:
    web.serve(path, page)
    return web.url(path)


def dated(hours: range) -> str:
    """Return a feed with an item for each of *hours* before now."""
    date = "%a, %d %b %Y %H:%M:%S GMT"
    return rss(*(item(f"i{hour}", f"Item {hour}", "text", date=f"{NOW - hour * HOUR:{date}}") for hour in hours))


async def test_a_source_that_falls_silent_is_told_and_its_return_too(world: CollectorWorld) -> None:
    async with WebServer() as web:
        world.sources.append(feed_source(served(web, "/feed", Page(dated(range(200, 0, -1)).encode()))))
        await world.look()
        assert await watchman(world).round() == []
        assert (await world.health())["feed"].state == "ok"
        world.clock.advance(12 * HOUR)
        await world.look()
        (raised,) = await watchman(world).round()
        assert (raised.subject, raised.state, raised.kind) == ("feed", "raised", "source-health")
        assert "every 60 min" in raised.summary
        health = (await world.health())["feed"]
        assert (health.state, health.rhythm, health.is_problem) == ("silent", 3600, True)
        assert figure("claimwatch_source_problem", source="feed", problem="silent") == 1
        assert figure("claimwatch_source_rhythm_seconds", source="feed") == 3600
        assert await watchman(world).round() == []
        web.serve("/feed", Page(dated(range(200, -14, -1)).encode()))
        await world.look()
        (over,) = await watchman(world).round()
        assert (over.subject, over.state) == ("feed", "over")
        assert figure("claimwatch_source_problem", source="feed", problem="silent") == 0
        assert await watchman(world).round() == []
        assert await told(world) == [raised, over]


@pytest.mark.parametrize(
    ("page", "state"),
    [(Page(b"", 403), "blocked"), (Page(b"", 410), "failing"), (Page(b"", 500), "failing")],
)
async def test_what_a_server_answers_is_told_when_it_lasts(world: CollectorWorld, page: Page, state: str) -> None:
    async with WebServer() as web:
        world.sources.append(feed_source(served(web, "/feed", page)))
        await world.look()
        assert (await world.health())["feed"].state == state
        assert await watchman(world).round() == []
        world.clock.advance(2 * HOUR)
        await world.look()
        assert len(await watchman(world).round()) == 1
        (notice,) = await told(world)
        assert notice.fix


async def test_a_feed_is_told_as_gone_once_it_has_said_so_for_a_day(world: CollectorWorld) -> None:
    async with WebServer() as web:
        world.sources.append(feed_source(served(web, "/feed", Page(b"", 410))))
        for _ in range(4):
            await world.look()
            await watchman(world).round()
            world.clock.advance(12 * HOUR)
    doubted, believed = await told(world)
    assert "HTTP 410" in doubted.summary
    assert (doubted.headline, believed.headline) == ("Feed: cannot be read", "Feed: is gone for good")
    assert believed.at - doubted.since >= 24 * HOUR


async def test_when_the_network_is_away_one_message_says_so(world: CollectorWorld) -> None:
    async with WebServer() as web:
        for name in "abcde":
            world.sources.append(feed_source(served(web, f"/{name}", Page(dated(range(3)).encode())), name))
        await world.look()
        for name in "abcde":
            web.serve(f"/{name}", Page(b"gone again" * 9, drop_after=5))
        for _ in range(4):
            await world.look()
        (storm,) = await watchman(world).round()
        assert (storm.subject, len(storm.sources)) == (":network", 5)
        world.clock.advance(3 * HOUR)
        assert await watchman(world).round() == []
        for name in "abcd":
            web.serve(f"/{name}", Page(dated(range(3)).encode()))
        await world.look()
        (calm,) = await watchman(world).round()
        assert (calm.subject, calm.state) == (":network", "over")
        await world.look()
        (late,) = await watchman(world).round()
        assert (late.subject, late.state) == ("e", "raised")
        assert len(await told(world)) == 3


async def test_collectors_with_different_lists_do_not_contradict_each_other(world: CollectorWorld) -> None:
    async with WebServer() as web:
        sick, well = feed_source(served(web, "/a", Page(b"", 403)), "a"), feed_source(web.url("/b"), "b")
        web.serve("/b", Page(dated(range(3)).encode()))
        said = []
        for _ in range(4):
            for own in (sick, well):
                world.sources[:] = [own]
                await world.look()
                said += await watchman(world).round()
            world.clock.advance(timedelta(minutes=10))
        assert [(one.subject, one.state) for one in said] == [("a", "raised")]
        world.clock.advance(12 * HOUR)  # since then nobody has looked at the first
        await world.look()
        (left,) = await watchman(world).round()
        assert (left.subject, left.state, left.headline) == ("a", "over", "a: no longer watched")


async def test_a_log_that_is_away_delays_what_is_told_and_loses_nothing(world: CollectorWorld) -> None:
    async with WebServer() as web:
        world.sources.append(feed_source(served(web, "/feed", Page(b"", 403))))
        await world.look()
        world.clock.advance(HOUR)
        await world.look()
        world.log.fail_after(1)
        with pytest.raises(Retry):
            await watchman(world).round()
        world.log.recover()
        assert await watchman(world).round() == []  # nothing new is decided, but what was is told again
        first, again = await told(world)
        assert first == again


async def test_a_feed_that_runs_through_between_two_looks_is_said_to_have_missed_some(world: CollectorWorld) -> None:
    async with WebServer() as web:
        world.sources.append(feed_source(served(web, "/feed", Page(dated(range(40, 20, -1)).encode()))))
        await world.look()
        web.serve("/feed", Page(dated(range(15, -5, -1)).encode()))
        await world.look()
        health = (await world.health())["feed"]
        assert (health.truncations, health.entries) == (1, 20)
        assert "may have been missed" in health.remarks[0]
        web.serve("/feed", Page(dated(range(14, -6, -1)).encode()))
        await world.look()
        assert (await world.health())["feed"].truncations == 1
