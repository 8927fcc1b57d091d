"""Incidents as they are written to their rows: only what changed, and never over another writer's work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, delete, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.records import name_key, plain
from services.alerter.tables import FORCES, INCIDENTS, NAMES, STATEMENTS
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
        await _keep_keys(connection, incident, known.get(incident.id))
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
        "day": incident.date or incident.first_seen_at.date(),
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


def _keys(incident: Incident | None) -> tuple[set[tuple[str, Any]], set[str]]:
    """Return what an incident is found by: its forces on its day, and its victims' names; nothing once merged."""
    if incident is None or incident.status != "open":
        return set(), set()
    day = incident.date or incident.first_seen_at.date()
    names = {name_key(name) for statement in incident.statements for name in statement.claim.names}
    return {(figure.force, day) for figure in incident.figures}, names - {""}


async def _keep_keys(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    (old_forces, old_names), (forces, names) = _keys(before), _keys(incident)
    if gone := old_forces - forces:
        pair = tuple_(FORCES.c.force, FORCES.c.day).in_(sorted(gone))
        await connection.execute(delete(FORCES).where(FORCES.c.incident == incident.id, pair))
    if gone_names := old_names - names:
        named = NAMES.c.name.in_(sorted(gone_names))
        await connection.execute(delete(NAMES).where(NAMES.c.incident == incident.id, named))
    if new := sorted(forces - old_forces):
        rows = [{"force": force, "day": day, "incident": incident.id} for force, day in new]
        await connection.execute(insert(connection, FORCES), rows)
    if new_names := sorted(names - old_names):
        await connection.execute(
            insert(connection, NAMES), [{"name": name, "incident": incident.id} for name in new_names]
        )


def _placed(incident: Incident | None) -> dict[tuple[str, str], tuple[int, Statement]]:
    """Return an incident's statements with their places, by version and claim."""
    statements = incident.statements if incident else ()
    return {(each.version, each.claim.id): (place, each) for place, each in enumerate(statements)}


async def _drop_statements(connection: AsyncConnection, incident: Incident, before: Incident | None) -> None:
    if gone := _placed(before).keys() - _placed(incident).keys():
        key = tuple_(STATEMENTS.c.version, STATEMENTS.c.claim).in_(sorted(gone))
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
