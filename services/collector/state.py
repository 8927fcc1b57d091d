"""What the collector remembers between two looks and over a restart.

What a look came to is saved in one transaction before any of it is appended to the log: items, cursor, health, and the
intents, which say what is left to append (:mod:`services.collector.intents`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.collector import intents
from services.collector.farewell import Farewell, as_json, from_json
from services.collector.health_state import change_vitals
from services.collector.identity import Identity, Known
from services.collector.intents import OUTSTANDING, Intent
from services.collector.novelty import Remembered
from services.collector.pages import remember
from services.collector.recall import Question, Recalled, known_items, portions, recall
from services.collector.rereading import Page
from services.collector.sources import Cursor
from services.collector.state_tables import (
    HOST_PAUSE,
    LONGER,
    SOURCE_ACTIVITY,
    SOURCE_ITEM,
    SOURCE_STATE,
    adding,
    not_older,
    upsert,
)
from services.collector.vitals import Vitals
from shared.database import UtcMoment, reading, writing
from shared.grouping import Grouped

LINGER = 0.01
"""Seconds for which what looks ask of the database waits for what others ask, while there are others: a transaction
costs as much as all that one look does in it."""
TOUCHED_EVERY = timedelta(days=1)
"""How exact ``last_seen_at`` is: a source that shows an item every minute is not a reason to write every minute."""

SHOWN_TOGETHER = 3 * TOUCHED_EVERY
"""How far apart ``last_seen_at`` of one look may lie: its precision, and the day in which pages are read again."""


@dataclass(frozen=True)
class SourceState:
    """One source's memory. ``cursor`` is what its adapter asked to be given next time.

    ``interval`` is the adaptive one, in seconds; ``identity`` by what the source's items are told apart.
    ``outstanding``: some of its versions may not be on the log yet; that is read and never written.
    """

    source: str
    cursor: Cursor = field(default_factory=dict)
    failures: int = 0
    last_look_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_new_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    next_due_at: datetime | None = None
    notes: tuple[str, ...] = ()
    interval: float | None = None
    farewell: Farewell | None = None
    identity: Identity = "guid"
    outstanding: bool = False


@dataclass(frozen=True)
class Conclusion:
    """What a look at a source came to *at* a moment: all of it is remembered, or nothing.

    ``meant`` are the versions to append; with any, the source stays taken until it is let go. ``stale`` are items that
    are still shown, *change* makes the new health record out of the present one.
    """

    state: SourceState
    at: datetime
    change: Callable[[Vitals], Vitals] | None = None
    meant: Sequence[Intent] = ()
    stale: Sequence[str] = ()


_STATE = [
    *(column for column in SOURCE_STATE.c if column.name in {one.name for one in fields(SourceState)}),
    OUTSTANDING,
]
_LOADED = select(*_STATE).where(SOURCE_STATE.c.source == bindparam("source"))
_THESE = SOURCE_STATE.c.source.in_(bindparam("sources", expanding=True))
_UNTIL = bindparam("until", type_=UtcMoment)
_FREE = or_(SOURCE_STATE.c.leased_until.is_(None), SOURCE_STATE.c.leased_until <= bindparam("now", type_=UtcMoment))
_TAKEN = update(SOURCE_STATE).where(_THESE, _FREE).values(leased_until=_UNTIL).returning(*_STATE)
_EXTENDED = (
    update(SOURCE_STATE)
    .where(SOURCE_STATE.c.source == bindparam("one"), SOURCE_STATE.c.leased_until.is_not(None))
    .values(leased_until=_UNTIL)
)
_BLANK: dict[str, Any] = {"cursor": {}, "failures": 0, "notes": []}
_AGED = (
    select(SOURCE_ITEM.c.source, func.max(SOURCE_ITEM.c.last_seen_at), func.max(SOURCE_STATE.c.last_ok_at))
    .outerjoin(SOURCE_STATE, SOURCE_STATE.c.source == SOURCE_ITEM.c.source)
    .group_by(SOURCE_ITEM.c.source)
    .having(func.min(SOURCE_ITEM.c.last_seen_at) < bindparam("before", type_=UtcMoment))
)


Work = Callable[[AsyncConnection, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Does one kind of thing for all who ask, inside their transaction, and answers each in turn."""


class State:
    """The collector's tables. Every method raises Retry while the database cannot be reached."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = Grouped(self._write, linger=LINGER)
        self._recalling = Grouped(self._recall, linger=LINGER)

    async def load(self, source: str) -> SourceState:
        """Return what is remembered of *source*; of an unknown one, nothing."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_LOADED, {"source": source})).one_or_none()
        return _state(row._mapping) if row else SourceState(source)  # noqa: SLF001 - SQLAlchemy's public name for it

    async def every(self) -> list[SourceState]:
        """Return what is remembered of every source that was ever looked at, by id."""
        async with reading(self._engine) as connection:
            rows = (await connection.execute(select(*_STATE).order_by(SOURCE_STATE.c.source))).mappings().all()
        return [_state(row) for row in rows]

    async def outstanding(self, source: str) -> list[Intent]:
        """Return the versions of *source* that are written down and may not be on the log yet, in their order."""
        async with reading(self._engine) as connection:
            return await intents.outstanding(connection, source)

    async def known(self, items: Iterable[str]) -> dict[str, Remembered]:
        """Return what is remembered of those of *items* that were published."""
        async with reading(self._engine) as connection:
            return await known_items(connection, items)

    async def recall(self, question: Question) -> Recalled:
        """Return what is remembered of what a look shows."""
        asks = question.items or question.names or question.pages
        return await self._recalling.ask(question) if asks else Recalled(Known({}))

    async def pause(self, host: str, until: datetime) -> None:
        """Remember that *host* wants to be left alone until *until*."""
        await self._prolong(HOST_PAUSE, [{"host": host, "until": until}])

    async def pauses(self, now: datetime) -> dict[str, datetime]:
        """Return the hosts that want to be left alone *now*, and until when."""
        return await self._lasting(HOST_PAUSE, now)

    async def activate(self, until: Mapping[str, datetime]) -> None:
        """Remember until when sources are active; a later moment stays."""
        await self._prolong(SOURCE_ACTIVITY, [{"source": source, "until": end} for source, end in until.items()])

    async def activities(self, now: datetime) -> dict[str, datetime]:
        """Return the sources that are active *now*, and until when."""
        return await self._lasting(SOURCE_ACTIVITY, now)

    async def _prolong(self, table: Table, rows: list[dict[str, Any]]) -> None:
        async with writing(self._engine) as connection:
            for some in portions(rows):
                await upsert(connection, table, some, {"until"}, when=LONGER[table])

    async def _lasting(self, table: Table, now: datetime) -> dict[str, datetime]:
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(*table.c).where(table.c.until > now))
            return {row[0]: row.until for row in rows}

    async def take(self, source: str, now: datetime, until: datetime) -> SourceState | None:
        """Take *source* for this collector until *until*, with what is remembered; None when another one has it now.

        Courtesy to the source only: two collectors that look at once publish the same versions under the same ids.
        """
        taken: SourceState | None = await self._writing.ask((_take, (source, now, until)))
        return taken

    async def extend(self, source: str, until: datetime) -> None:
        """Keep *source* for this collector until *until*; one that was let go stays free."""
        await self._writing.ask((_extend, (source, until)))

    async def conclude(self, look: Conclusion) -> None:
        """Remember what a *look* came to, and let another collector have the source unless versions are to be appended.

        Looks that end at the same time share a transaction.
        """
        await self._writing.ask((_conclude, look))

    async def complete(self, intent: Intent, page: Page | None) -> None:
        """Write down the text with which *intent* is published, and its *page* if that is to be read again."""
        await self._writing.ask((_complete, (intent, page)))

    async def settle(self, versions: Sequence[str]) -> None:
        """Cross out *versions*, which are on the log."""
        await self._writing.ask((_settle, versions))

    @asynccontextmanager
    async def saving(self) -> AsyncIterator[Saving]:
        """Give what writes; all of one block is kept, or nothing."""
        async with writing(self._engine) as connection:
            yield Saving(connection)

    async def expire(self, now: datetime) -> int:
        """Forget the pauses and the activity that are over *now*; return how many."""
        expired = 0
        async with writing(self._engine) as connection:
            for table in (HOST_PAUSE, SOURCE_ACTIVITY):
                expired += (await connection.execute(delete(table).where(table.c.until <= now))).rowcount
        return expired

    async def prune(self, before: datetime) -> int:
        """Forget the items that no source has shown since *before*, and what was meant by then; return how many items.

        What a source showed last stays while it is read: it may say "not modified" for as long.
        """
        forgotten = 0
        async with writing(self._engine) as connection:
            await intents.forget(connection, before)
            for source, shown_at, ok_at in (await connection.execute(_AGED, {"before": before})).all():
                read = ok_at is not None and ok_at >= before
                until = min(before, shown_at - SHOWN_TOGETHER) if read else before
                old = (SOURCE_ITEM.c.source == source) & (SOURCE_ITEM.c.last_seen_at < until)
                forgotten += (await connection.execute(delete(SOURCE_ITEM).where(old))).rowcount
        return forgotten

    async def _write(self, wanted: Sequence[tuple[Work, Any]]) -> list[Any]:
        """Do all that is *wanted* in one transaction: leases are prolonged before they end, and taken when they did."""
        answers: list[Any] = [None] * len(wanted)
        async with writing(self._engine) as connection:
            for work in (_extend, _complete, _conclude, _settle, _take):
                places = [place for place, (one, _) in enumerate(wanted) if one is work]
                if not places:
                    continue
                done = await work(connection, [wanted[place][1] for place in places])
                for place, answer in zip(places, done, strict=True):
                    answers[place] = answer
        return answers

    async def _recall(self, questions: Sequence[Question]) -> list[Recalled]:
        async with reading(self._engine) as connection:
            return await recall(connection, questions)


class Saving:
    """Writes of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def conclusions(self, looks: Sequence[Conclusion]) -> None:
        """Remember what *looks* came to, each at another source."""
        await self._versions((look.state.source, one, look.at) for look in looks for one in look.meant)
        for look in looks:
            await self._touch(look.stale, look.at)
        for held in (False, True):
            await _remember(self._connection, [one.state for one in looks if bool(one.meant) is held], held=held)
        await change_vitals(self._connection, {one.state.source: one.change for one in looks if one.change})

    async def versions(self, source: str, meant: Sequence[Intent], now: datetime) -> None:
        """Remember the versions *meant*, and that they are to be appended."""
        await self._versions((source, one, now) for one in meant)

    async def items(self, source: str, items: Iterable[Remembered], now: datetime) -> None:
        """Remember *items* as versions of *source*."""
        await self._items((source, item, now) for item in items)

    async def pages(self, pages: Sequence[Page], *, forget: Sequence[str] = ()) -> None:
        """Remember *pages* for being read again, and *forget* those of the named items."""
        await remember(self._connection, pages, forget)

    async def _versions(self, meant: Iterable[tuple[str, Intent, datetime]]) -> None:
        for some in portions(meant):
            await self._items((source, one.novelty.remembered, now) for source, one, now in some)
            await intents.write(self._connection, [(source, one) for source, one, _ in some])

    async def _items(self, items: Iterable[tuple[str, Remembered, datetime]]) -> None:
        for some in portions(items):
            rows = [
                _values(item) | {"source": source, "last_seen_at": now, "recent": _recent(item)}
                for source, item, now in some
            ]
            await upsert(self._connection, SOURCE_ITEM, rows, set(rows[0]) - {"item", "source"}, when=not_older)

    async def _touch(self, items: Iterable[str], now: datetime) -> None:
        for some in portions(items):
            await self._connection.execute(
                update(SOURCE_ITEM).where(SOURCE_ITEM.c.item.in_(some)).values(last_seen_at=now)
            )


async def _take(
    connection: AsyncConnection, wanted: Sequence[tuple[str, datetime, datetime]]
) -> list[SourceState | None]:
    sources = sorted({source for source, _, _ in wanted})
    terms = {"now": max(now for _, now, _ in wanted), "until": max(end for _, _, end in wanted)}
    taken = await _taken(connection, sources, terms)
    if strange := [{"source": source, **_BLANK} for source in sources if source not in taken]:
        # Of another collector, or met for the first time.
        await connection.execute(adding(connection.dialect.name), strange)
        taken |= await _taken(connection, [one["source"] for one in strange], terms)
    return [taken.pop(source, None) for source, _, _ in wanted]


async def _taken(
    connection: AsyncConnection, sources: Sequence[object], terms: Mapping[str, datetime]
) -> dict[str, SourceState]:
    rows = await connection.execute(_TAKEN, {"sources": sources, **terms})
    return {row["source"]: _state(row) for row in rows.mappings()}


async def _extend(connection: AsyncConnection, wanted: Sequence[tuple[str, datetime]]) -> list[None]:
    await connection.execute(_EXTENDED, [{"one": source, "until": until} for source, until in wanted])
    return [None] * len(wanted)


async def _conclude(connection: AsyncConnection, looks: Sequence[Conclusion]) -> list[None]:
    await Saving(connection).conclusions(looks)
    return [None] * len(looks)


async def _complete(connection: AsyncConnection, wanted: Sequence[tuple[Intent, Page | None]]) -> list[None]:
    await intents.complete(connection, [intent for intent, _ in wanted])
    await remember(connection, [page for _, page in wanted if page])
    return [None] * len(wanted)


async def _settle(connection: AsyncConnection, wanted: Sequence[Sequence[str]]) -> list[None]:
    for some in portions(version for versions in wanted for version in versions):
        await intents.settle(connection, some)
    return [None] * len(wanted)


def to_touch(known: Iterable[Remembered], now: datetime) -> list[str]:
    """Return the items whose ``last_seen_at`` is out of date by more than its precision."""
    return [item.item for item in known if item.last_seen_at is None or now - item.last_seen_at >= TOUCHED_EVERY]


async def _remember(connection: AsyncConnection, states: Sequence[SourceState], *, held: bool) -> None:
    """Write *states*; their sources are free for other collectors from then on unless they are *held*."""
    if not states:
        return
    rows = [
        {name: value for name, value in _values(one).items() if name != "outstanding"}
        | {
            "leased_until": None,
            "cursor": dict(one.cursor),
            "notes": list(one.notes),
            "farewell": as_json(one.farewell),
        }
        for one in states
    ]
    await upsert(connection, SOURCE_STATE, rows, set(rows[0]) - ({"source", "leased_until"} if held else {"source"}))


def _values(row: SourceState | Remembered) -> dict[str, Any]:
    return {one.name: getattr(row, one.name) for one in fields(row)}


def _state(row: Mapping[Any, Any]) -> SourceState:
    told = {"notes": tuple(row["notes"]), "farewell": from_json(row["farewell"]), "identity": row["identity"] or "guid"}
    return SourceState(**{**row, **told})


def _recent(item: Remembered) -> list[Any]:
    return [[one.hash, one.at.isoformat(), one.returned] for one in item.recent]
