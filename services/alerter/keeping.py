"""Incidents as they are written to their rows: only what changed, and never over another writer's work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.ledger import Keys, keys
from services.alerter.records import BATCH, batched, index_key, plain
from services.alerter.tables import FORCES, INCIDENTS, MARKS, STATEMENTS
from shared.messages import Incident, Statement


class Stale(Exception):
    """Another alerter changed what the decision was based on: look again and decide again."""


def insert(connection: AsyncConnection, table: Table) -> Any:
    """Return an insert into *table* that knows ``ON CONFLICT``, which both databases spell alike."""
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)


async def keep(connection: AsyncConnection, incidents: Sequence[Incident], known: Mapping[str, Incident]) -> None:
    """Write *incidents* over their *known* states.

    Raises:
        Stale: one of them is no longer what was known, or exists though it was not known.

    """
    for incident in incidents:
        await _keep_state(connection, incident, known.get(incident.id))
        await _keep_forces(connection, incident, known.get(incident.id))
        await _keep_marks(connection, incident, known.get(incident.id))
    # A statement may move between incidents, so every departure comes before any arrival. A merged incident keeps
    # none of its own: they stand in the one it was merged into.
    live = [incident for incident in incidents if incident.status == "open"]
    for incident in live:
        await _drop_statements(connection, incident, known.get(incident.id))
    for incident in live:
        await _keep_statements(connection, incident, known.get(incident.id))


async def _keep_state(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    columns = {
        "revision": incident.revision,
        "status": incident.status,
        "merged_into": incident.merged_into,
        "day": incident.date,
        "governorate": incident.governorate,
        "place": plain(incident.place) if incident.place else None,
        "last_seen_at": incident.last_seen_at,
        "document": incident.model_dump_json(exclude={"statements"}),
    }
    if before is None:
        statement = insert(connection, INCIDENTS).values(id=incident.id, **columns).on_conflict_do_nothing()
    elif incident.revision <= before.revision:
        message = f"incident {incident.id} changed but kept its revision {before.revision}"
        raise ValueError(message)
    else:
        unchanged = (INCIDENTS.c.id == incident.id) & (INCIDENTS.c.revision == before.revision)
        statement = update(INCIDENTS).where(unchanged).values(columns)
    if (await connection.execute(statement)).rowcount != 1:
        raise Stale


def _keys(incident: Incident | None) -> Keys | None:
    """Return what an incident is found by; None once it is merged."""
    return keys(incident) if incident and incident.status == "open" else None


async def _keep_forces(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    was, now = _keys(before), _keys(incident)
    old = {(force, was.day) for force in was.forces} if was else set()
    new = {(force, now.day) for force in now.forces} if now else set()
    mine = FORCES.c.incident == incident.id
    if gone := sorted(old - new):
        await connection.execute(delete(FORCES).where(mine, tuple_(FORCES.c.force, FORCES.c.day).in_(gone)))
    if old & new:
        await connection.execute(update(FORCES).where(mine).values(seen=incident.last_seen_at))
    rows = [
        {"force": force, "day": day, "incident": incident.id, "seen": incident.last_seen_at}
        for force, day in sorted(new - old)
    ]
    if rows:
        await connection.execute(insert(connection, FORCES), rows)


async def _keep_marks(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    was, now = _keys(before), _keys(incident)
    old = set(map(index_key, was.marks)) if was else set()
    new = set(map(index_key, now.marks)) if now else set()
    mine = MARKS.c.incident == incident.id
    rank = {"weight": now.weight if now else 0, "seen": incident.last_seen_at}
    for gone in batched(sorted(old - new), BATCH):
        await connection.execute(delete(MARKS).where(mine, MARKS.c.mark.in_(gone)))
    if old & new:
        await connection.execute(update(MARKS).where(mine).values(rank))
    rows = [{"mark": mark, "incident": incident.id, **rank} for mark in sorted(new - old)]
    if rows:
        await connection.execute(insert(connection, MARKS), rows)


def _placed(incident: Incident | None) -> dict[tuple[str, str], tuple[int, Statement]]:
    """Return an incident's statements with their places, by version and claim."""
    statements = incident.statements if incident else ()
    return {(each.version, each.claim.id): (place, each) for place, each in enumerate(statements)}


async def _drop_statements(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    for gone in batched(sorted(_placed(before).keys() - _placed(incident).keys()), BATCH):
        key = tuple_(STATEMENTS.c.version, STATEMENTS.c.claim).in_(gone)
        await connection.execute(delete(STATEMENTS).where(STATEMENTS.c.incident == incident.id, key))


async def _keep_statements(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    old = _placed(before)
    rows = [
        {
            "version": version,
            "claim": claim,
            "incident": incident.id,
            "position": place,
            "item": statement.item,
            "state": statement.state,
            "document": statement.model_dump_json(),
        }
        for (version, claim), (place, statement) in _placed(incident).items()
        if old.get((version, claim)) != (place, statement)
    ]
    if not rows:
        return
    upsert = insert(connection, STATEMENTS)
    changed = {name: upsert.excluded[name] for name in ("incident", "position", "state", "document")}
    await connection.execute(upsert.on_conflict_do_update(index_elements=["version", "claim"], set_=changed), rows)
