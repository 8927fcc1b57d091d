"""A collector ended at each of its steps in turn, and what it watches changed before the next one looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event

from services.collector.app import run
from services.collector.settings import CollectorSettings, SourceSettings
from shared.clock import SystemClock
from shared.messages import RawItem
from shared.runtime import Runtime
from tests.support.collecting import CollectorWorld, collector_world, feed_source, item, rss
from tests.support.preview_site import PreviewSite
from tests.support.web_server import Page, WebServer

MINUTE, QUARTER, HOUR = timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1)
CHANNEL = SourceSettings(id="war", name="War", kind="telegram", channel="warnews", side="RU", allow_private=True)


class Killed(Exception):
    """The process is no more."""


class Life:
    """Lets so many steps be taken, and none after: a step is the commit of a transaction or an append to the log."""

    def __init__(self, world: CollectorWorld, steps: int) -> None:
        self._left = steps
        self.over = False
        event.listen(world.runtime.engine.sync_engine, "commit", lambda _: self._step())
        world.log.before = self._step

    def _step(self) -> None:
        if not self._left:
            self.over = True
            raise Killed
        self._left -= 1


@dataclass(frozen=True)
class Play:
    """What is watched: how it is *before* the look that is ended, and *after*; ``later``: that look is a further one.

    ``waits`` are how long after each other the next process looks.
    """

    source: SourceSettings
    before: Callable[[], None]
    after: Callable[[], None]
    waits: tuple[timedelta, ...] = (MINUTE,) * 3
    later: Callable[[], None] | None = None
    options: dict[str, object] = field(default_factory=dict)

    async def killed_at(self, steps: int, folder: Path) -> tuple[list[RawItem], bool]:
        """Return everything that was published in the end, and whether the look was ended after so many steps."""
        self.before()
        async with collector_world(folder) as world:
            self._set(world)
            if self.later:
                await world.look()
                self.later()
                world.clock.advance(QUARTER)
            life = Life(world, steps)
            try:
                await world.look()
            except* Killed:
                pass
        self.after()
        async with collector_world(folder) as world:
            self._set(world)
            world.clock.advance(HOUR)
            for wait in self.waits:
                world.clock.advance(wait)
                await world.look()
            return await world.published(), life.over

    def _set(self, world: CollectorWorld) -> None:
        world.sources.append(self.source)
        world.options |= self.options


async def stories(play: Play, folder: Path) -> list[dict[str, list[RawItem]]]:
    """Return, for each step at which the look could end and for none, the versions of each item by its address.

    Whatever is watched, a repeat is the same message, and an item has one first version, one second, and so on.
    """
    found: list[dict[str, list[RawItem]]] = []
    over = True
    for steps in count():
        if not over:
            break
        published, over = await play.killed_at(steps, _made(folder / str(steps)))
        by_id = {one.id: one for one in published}
        assert all(by_id[one.id] == one for one in published), f"after {steps} steps a repeat says something else"
        items: dict[str, list[RawItem]] = {}
        for one in sorted(by_id.values(), key=lambda one: one.version):
            items.setdefault(str(one.url), []).append(one)
        for versions in items.values():
            numbers = [one.version for one in versions]
            assert numbers == list(range(1, len(versions) + 1)), f"after {steps} steps: {versions}"
            assert [one.change for one in versions].count("new") == 1
        found.append(items)
    return found


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def article(toll: str) -> Page:
    sentences = f"The ministry said on Tuesday that {toll} when a garrison in Homs came under mortar fire. " * 6
    page = f"<html><body><article><h1>Adviser killed</h1><p>{sentences}</p></article></body></html>"
    return Page(page.encode(), content_type="text/html", validate=True)


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def serve(web: WebServer, *items: str, toll: str) -> Callable[[], None]:
    """Return what lets the site show *items* and the article of the second with this *toll*."""

    def now() -> None:
        web.serve("/feed", Page(rss(*items).encode(), validate=True))
        web.serve("/two", article(toll))

    return now


@pytest.mark.timeout(300)
async def test_a_look_at_a_feed_is_told_whole_or_was_never_made(web: WebServer, tmp_path: Path) -> None:
    one, two = item("a", "One", "1 was killed", "/one"), item("b", "Two", "A summary.", "/two")
    edited, three = item("a", "One", "4 were killed", "/one"), item("c", "Three", "5 were killed", "/three")
    play = Play(
        feed_source(web.url("/feed"), full_text="auto"),
        before=serve(web, one, two, toll="one adviser was killed"),
        after=serve(web, edited, three, toll="four advisers were killed"),
        waits=(MINUTE, HOUR, HOUR * 3),
    )
    told = await stories(play, tmp_path)
    first, second, third = web.url("/one"), web.url("/two"), web.url("/three")
    texts = [[one.text for one in items[first]] for items in told]
    unmade = texts.count(["4 were killed"])
    assert texts == [["4 were killed"]] * unmade + [["1 was killed", "4 were killed"]] * (len(texts) - unmade)
    assert [second in items for items in told] == [False] * unmade + [True] * (len(texts) - unmade), (
        "what the feed dropped meanwhile is told if the look was kept"
    )
    assert all("four advisers" in items[second][-1].text for items in told[unmade:])
    assert {items[third][0].change for items in told} == {"new"}
    assert 1 <= unmade < len(told) - 4


@pytest.mark.timeout(300)
async def test_a_post_that_is_deleted_before_the_next_look_is_told_as_deleted_or_not_at_all(tmp_path: Path) -> None:
    with PreviewSite() as site:

        def before() -> None:
            site.channels.clear()
            channel = site.channel("WarNews")
            for text in ("1 was killed", "Two were killed", "Three were killed"):
                channel.post(text)

        def after() -> None:
            channel = site.channel("WarNews")
            channel.edit(1, "4 were killed")
            channel.delete(3)

        telegram = {"mode": "preview", "accept_terms": True, "preview_url": site.url}
        told = await stories(Play(CHANNEL, before, after, options={"telegram": telegram}), tmp_path)
    edited, kept, deleted = (f"https://t.me/WarNews/{number}" for number in (1, 2, 3))
    unmade = sum(deleted not in items for items in told)
    assert 1 <= unmade < len(told) - 3
    for items in told[:unmade]:
        assert [(one.change, one.text) for one in items[edited]] == [("new", "4 were killed")]
    for items in told[unmade:]:
        assert [(one.change, one.text) for one in items[edited]] == [
            ("new", "1 was killed"),
            ("edited", "4 were killed"),
        ]
        assert [one.change for one in items[deleted]] == ["new", "deleted"]
    assert all(len(items[kept]) == 1 for items in told)


@pytest.mark.timeout(300)
async def test_a_re_read_is_told_whole_or_was_never_made(web: WebServer, tmp_path: Path) -> None:
    shown = item("b", "Two", "A summary.", "/two")
    play = Play(
        feed_source(web.url("/feed"), full_text="auto"),
        before=serve(web, shown, toll="one adviser was killed"),
        later=serve(web, shown, toll="four advisers were killed"),
        after=serve(web, shown, toll="five advisers were killed"),
        waits=(HOUR, HOUR * 3),
    )
    told = [items[web.url("/two")] for items in await stories(play, tmp_path)]
    tolls = [[one.text.partition("that ")[2][:4] for one in versions] for versions in told]
    unmade = tolls.count(["one ", "five"])
    assert tolls == [["one ", "five"]] * unmade + [["one ", "four", "five"]] * (len(tolls) - unmade)
    assert 1 <= unmade < len(tolls) - 2


async def test_what_is_left_is_appended_at_the_start_though_the_source_is_not_due(
    web: WebServer, tmp_path: Path
) -> None:
    serve(web, item("a", "One"), item("b", "Two"), toll="")()
    source = feed_source(web.url("/feed"), interval=3600)
    async with collector_world(tmp_path) as world:
        world.sources.append(source)
        world.clock.advance(SystemClock().now() - world.clock.now())
        world.log.fail_after(1)
        with pytest.raises(ExceptionGroup):
            await world.look()
    async with collector_world(tmp_path) as world:
        runtime = Runtime(world.log, world.runtime.engine, SystemClock())
        task = asyncio.create_task(run(runtime, CollectorSettings(sources=(source,), spread=0)))
        await world.wait_for(2)
        runtime.stop.set()
        await task
    assert len(web.requests_to("/feed")) == 1
