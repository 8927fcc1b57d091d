"""One feed after another over real HTTP: what is published, what is remembered, what survives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.collector.app import run
from services.collector.settings import CollectorSettings
from services.collector.state import State
from shared.clock import SystemClock
from shared.runtime import Runtime
from tests.support.collecting import CollectorWorld, collector_world, feed_source, item, rss, world
from tests.support.processes import until
from tests.support.web_server import Page, WebServer

__all__ = ["world"]


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


async def test_a_feed_becomes_raw_items(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "One adviser killed", "<![CDATA[<p>Mortar fire.</p><p>In Homs.</p>]]>", "/a")))
    world.sources.append(feed_source(web.url("/feed"), language="en", side="RU"))
    await world.look()
    (one,) = await world.published()
    assert (one.title, one.text, one.change, one.version) == (
        "One adviser killed",
        "Mortar fire.\n\nIn Homs.",
        "new",
        1,
    )
    assert one.url == web.url("/a")
    assert one.published_at is not None
    assert one.published_at.isoformat() == "2016-02-02T10:00:00+00:00"
    assert (one.source.id, one.source.side, one.lang, one.notes) == ("feed", "RU", "en", ())


async def test_pauses_that_are_over_are_forgotten_while_the_collector_runs(world: CollectorWorld) -> None:
    state, now = State(world.runtime.engine), world.clock.now()
    await state.pause("over.org", now - timedelta(minutes=1))
    await state.pause("paused.org", now + timedelta(minutes=1))
    world.sources.append(feed_source("https://feed.test/", interval=3_600))
    running = asyncio.create_task(run(world.runtime, world.settings))
    try:
        for _ in range(1_000):
            if "over.org" not in await state.pauses(now - timedelta(days=1)):
                break
            await asyncio.sleep(0.02)
    finally:
        world.runtime.stop.set()
        await running
    assert set(await state.pauses(now - timedelta(days=1))) == {"paused.org"}


async def test_an_unchanged_feed_is_answered_304_and_publishes_nothing(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(rss(item("a", "One")).encode(), validate=True))
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(3):
        await world.look()
    first, *later = web.requests_to("/feed")
    assert "if-none-match" not in first.headers
    assert [request.headers["if-none-match"] for request in later] == [web.pages["/feed"][0].etag] * 2
    assert [request.headers["if-modified-since"] for request in later] == [Page().last_modified] * 2
    assert len(await world.published()) == 1


async def test_an_edit_is_a_further_version_and_every_digit_counts(web: WebServer, world: CollectorWorld) -> None:
    web.serve(
        "/feed",
        rss(item("a", "Advisers killed", "1 was killed")),
        rss(item("a", "Advisers  killed", "1 was\u00a0killed")),
        rss(item("a", "Advisers killed", "4 were killed")),
    )
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(4):
        await world.look()
    first, second = await world.published()
    assert (first.version, first.change, first.text) == (1, "new", "1 was killed")
    assert (second.version, second.change, second.text) == (2, "edited", "4 were killed")
    assert first.item == second.item
    assert first.id != second.id


async def test_an_old_entry_leaving_the_feed_is_no_deletion(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(item("a", "Old"), item("b", "New")), rss(item("b", "New")))
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(3):
        await world.look()
    assert {one.change for one in await world.published()} == {"new"}


async def test_a_restart_keeps_what_was_seen(web: WebServer, tmp_path: Path) -> None:
    web.serve("/feed", Page(rss(item("a", "One")).encode(), validate=True))
    for _ in range(2):
        async with collector_world(tmp_path) as world:
            world.sources.append(feed_source(web.url("/feed")))
            await world.look()
            assert [one.title for one in await world.published()] == ["One"]
    assert "if-none-match" in web.requests[-1].headers


@pytest.mark.parametrize("appends", [1, 3, 10, 11, 25])
async def test_a_crash_between_append_and_remember_loses_nothing(web: WebServer, tmp_path: Path, appends: int) -> None:
    items = [item(f"id-{number}", f"Item {number}") for number in range(25)]
    web.serve("/feed", Page(rss(*items).encode(), validate=True))
    async with collector_world(tmp_path) as world:
        world.sources.append(feed_source(web.url("/feed")))
        world.log.fail_after(appends)
        with pytest.raises(ExceptionGroup):
            await world.look()
        before = len(await world.published())
        assert before == appends
    async with collector_world(tmp_path) as world:
        world.sources.append(feed_source(web.url("/feed")))
        await world.look()
        published = await world.published()
    assert "if-none-match" in web.requests[-1].headers, "what the feed said is kept"
    assert len({one.id for one in published}) == 25
    assert {one.title for one in published} == {f"Item {number}" for number in range(25)}
    assert {(one.version, one.change) for one in published} == {(1, "new")}


@pytest.mark.parametrize("appends", [0, 1, 2])
async def test_an_edit_after_a_crash_is_a_second_version_of_the_same_first_one(
    web: WebServer, tmp_path: Path, appends: int
) -> None:
    web.serve(
        "/feed",
        rss(item("a", "One", "1 was killed"), item("b", "Two")),
        rss(item("a", "One", "4 were killed"), item("b", "Two, corrected"), item("c", "Three")),
    )
    async with collector_world(tmp_path) as world:
        world.sources.append(feed_source(web.url("/feed")))
        world.log.fail_after(appends)
        with pytest.raises(ExceptionGroup):
            await world.look()
    async with collector_world(tmp_path) as world:
        world.sources.append(feed_source(web.url("/feed")))
        await world.look()
        await world.look()
        published = {one.id: one for one in await world.published()}.values()
    assert sorted((one.title or "", one.text, one.version, one.change) for one in published) == [
        ("One", "1 was killed", 1, "new"),
        ("One", "4 were killed", 2, "edited"),
        ("Three", "", 1, "new"),
        ("Two", "", 1, "new"),
        ("Two, corrected", "", 2, "edited"),
    ]


async def test_two_collectors_on_one_source_publish_the_same_ids(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(rss(item("a", "One"), item("b", "Two")).encode(), delay=0.1))
    world.sources.append(feed_source(web.url("/feed")))
    await asyncio.gather(run(world.runtime, world.settings, once=True), run(world.runtime, world.settings, once=True))
    assert len({one.id for one in await world.published()}) == 2


async def test_redirects_are_followed_and_a_permanent_one_is_noted(web: WebServer, world: CollectorWorld) -> None:
    web.redirect("/old", "/new", 301)
    web.redirect("/new", "/feed", 302)
    web.serve("/feed", rss(item("a", "One", link="article")))
    world.sources.append(feed_source(web.url("/old")))
    await world.look()
    assert [one.url for one in await world.published()] == [web.url("/article")]
    assert (await world.health())["feed"].notes == (f"moved-to:{web.url('/new')}",)


async def test_a_busy_server_is_left_alone_as_long_as_it_asks(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(status=429, headers={"Retry-After": "7200"}))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    source = (await world.health())["feed"]
    assert source.next_due_at == world.clock.now() + timedelta(seconds=7200)
    assert "asks for 7200 seconds" in (source.last_error or "")


async def test_a_failing_source_recovers(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", Page(status=500), Page(status=500), Page(rss(item("a", "One")).encode()))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    await world.look()
    assert ((await world.health())["feed"].state, (await world.health())["feed"].failures) == ("failing", 2)
    await world.look()
    source = (await world.health())["feed"]
    assert (source.state, source.failures, source.last_error) == ("ok", 0, None)


async def test_one_entry_changing_its_order_or_its_link_is_nothing_new(web: WebServer, world: CollectorWorld) -> None:
    one, two = item("a", "One", link="http://e.org/1"), item("b", "Two", link="http://e.org/2")
    moved = item("a", "One", link="http://e.org/1?utm_source=rss#top")
    web.serve("/feed", rss(one, two), rss(two, one), rss(moved, two))
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(3):
        await world.look()
    assert len(await world.published()) == 2


async def test_it_runs_until_told_to_stop_and_looks_when_due(web: WebServer, tmp_path: Path) -> None:
    web.serve("/feed", rss(item("a", "One")), rss(item("b", "Two")))
    async with collector_world(tmp_path) as world:
        runtime = Runtime(world.log, world.runtime.engine, SystemClock())
        settings = CollectorSettings(sources=(feed_source(web.url("/feed"), interval=1),), spread=0)
        task = asyncio.create_task(run(runtime, settings))
        await web.wait_for("/feed", 3)
        runtime.stop.set()
        await task
        assert {one.title for one in await world.published()} == {"One", "Two"}


async def test_a_log_that_goes_away_holds_the_collector_up_and_loses_nothing(web: WebServer, tmp_path: Path) -> None:
    web.serve("/feed", rss(item("a", "One"), item("b", "Two")))
    async with collector_world(tmp_path) as world:
        runtime = Runtime(world.log, world.runtime.engine, SystemClock())
        settings = CollectorSettings(sources=(feed_source(web.url("/feed"), interval=3600),), spread=0)
        world.log.fail_after(1)
        task = asyncio.create_task(run(runtime, settings))
        await until(lambda: world.log.refused > 1, "the look was taken up again", running={}, patience=60)
        assert len(web.requests_to("/feed")) == 1, "no feed is asked while nothing can be published"
        world.log.recover()
        await world.wait_for(2)
        runtime.stop.set()
        await task
        source = (await world.health())["feed"]
        assert (source.state, source.failures, source.last_error) == ("ok", 0, None)


async def test_when_no_source_answers_the_operator_is_told_once_and_pointed_to_the_demo(
    web: WebServer, world: CollectorWorld
) -> None:
    world.sources += [feed_source(web.url(f"/{name}"), name) for name in ("a", "b", "c")]
    with capture_logs() as logs:
        await world.look()
    said = [line for line in logs if line["event"] == "no source can be reached"]
    assert [line["sources"] for line in said] == [3]
    assert "claimwatch demo" in said[0]["hint"]
    web.serve("/b", rss(item("a", "One")))
    with capture_logs() as logs:
        await world.look()
    assert "no source can be reached" not in {line["event"] for line in logs}
