"""What is remembered of the items that looks show, read for all looks that ask at the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collector.identity import Known, Names
from services.collector.novelty import Recent, Remembered
from services.collector.pages import ARTICLE_PAGE
from services.collector.state_tables import SOURCE_ITEM

T = TypeVar("T")

AT_ONCE = 500
"""Values of one query; both databases bind at most some 32,000."""
NAMED_AT_ONCE = 100
"""Names of one query, which is answered by trying each at every source that asks."""

_COLUMNS = [SOURCE_ITEM.c[one.name] for one in fields(Remembered)]
_SOURCES: BindParameter[str] = bindparam("sources", expanding=True)
_VALUES: BindParameter[str] = bindparam("values", expanding=True)
_KNOWN = select(*_COLUMNS).where(SOURCE_ITEM.c.item.in_(_VALUES))
_GONE = select(ARTICLE_PAGE.c.source, ARTICLE_PAGE.c.item).where(
    ARTICLE_PAGE.c.source.in_(_SOURCES), ARTICLE_PAGE.c.next_due_at.is_(None)
)
_BY_NAME = {
    name: select(*_COLUMNS, SOURCE_ITEM.c.source)
    .where(SOURCE_ITEM.c.source.in_(_SOURCES), SOURCE_ITEM.c[name].in_(_VALUES))
    .order_by(SOURCE_ITEM.c.last_seen_at, SOURCE_ITEM.c.item)
    for name in ("link", "story")
}


@dataclass(frozen=True)
class Question:
    """What a look at a source asks: for items by id, and for those that bear the ``names`` of what it shows, by item.

    Names are looked up where the item is not known, or ``named`` in any case. ``pages``: also for items whose pages are
    gone.
    """

    source: str
    items: Collection[str] = ()
    names: Sequence[tuple[str, Names]] = ()
    named: bool = False
    pages: bool = False


@dataclass(frozen=True)
class Recalled:
    """What is remembered, and the items whose pages are *gone* for sure: deleted, if the source shows them no more."""

    known: Known
    gone: Sequence[str] = ()


async def recall(connection: AsyncConnection, questions: Sequence[Question]) -> list[Recalled]:
    """Return the answer to each of *questions*, with a few queries for all of them."""
    gone = await _gone(connection, {one.source for one in questions if one.pages})
    wanted = {item for one in questions for item in one.items} | {item for items in gone.values() for item in items}
    known = await known_items(connection, wanted)
    asked = [[names for item, names in one.names if one.named or item not in known] for one in questions]
    found = {
        column: await _named(
            connection,
            column,
            ((one.source, name) for one, some in zip(questions, asked, strict=True) for name in _each(some, column)),
        )
        for column in _BY_NAME
    }
    answers = []
    for one, names in zip(questions, asked, strict=True):
        missing = gone.get(one.source, []) if one.pages else []
        items = {item: known[item] for item in (*one.items, *missing) if item in known}
        links, stories = (
            {name: item for name in _each(names, column) if (item := found[column].get((one.source, name)))}
            for column in _BY_NAME
        )
        answers.append(Recalled(Known(items, links, stories), missing))
    return answers


def _each(names: Iterable[Names], column: str) -> list[str]:
    return [name for one in names if (name := getattr(one, column))]


async def known_items(connection: AsyncConnection, items: Iterable[str]) -> dict[str, Remembered]:
    """Return what is remembered of those of *items* that were published."""
    found: dict[str, Remembered] = {}
    for some in portions(items):
        rows = await connection.execute(_KNOWN, {"values": some})
        found.update((one.item, one) for one in map(_remembered, rows))
    return found


async def _gone(connection: AsyncConnection, sources: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for some in portions(sources):
        for source, item in await connection.execute(_GONE, {"sources": some}):
            found[source].append(item)
    return found


async def _named(
    connection: AsyncConnection, column: str, asked: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Remembered]:
    """Return the items that bear a name, by source and name; of several the latest.

    Which of several is the same for every collector.
    """
    found: dict[tuple[str, str], Remembered] = {}
    for some in portions(asked, NAMED_AT_ONCE):
        sources, names = {source for source, _ in some}, {name for _, name in some}
        for row in await connection.execute(_BY_NAME[column], {"sources": [*sources], "values": [*names]}):
            one = _remembered(row[:-1])
            found[row.source, getattr(one, column)] = one
    return found


def _remembered(row: Sequence[Any]) -> Remembered:
    """Return the item of a *row* of its columns, which stand in the order of its fields."""
    recent = tuple(Recent(name, datetime.fromisoformat(at), back) for name, at, back in row[-1] or ())
    return Remembered(*(*row[:-1], recent))


def portions(values: Iterable[T], most: int = AT_ONCE) -> Iterator[list[T]]:
    """Return *values* in lists of *most* at most, by default as many as a statement takes."""
    rest = iter(values)
    while some := list(islice(rest, most)):
        yield some
