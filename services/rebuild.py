"""The ledger made anew from the tagged items that the log still holds, telling nobody.

::

    items.tagged ─▶ in the order of their arrival ─▶ ledger, policy ─▶ another database
    rulings of analysts ─▶ each at its time ──────────┘
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerter import ledger
from services.alerter.outcome import Difference, difference, outcome
from services.alerter.policy import PolicySettings
from services.alerter.rules import Rules
from services.alerter.rulings import Ruling, Unfit
from services.alerter.store import Store
from services.alerter.track import track
from shared.codec import decode
from shared.database import create_engine
from shared.errors import Reject
from shared.eventlog import EventLog
from shared.messages import TaggedItem
from shared.migrations import upgrade
from shared.topics import TAGGED


@dataclass(frozen=True)
class Arrival:
    """A tagged item, and when it was said."""

    at: datetime
    tagged: TaggedItem


@dataclass(frozen=True)
class Arrivals:
    """The tagged items that a log holds, in the order of their arrival, and how many records could not be read."""

    items: tuple[Arrival, ...]
    unreadable: int = 0

    @property
    def claims(self) -> list[str]:
        """The ids of every claim in them."""
        return [claim.id for arrival in self.items for claim in arrival.tagged.claims]

    @property
    def versions(self) -> list[str]:
        """The ids of their item versions."""
        return [arrival.tagged.item.id for arrival in self.items]


async def arrivals(log: EventLog) -> Arrivals:
    """Return what ``items.tagged`` holds now."""
    found: list[tuple[datetime, int, int, TaggedItem]] = []
    unreadable = 0
    async for record in log.read(TAGGED.name):
        try:
            message = decode(TAGGED.message, record.value, record.headers)
        except Reject:
            unreadable += 1
            continue
        if isinstance(message, TaggedItem):
            found.append((record.time, record.partition, record.offset, message))
    found.sort(key=lambda one: one[:3])
    return Arrivals(tuple(Arrival(at, tagged) for at, _, _, tagged in found), unreadable)


async def rebuild(
    items: Iterable[Arrival], rulings: Sequence[Ruling], store: Store, *, rules: Rules, policy: PolicySettings
) -> list[tuple[Ruling, str]]:
    """Let the ledger decide about *items* once more, into *store*, and carry out *rulings* in between.

    Alerts are decided and kept as they would have been then; none is sent. Returns the rulings that no longer make
    sense, each with the reason.
    """
    waiting = sorted(rulings, key=lambda one: one.at)
    unfit: list[tuple[Ruling, str]] = []
    decide = partial(ledger.decide, rules=rules)
    for arrival in items:
        while waiting and waiting[0].at <= arrival.at:
            unfit += await _rule(store, waiting.pop(0), rules)
        await track(arrival.tagged, store, arrival.at, settings=policy, decide=decide)
    for ruling in waiting:
        unfit += await _rule(store, ruling, rules)
    return unfit


async def dry_run(
    items: Arrivals, rulings: Sequence[Ruling], present: AsyncEngine, *, rules: Rules, policy: PolicySettings
) -> Difference:
    """Return in what the ledger would differ from *present* if it decided about *items* by *rules* and *policy*."""
    before = await outcome(present, items.claims, items.versions)
    async with temporary() as engine:
        await rebuild(items.items, rulings, Store(engine), rules=rules, policy=policy)
        return difference(before, await outcome(engine, items.claims, items.versions))


@asynccontextmanager
async def temporary() -> AsyncIterator[AsyncEngine]:
    """Open an empty database that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="claimwatch-rebuild-") as folder:
        url = f"sqlite:///{Path(folder) / 'ledger.db'}"
        await upgrade(url)
        engine = create_engine(url)
        try:
            yield engine
        finally:
            await engine.dispose()


async def _rule(store: Store, ruling: Ruling, rules: Rules) -> list[tuple[Ruling, str]]:
    try:
        await store.rule(ruling, rules)
    except Unfit as error:
        return [(ruling, str(error))]
    return []
