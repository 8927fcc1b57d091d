"""The pages to be read again, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.collector.pages import MOST, Pages
from services.collector.recall import Question
from services.collector.rereading import KEPT, Page
from services.collector.state import State
from tests.support.databases import Database, database

__all__ = ["database"]

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)


def page(number: int, source: str = "feed", **more: object) -> Page:
    made = Page(f"{source}-{number}", source, f"https://e.org/{number}", {"key": "é", "notes": ["a"]}, NOW, SOON)
    return replace(made, **more)  # type: ignore[arg-type]


async def keep(database: Database, *pages: Page, forget: tuple[str, ...] = ()) -> Pages:
    async with State(database.connect()).saving() as saving:
        await saving.pages(pages, forget=forget)
    return Pages(database.connect())


async def test_a_page_comes_back_as_it_was_kept_when_it_is_due(database: Database) -> None:
    whole = page(
        1, landed="https://e.org/x", etag='W/"é"', last_modified="Mon", text_hash="0" * 64, misses=2, missing_since=NOW
    )
    pages = await keep(database, whole, page(2, next_due_at=SOON + timedelta(minutes=1)), page(1, "other"))
    assert await pages.sources_due(NOW) == []
    assert set(await pages.sources_due(SOON)) == {"feed", "other"}
    assert await pages.due("feed", SOON, 10) == [whole]


async def test_the_longest_due_come_first_and_no_more_than_asked_for(database: Database) -> None:
    pages = await keep(database, *(page(number, next_due_at=SOON - timedelta(minutes=number)) for number in range(5)))
    assert [one.item for one in await pages.due("feed", SOON, 2)] == ["feed-4", "feed-3"]


async def test_a_page_takes_its_own_place_and_is_forgotten_when_told(database: Database) -> None:
    await keep(database, page(1), page(2))
    pages = await keep(database, page(1, misses=1), forget=("feed-2",))
    assert [one.misses for one in await pages.due("feed", SOON, 10)] == [1]


async def test_pages_that_are_gone_are_told_by_source(database: Database) -> None:
    await keep(database, page(1, next_due_at=None), page(2), page(3, "other", next_due_at=None))
    assert (await State(database.connect()).recall(Question("feed", pages=True))).gone == ["feed-1"]


async def test_old_pages_and_those_of_too_busy_a_source_are_let_go(database: Database) -> None:
    many = [page(number, first_seen_at=NOW - timedelta(seconds=number)) for number in range(MOST + 2)]
    pages = await keep(database, *many, page(1, "quiet"), page(1, "old", first_seen_at=NOW - KEPT - timedelta(hours=1)))
    assert await pages.prune(NOW) == 3
    assert {one.item for one in await pages.due("feed", SOON, 1_000)} == {one.item for one in many[:MOST]}
    assert await pages.due("old", SOON, 10) == []
    assert len(await pages.due("quiet", SOON, 10)) == 1
