"""What the ledger costs for one tagged item, against a hundred thousand stored incidents beside a thousand."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerter.incident import stand
from services.alerter.ledger import keys
from services.alerter.store import Address, Store
from services.alerter.tables import FORCES, INCIDENTS, MARKS, STATEMENTS
from services.alerter.track import track
from shared.database import create_engine, writing
from shared.messages import Alert, Claim, Incident, RawItem, SourceRef, Statement, TaggedItem, stable_id
from shared.migrations import upgrade
from tests.bench.figures import Figure
from tests.support.postgres_server import PostgresServer

GROUP = "the ledger: one tagged item after another, of which two in three tell of something new"
SMALL, LARGE = 1_000, 100_000
BATCH = 500
WARM_UP, STRETCH = 30, 6
"""Items before the first that counts, and items handled in one database before the other has its turn."""
YEARS = 14
BEGIN = datetime(2012, 1, 1, tzinfo=UTC)
FORCES_HIT = ("SY", "SY", "SY", "OPP", "OPP", "IS", "IS", "SDF", "RU", "TR", "HZB", "IR")
CAUSES = ("mortar", "mine", "airstrike", "smallarms", "suicide", None)
GOVERNORATES = (
    "Aleppo", "Idlib", "Latakia", "Hama", "Homs", "Rif-Dimashq", "Daraa", "Raqqa", "Deir-ez-Zor", "Hasakah",
)  # fmt: skip
SYLLABLES = ("sal", "mar", "kaf", "tal", "zar", "bin", "nub", "qas", "hal", "rim", "dar", "sha")


def told(number: int, chance: random.Random, at: datetime, share: TaggedItem | None = None) -> TaggedItem:
    """Return a report seen at *at*; with *share* on the same event, else on one that nobody has told of."""
    item = stable_id("bench", str(number))
    source = SourceRef(id=f"s{number % 40}", name=f"Outlet {number % 40}", kind="rss", reliability="C")
    raw = RawItem(id=stable_id(item, "1"), item=item, source=source, published_at=at, seen_at=at, text="…")
    if share is not None:
        claims = tuple(c.model_copy(update={"id": stable_id(raw.id, str(i))}) for i, c in enumerate(share.claims))
    else:
        claims = (_claim(raw, chance, at),)
    return TaggedItem(id=stable_id("tagged", raw.id), item=raw, relevant=True, score=1, lang="en", claims=claims)


def _claim(raw: RawItem, chance: random.Random, at: datetime) -> Claim:
    count = min(200, int(chance.paretovariate(1.1)))
    place = "".join(chance.choices(SYLLABLES, k=3)).capitalize()
    evidence = f"{count} fighters were killed near {place}, {chance.choice(SYLLABLES)}, the report says"
    return Claim(
        id=stable_id(raw.id, "0"), outcome="killed", min=count, max=count, force=chance.choice(FORCES_HIT), place=place,
        governorate=chance.choice(GOVERNORATES), date=(at - timedelta(days=chance.choice((0, 0, 1)))).date(),  # type: ignore[arg-type]
        cause=chance.choice(CAUSES), stance="reported", party=chance.choice((None, "SOHR", "opposition")),  # type: ignore[arg-type]
        evidence=evidence, start=0, end=len(evidence),
    )  # fmt: skip


def stored(count: int) -> Iterator[Incident]:
    """Yield *count* incidents spread over the years."""
    chance = random.Random(count)
    for number in range(count):
        at = BEGIN + timedelta(days=365 * YEARS * number / count)
        tagged = told(number + 10_000_000, chance, at)
        item, claim = tagged.item, tagged.claims[0]
        said = Statement(
            claim=claim, item=item.item, version=item.id, source=item.source, published_at=at, seen_at=at,
            voice=claim.party or item.source.name,
        )  # fmt: skip
        yield stand(stable_id("incident", claim.id), [said])


async def fill(engine: AsyncEngine, count: int) -> None:
    """Write *count* incidents the way the store would have, in large batches."""
    batch: list[Incident] = []
    for incident in stored(count):
        batch.append(incident)
        if len(batch) == BATCH:
            await _write(engine, batch)
            batch = []
    await _write(engine, batch)


async def _write(engine: AsyncEngine, incidents: Sequence[Incident]) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {INCIDENTS: [], FORCES: [], MARKS: [], STATEMENTS: []}
    for one in incidents:
        found = keys(one)
        rows[INCIDENTS].append({
            "id": one.id, "revision": 1, "status": "open", "merged_into": None, "day": one.date, "place": one.place,
            "governorate": one.governorate, "last_seen_at": one.last_seen_at,
            "document": one.model_dump_json(exclude={"statements"}),
        })  # fmt: skip
        rows[FORCES] += [
            {"force": f, "day": found.day, "incident": one.id, "seen": one.last_seen_at} for f in found.forces
        ]
        rows[MARKS] += [
            {"mark": m, "incident": one.id, "weight": found.weight, "seen": one.last_seen_at} for m in found.marks
        ]
        rows[STATEMENTS] += [
            {
                "version": s.version, "claim": s.claim.id, "incident": one.id, "position": i, "item": s.item,
                "state": s.state, "document": s.model_dump_json(),
            }
            for i, s in enumerate(one.statements)
        ]  # fmt: skip
    async with writing(engine) as connection:
        for table, some in rows.items():
            if some:
                await connection.execute(insert(table), some)


def stream(count: int) -> list[TaggedItem]:
    """Return reports out of all the years; every third tells what another outlet has just told."""
    chance = random.Random(7)
    items: list[TaggedItem] = []
    for number in range(count):
        at = BEGIN + timedelta(days=chance.uniform(20, 365 * YEARS - 20))
        again = number % 3 == 2
        items.append(told(number, chance, items[-1].item.seen_at if again else at, items[-1] if again else None))
    return items


async def handle(engine: AsyncEngine, items: Sequence[TaggedItem]) -> tuple[list[float], float]:
    """Handle *items* one by one; return the seconds each took, and the processor time of all."""
    store, took = Store(engine), []
    began = process_time()
    for item in items:
        started = perf_counter()
        await track(item, store, item.item.seen_at, route=to_desk)
        took.append(perf_counter() - started)
    return took, process_time() - began


def to_desk(_alert: Alert, _incident: Incident) -> Sequence[Address]:
    """Send everything to one subscription."""
    return (Address("desk", "webhook"),)


async def embedded(folder: Path, items: int, large: int = LARGE) -> list[Figure]:
    """Measure on SQLite."""
    urls = [f"sqlite:///{folder / name}" for name in ("small.db", "large.db")]
    return await _measure("SQLite", urls, items, large)


async def on_postgres(server: PostgresServer, items: int, large: int = LARGE) -> list[Figure]:
    """Measure on PostgreSQL."""
    return await _measure("PostgreSQL", [await server.create_database() for _ in range(2)], items, large)


async def _measure(name: str, urls: Sequence[str], items: int, large: int) -> list[Figure]:
    async with _opened(urls[0]) as little, _opened(urls[1]) as much:
        await fill(little, SMALL)
        await fill(much, large)
        everything = stream(items + WARM_UP)
        for engine in (little, much):
            await handle(engine, everything[:WARM_UP])
        took: dict[bool, list[float]] = {False: [], True: []}
        busy = 0.0
        for start in range(WARM_UP, items + WARM_UP, STRETCH):  # in turn: what else the machine does hits both
            part = everything[start : start + STRETCH]
            took[False] += (await handle(little, part))[0]
            slow, seconds = await handle(much, part)
            took[True] += slow
            busy += seconds
    per_item = {size: 1000 * median(one) for size, one in took.items()}
    against = f"the same items against {SMALL:,} incidents"
    return [
        Figure(GROUP, f"{name}: median against {large:,} incidents", per_item[True], "ms", per_item[False], against),
        Figure(GROUP, f"{name}: items a second by wall clock", items / sum(took[True]), "items/s"),
        Figure(GROUP, f"{name}: items a second of our processor time", items / busy, "items/s"),
    ]


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[AsyncEngine]:
    await upgrade(url)
    engine = create_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()
