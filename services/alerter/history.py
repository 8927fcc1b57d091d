"""The ledger's memory of itself: every change with its reason, what waits for review, and analysts' rulings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.keeping import insert
from services.alerter.ledger import Decision
from services.alerter.records import BATCH, batched, plain
from services.alerter.rulings import Ruling
from services.alerter.tables import HISTORY, REVIEWS, RULINGS
from shared.messages import Incident


@dataclass(frozen=True)
class Entry:
    """One change of an incident: what kind, why, by which claims of which item version, or by whose order."""

    incident: str
    revision: int
    at: datetime
    kind: str
    reason: str
    claims: tuple[str, ...]
    version: str | None
    actor: str | None


@dataclass(frozen=True)
class Review:
    """A claim whose place a person should look at, and why."""

    claim: str
    incident: str
    since: datetime
    reason: str


async def keep_changes(
    connection: AsyncConnection,
    decision: Decision,
    at: datetime,
    *,
    version: str | None = None,
    actor: str | None = None,
) -> None:
    """Write every change of *decision* to the history of its incident."""
    revisions = {one.id: one.revision for one in decision.incidents}
    rows = [
        {
            "incident": change.incident,
            "revision": revisions[change.incident],
            "at": at,
            "kind": change.kind,
            "reason": plain(change.reason),
            "claims": json.dumps([s.claim.id for s in change.statements]),
            "version": version,
            "actor": actor,
        }
        for change in decision.changes
    ]
    if rows:
        await connection.execute(insert(connection, HISTORY), rows)


async def keep_reviews(
    connection: AsyncConnection, incidents: Sequence[Incident], known: Mapping[str, Incident], now: datetime
) -> None:
    """Bring the list of what waits for review up to *incidents*, which were *known* before."""
    was = {claim for one in incidents if one.id in known for claim in _waiting(known[one.id])}
    waiting = {claim: (one.id, why) for one in incidents for claim, why in _waiting(one).items()}
    for gone in batched(sorted(was - waiting.keys()), BATCH):
        await connection.execute(delete(REVIEWS).where(REVIEWS.c.claim.in_(gone)))
    rows = [
        {"claim": claim, "incident": incident, "since": now, "reason": plain(why)}
        for claim, (incident, why) in waiting.items()
    ]
    if rows:
        upsert = insert(connection, REVIEWS)
        moved = {name: upsert.excluded[name] for name in ("incident", "reason")}
        await connection.execute(upsert.on_conflict_do_update(index_elements=["claim"], set_=moved), rows)


def _waiting(incident: Incident) -> dict[str, str]:
    return {s.claim.id: s.review for s in incident.statements if s.review and s.state == "standing"}


async def history(connection: AsyncConnection, incident: str, limit: int) -> list[Entry]:
    """Return the *limit* latest changes of *incident*, oldest first."""
    wanted = select(HISTORY).where(HISTORY.c.incident == incident).order_by(HISTORY.c.sequence.desc()).limit(limit)
    rows = (await connection.execute(wanted)).all()
    return [
        Entry(r.incident, r.revision, r.at, r.kind, r.reason, tuple(json.loads(r.claims)), r.version, r.actor)
        for r in reversed(rows)
    ]


async def reviews(connection: AsyncConnection, limit: int) -> list[Review]:
    """Return the *limit* claims that wait longest for a review."""
    wanted = select(REVIEWS).order_by(REVIEWS.c.since, REVIEWS.c.claim).limit(limit)
    return [Review(row.claim, row.incident, row.since, row.reason) for row in await connection.execute(wanted)]


async def keep_ruling(connection: AsyncConnection, ruling: Ruling) -> None:
    """Write down what an analyst ordered."""
    row = {"at": ruling.at, "actor": plain(ruling.actor), "document": ruling.model_dump_json()}
    await connection.execute(insert(connection, RULINGS), [row])


async def rulings(connection: AsyncConnection) -> list[Ruling]:
    """Return everything analysts ordered, in order."""
    wanted = select(RULINGS.c.document).order_by(RULINGS.c.sequence)
    return [Ruling.model_validate_json(document) for document in await connection.scalars(wanted)]
