"""Incidents as they are read back from their rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from sqlalchemy import Select, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.ledger import Query
from services.alerter.tables import FORCES, INCIDENTS, NAMES, STATEMENTS
from shared.messages import Incident, Statement

NAME_LENGTH = 200
"""Characters of a name that are compared; an index entry has a limit, hostile text has none."""

REDIRECTS = 32
"""Most merges followed from one incident; a longer chain is a defect."""


class Records:
    """Reads whole incidents, keeping the latest of those it read: a revision never changes once it is written."""

    def __init__(self, capacity: int = 2048) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, Incident] = OrderedDict()

    async def load(self, connection: AsyncConnection, revisions: Mapping[str, int]) -> list[Incident]:
        """Return the incidents named by *revisions* (id → revision, seen on this connection) in that order."""
        missing = [each for each, revision in revisions.items() if not self._holds(each, revision)]
        found = {each.id: each for each in await _read(connection, missing)} if missing else {}
        loaded = [found.get(each) or self._known[each] for each in revisions]
        for incident in loaded:
            self._keep(incident)
        return loaded

    def _holds(self, incident: str, revision: int) -> bool:
        known = self._known.get(incident)
        return known is not None and known.revision == revision

    def _keep(self, incident: Incident) -> None:
        self._known[incident.id] = incident
        self._known.move_to_end(incident.id)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


def answering(query: Query) -> Select[str, int]:
    """Return the statement that finds id and revision of every open incident that answers *query*."""
    parts = [select(STATEMENTS.c.incident).where(STATEMENTS.c.item == query.item)]
    if query.forces:
        day = FORCES.c.day.between(query.since, query.until)
        parts.append(select(FORCES.c.incident).where(FORCES.c.force.in_(sorted(query.forces)), day))
    if query.names:
        parts.append(select(NAMES.c.incident).where(NAMES.c.name.in_(sorted(map(name_key, query.names)))))
    found = union(*parts).subquery()
    return (
        select(INCIDENTS.c.id, INCIDENTS.c.revision)
        .join(found, found.c.incident == INCIDENTS.c.id)
        .where(INCIDENTS.c.status == "open")
        .order_by(INCIDENTS.c.day, INCIDENTS.c.id)
    )


async def _read(connection: AsyncConnection, ids: Sequence[str]) -> list[Incident]:
    rows = await connection.execute(select(INCIDENTS.c.id, INCIDENTS.c.document).where(INCIDENTS.c.id.in_(ids)))
    statements: dict[str, list[Statement]] = {each: [] for each in ids}
    wanted = select(STATEMENTS.c.incident, STATEMENTS.c.document).where(STATEMENTS.c.incident.in_(ids))
    for incident, document in await connection.execute(wanted.order_by(STATEMENTS.c.incident, STATEMENTS.c.position)):
        statements[incident].append(Statement.model_validate_json(document))
    return [
        Incident.model_validate_json(document).model_copy(update={"statements": tuple(statements[incident])})
        for incident, document in rows
    ]


async def resolve(connection: AsyncConnection, incident: str) -> str:
    """Return the incident that *incident* was merged into, through every merge; itself when it was not."""
    for _ in range(REDIRECTS):
        target = await connection.scalar(select(INCIDENTS.c.merged_into).where(INCIDENTS.c.id == incident))
        if target is None:
            return incident
        incident = target
    message = f"incident {incident} was merged more than {REDIRECTS} times in a row"
    raise RuntimeError(message)


def plain(text: str) -> str:
    """Return *text* without NUL, which PostgreSQL keeps in no column; the document beside it keeps it escaped."""
    return text.replace("\0", "")


def name_key(name: str) -> str:
    """Return what a victim's name is compared by."""
    return plain(name)[:NAME_LENGTH]
