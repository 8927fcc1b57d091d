"""How the collector treats servers, and what it believes of what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.collector.app import run
from services.collector.settings import CollectorSettings
from shared.clock import SystemClock
from shared.runtime import Runtime
from tests.support.collecting import CollectorWorld, collector_world, feed_source, item, patient, rss, world
from tests.support.web_server import Page, WebServer

__all__ = ["world"]

ONE, TWO = rss(item("a", "One")), rss(item("a", "One"), item("b", "Two"))
HALF_A_DAY = timedelta(hours=12)
CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def whole(web: WebServer, path: str = "/feed") -> list[bool]:
    """Return of each request whether it asked for the whole feed."""
    return ["if-none-match" not in request.headers for request in web.requests_to(path)]


async def test_a_server_that_lies_about_304_is_caught_and_not_believed_again(
    web: WebServer, world: CollectorWorld
) -> None:
    web.serve("/feed", Page(ONE.encode(), stubborn=True))
    async with patient(world, feed_source(web.url("/feed"))) as look:
        await look()
        web.serve("/feed", Page(TWO.encode(), stubborn=True))
        for _ in range(10):
            await look()
        assert {one.title for one in await world.published()} == {"One", "Two"}
        assert (await world.health())["feed"].notes == ("304-not-trusted",)
        before = len(web.requests)
        web.serve("/feed", Page(rss(item("c", "Three")).encode(), stubborn=True))
        await look()
        assert whole(web)[before:] == [True]
        assert "Three" in {one.title for one in await world.published()}
        for _ in range(2):
            await look(timedelta(days=8))
        assert whole(web)[-1] is False, "after a week it is given another chance"


async def test_a_short_feed_behind_a_frozen_304_loses_no_entry(web: WebServer, world: CollectorWorld) -> None:
    def shown(minutes: int) -> Page:
        """Return the feed so long after noon: an entry every eight minutes, ten are shown."""
        numbers = [number for number in range(-10, 60) if number * 8 <= minutes][-10:]
        dates = [f"Tue, 02 Feb 2016 {12 + number * 8 // 60}:{number * 8 % 60:02}:00 GMT" for number in numbers]
        items = (item(str(number), f"Item {number}", date=date) for number, date in zip(numbers, dates, strict=True))
        return Page(rss(*items).encode(), stubborn=True)

    async with patient(world, feed_source(web.url("/feed"))) as look:
        for quarter in range(12):
            web.serve("/feed", shown(15 * quarter))
            await look(timedelta(minutes=15))
    assert {one.title for one in await world.published()} == {f"Item {number}" for number in range(-9, 21)}


async def test_an_honest_server_is_rarely_asked_for_the_whole_feed(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(ONE.encode(), validate=True))
    async with patient(world, feed_source(web.url("/feed"))) as look:
        for _ in range(61):
            await look()
    asked = whole(web)
    assert asked[0] is True
    assert 1 <= sum(asked[1:]) <= 0.05 * (len(asked) - 1)
    assert (await world.health())["feed"].notes == ()


async def test_a_feed_that_ends_half_way_is_asked_for_again(web: WebServer, world: CollectorWorld) -> None:
    half = TWO[: TWO.index("Two")].encode()
    web.serve("/feed", Page(half, stubborn=True), Page(TWO.encode(), stubborn=True))
    async with patient(world, feed_source(web.url("/feed"))) as look:
        for _ in range(2):
            await look()
    assert whole(web) == [True, True]
    assert {one.title for one in await world.published()} == {"One", "Two"}


async def test_an_edit_that_is_put_off_is_published_though_nothing_changes_any_more(
    web: WebServer, world: CollectorWorld
) -> None:
    pages = [Page(rss(item("a", "One", f"read {look} times")).encode(), validate=True) for look in range(26)]
    web.serve("/feed", *pages)
    async with patient(world, feed_source(web.url("/feed"))) as look:
        for _ in range(28):
            await look()
        assert len(await world.published()) == 24
        assert all(whole(web)[-2:])
        await look(timedelta(hours=1))
        await look()
    last = (await world.published())[-1]
    assert (last.version, last.text, last.notes) == (25, "read 25 times", ("frequent-edits",))
    assert whole(web)[-1] is False


async def test_a_redirect_for_good_is_believed_when_repeated_and_taken_back_when_it_fails(
    web: WebServer, world: CollectorWorld
) -> None:
    web.redirect("/old", "/new", 301)
    web.serve("/new", ONE)
    async with patient(world, feed_source(web.url("/old"))) as look:
        for _ in range(5):
            await look(HALF_A_DAY)
        assert len(web.requests_to("/old")) == 5
        await look()
        assert len(web.requests_to("/old")) == 5
        web.serve("/new", TWO)
        await look()
        assert (await world.health())["feed"].notes == (f"address-changed:{web.url('/new')}",)
        web.serve("/new", Page(b"<!DOCTYPE html><html>For sale</html>"))
        web.serve("/old", rss(item("c", "Three")))
        await look()
        source = (await world.health())["feed"]
        assert (source.state, source.notes) == ("ok", ())
    assert {one.title for one in await world.published()} == {"One", "Two", "Three"}
    assert {one.version for one in await world.published()} == {1}


@pytest.mark.parametrize(("status", "subscribed"), [(302, ()), (307, ()), (308, ("/new",))])
async def test_other_redirects_are_followed_and_never_believed(
    web: WebServer, world: CollectorWorld, status: int, subscribed: tuple[str, ...]
) -> None:
    web.redirect("/old", "/new", status)
    web.serve("/new", ONE)
    taken = tuple(map(web.url, subscribed))
    async with patient(world, feed_source(web.url("/old")), taken=taken) as look:
        for _ in range(8):
            await look(HALF_A_DAY)
    assert len(web.requests_to("/old")) == 8
    assert (await world.health())["feed"].notes == tuple(f"moved-to-subscribed:{address}" for address in taken)


async def test_the_other_feeds_of_the_configuration_are_never_moved_to(web: WebServer, world: CollectorWorld) -> None:
    web.redirect("/old", "/new", 301)
    web.serve("/new", ONE)
    world.sources += [feed_source(web.url("/old")), feed_source(web.url("/new"), "another")]
    await world.look()
    assert (await world.health())["feed"].notes == (f"moved-to-subscribed:{web.url('/new')}",)


async def test_a_redirect_to_a_page_is_never_believed(web: WebServer, world: CollectorWorld) -> None:
    web.redirect("/old", "/login", 301)
    web.serve("/login", Page(b"<!DOCTYPE html><html>Log in</html>"))
    async with patient(world, feed_source(web.url("/old"))) as look:
        for _ in range(8):
            await look(HALF_A_DAY)
    assert (len(web.requests_to("/old")), (await world.health())["feed"].state) == (8, "not-a-feed")


async def test_a_feed_that_is_gone_is_slowed_down_and_welcome_when_it_comes_back(
    web: WebServer, world: CollectorWorld
) -> None:
    web.serve("/feed", Page(status=410))
    async with patient(world, feed_source(web.url("/feed"))) as look:
        for _ in range(2):
            await look(HALF_A_DAY)
            source = (await world.health())["feed"]
            assert (source.state, "HTTP 410" in (source.last_error or "")) == ("failing", True)
            assert source.next_due_at
            assert source.next_due_at - world.clock.now() < timedelta(hours=7)
        await look(HALF_A_DAY)
        source = (await world.health())["feed"]
        assert source.state == "gone"
        assert source.since == world.clock.now() - timedelta(days=1)
        assert source.next_due_at == world.clock.now() + timedelta(days=1)
        web.serve("/feed", ONE)
        await look()
        assert (await world.health())["feed"].state == "ok"


@pytest.mark.parametrize("status", [200, 403, 429, 503])
async def test_a_page_that_asks_for_a_person_is_a_state_of_its_own(
    web: WebServer, world: CollectorWorld, status: int
) -> None:
    web.serve("/feed", Page(CHALLENGE, status, "text/html"))
    web.serve("/other", ONE)
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    source = (await world.health())["feed"]
    assert source.state == "challenged"
    assert "a page of Cloudflare that tells people from programs" in (source.last_error or "")
    world.sources.append(feed_source(web.url("/other"), "other"))
    await world.look()
    assert (await world.health())["other"].state == "ok", "the host did not ask for a pause"


async def test_the_pause_a_host_asks_for_holds_for_all_its_feeds_and_over_a_restart(
    web: WebServer, tmp_path: Path
) -> None:
    web.serve("/a", Page(status=429, headers={"Retry-After": "7200"}))
    web.serve("/b", ONE)
    sources = [feed_source(web.url("/a"), "a"), feed_source(web.url("/b"), "b")]
    async with collector_world(tmp_path) as world:
        world.sources.append(sources[0])
        await world.look()
        ends = world.clock.now() + timedelta(hours=2)
    asked = len(web.requests)
    async with collector_world(tmp_path) as world:
        world.sources += sources
        await world.look()
        health = await world.health()
        assert len(web.requests) == asked
        assert (health["a"].failures, health["b"].failures) == (1, 0)
        due = health["b"].next_due_at
        assert due
        assert ends <= due <= ends + timedelta(minutes=2)
        world.clock.advance(timedelta(hours=2))
        web.serve("/a", TWO)
        await world.look()
        assert {one.state for one in (await world.health()).values()} == {"ok"}


async def test_another_server_on_the_same_machine_is_not_the_same_host(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(status=503, headers={"Retry-After": "7200"}))
    async with WebServer() as another:
        another.serve("/feed", ONE)
        world.sources += [feed_source(web.url("/feed"), "busy"), feed_source(another.url("/feed"), "free")]
        for _ in range(2):
            await world.look()
    assert (await world.health())["free"].state == "ok"


async def test_the_rhythm_follows_the_news_and_is_kept_over_a_restart(web: WebServer, tmp_path: Path) -> None:
    web.serve("/feed", *(rss(item(str(look), f"News {look}")) for look in range(3)))
    intervals = []
    for looks in (2, 3):
        source = feed_source(web.url("/feed"), interval=400, floor=60)
        async with collector_world(tmp_path) as world, patient(world, source) as look:
            for _ in range(looks):
                await look()
                intervals.append((await world.health())["feed"].interval)
    assert intervals == [400, 200, 100, 125, 156.25]


async def test_what_a_feed_says_of_its_rhythm_holds_while_the_server_says_304(
    web: WebServer, world: CollectorWorld
) -> None:
    feed = rss(item("a", "One"), head="<ttl>10</ttl>")
    web.serve("/feed", Page(feed.encode(), validate=True))
    async with patient(world, feed_source(web.url("/feed"))) as look:
        for _ in range(3):
            await look()
            due = (await world.health())["feed"].next_due_at
            assert due
            assert timedelta(minutes=10) <= due - world.clock.now() <= timedelta(minutes=11)


async def test_a_restart_does_not_fetch_everything_again(web: WebServer, tmp_path: Path) -> None:
    names = [f"feed-{number}" for number in range(20)]
    for name in names:
        web.serve(f"/{name}", ONE)
    settings = CollectorSettings(
        sources=tuple(feed_source(web.url(f"/{name}"), name, interval=600) for name in names), spread=0
    )
    for _ in range(2):
        async with collector_world(tmp_path) as world:
            runtime = Runtime(world.log, world.runtime.engine, SystemClock())
            task = asyncio.create_task(run(runtime, settings))
            await web.wait_for("/feed-19", 1)
            await asyncio.sleep(1)
            runtime.stop.set()
            await task
    assert len(web.requests) == 20


async def test_a_slow_host_with_many_feeds_holds_up_no_other(web: WebServer, world: CollectorWorld) -> None:
    for number in range(12):
        web.serve(f"/{number}", Page(ONE.encode(), delay=1))
        world.sources.append(feed_source(web.url(f"/{number}"), f"slow-{number}"))
    world.options["limits"] = {"at_once": 3, "private_per_host": 2}
    async with WebServer() as another:
        another.serve("/feed", ONE)
        world.sources.append(feed_source(another.url("/feed"), "free"))
        looking = asyncio.create_task(world.look())
        await another.wait_for("/feed", 1)
        assert web.most_open <= 2
        assert len(web.requests) < 6
        await looking
    assert web.most_open == 2
