"""Feeds that rename their items, over real HTTP: nothing twice, nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.support.collecting import CollectorWorld, feed_source, item, rss, world
from tests.support.web_server import WebServer

__all__ = ["world"]


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def feed(look: int, *, site: str = "https://e.org", tolls: dict[int, int] | None = None) -> str:
    """Return what the feed shows at *look*: eight items, the oldest gone and a new one there each time, new guids."""
    return rss(
        *(
            item(
                f"guid-{number}-{look}",
                f"Item {number}",
                f"{(tolls or {}).get(number, number)} killed",
                f"{site}/{number}",
                f"Tue, 02 Feb 2016 10:{number:02}:00 GMT",
            )
            for number in range(look, look + 8)
        )
    )


async def test_guids_that_change_at_every_look(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", feed(0), feed(1), feed(2, tolls={5: 50}), feed(3, tolls={5: 50}))
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(5):
        await world.look()
    published = await world.published()
    assert Counter(one.change for one in published) == {"new": 11, "edited": 1}
    assert {one.title for one in published if one.version == 1} == {f"Item {number}" for number in range(11)}
    (edit,) = (one for one in published if one.change == "edited")
    assert (edit.title, edit.text, edit.version) == ("Item 5", "50 killed", 2)
    assert (await world.health())["feed"].notes == ("identity-changed:link",)


async def test_a_site_that_moves_with_new_guids_and_links(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", feed(0), feed(0, site="https://new.example"), feed(1, site="https://new.example", tolls={3: 4}))
    world.sources.append(feed_source(web.url("/feed")))
    for _ in range(4):
        await world.look()
    assert Counter(one.change for one in await world.published()) == {"new": 9, "edited": 1}
    assert (await world.health())["feed"].notes == ("identity-changed:title",)


async def test_a_feed_of_hundreds_of_entries_is_taken_whole(web: WebServer, world: CollectorWorld) -> None:
    web.serve("/feed", rss(*(item(f"id-{number}", f"Item {number}") for number in range(1_200))))
    world.sources.append(feed_source(web.url("/feed")))
    await world.look()
    await world.look()
    assert {one.title for one in await world.published()} == {f"Item {number}" for number in range(1_200)}
