"""What one run of the ledger came to, and in what another run of the same items differs from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerter.records import BATCH, batched
from services.alerter.tables import ALERTS, STATEMENTS
from shared.database import reading
from shared.messages import Alert


@dataclass(frozen=True)
class Outcome:
    """Where each claim stands, and which alerts were decided, by the item version and kind that caused them."""

    homes: Mapping[str, str]
    alerts: Mapping[tuple[str, str], Alert]


@dataclass(frozen=True)
class Difference:
    """What another run would make of it.

    ``merged`` are incidents of the one that are one incident in the other, ``split`` are those whose claims go to
    several; ``gained`` and ``lost`` are alerts that only the other, or only the one run raises (to be sent or not).
    """

    merged: tuple[tuple[str, ...], ...] = ()
    split: tuple[str, ...] = ()
    gained: tuple[Alert, ...] = ()
    lost: tuple[Alert, ...] = ()
    claims: int = field(default=0, compare=False)

    @property
    def empty(self) -> bool:
        """Whether both come to the same."""
        return not (self.merged or self.split or self.gained or self.lost)


async def outcome(engine: AsyncEngine, claims: Sequence[str], versions: Sequence[str]) -> Outcome:
    """Return what the ledger in a database holds about *claims*, and decided about item *versions*."""
    homes: dict[str, str] = {}
    alerts: dict[tuple[str, str], Alert] = {}
    async with reading(engine) as connection:
        for some in batched(claims, BATCH):
            wanted = select(STATEMENTS.c.claim, STATEMENTS.c.incident).where(STATEMENTS.c.claim.in_(some))
            homes.update({row.claim: row.incident for row in await connection.execute(wanted)})
        for some in batched(versions, BATCH):
            decided = select(ALERTS.c.version, ALERTS.c.kind, ALERTS.c.document).where(ALERTS.c.version.in_(some))
            for row in await connection.execute(decided):
                alerts[row.version, row.kind] = Alert.model_validate_json(row.document)
    return Outcome(homes, alerts)


def difference(one: Outcome, other: Outcome) -> Difference:
    """Return in what *other* differs from *one*; how incidents are called does not matter. Pure."""
    shared = sorted(one.homes.keys() & other.homes.keys())
    goes: dict[str, set[str]] = defaultdict(set)
    comes: dict[str, set[str]] = defaultdict(set)
    for claim in shared:
        goes[one.homes[claim]].add(other.homes[claim])
        comes[other.homes[claim]].add(one.homes[claim])
    return Difference(
        merged=tuple(sorted(tuple(sorted(found)) for found in comes.values() if len(found) > 1)),
        split=tuple(sorted(incident for incident, found in goes.items() if len(found) > 1)),
        gained=tuple(alert for key, alert in sorted(other.alerts.items()) if key not in one.alerts),
        lost=tuple(alert for key, alert in sorted(one.alerts.items()) if key not in other.alerts),
        claims=len(shared),
    )
