"""Incidents as they are read back from their rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import TypeVar

from sqlalchemy import Select, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.ledger import Query, Window
from services.alerter.tables import FORCES, INCIDENTS, MARKS, STATEMENTS
from shared.messages import Incident, Statement

T = TypeVar("T")

KEY_LENGTH = 200
"""Most characters of an index entry that are kept as they are."""

BATCH = 50
"""Most searches in one statement; SQLite allows 500, and a text may name more victims than that."""

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


async def revisions(connection: AsyncConnection, query: Query) -> dict[str, int]:
    """Return id → revision of every incident that answers *query*."""
    parts = [select(STATEMENTS.c.incident).where(STATEMENTS.c.item == query.item)]
    parts += [_in_window(query, window) for window in query.windows if query.forces]
    parts += [_marked(mark, query.limit) for mark in sorted(map(index_key, query.marks))]
    found: dict[str, int] = {}
    for batch in batched(parts, BATCH):
        ids = union(*batch).subquery()
        live = select(INCIDENTS.c.id, INCIDENTS.c.revision).join(ids, ids.c.incident == INCIDENTS.c.id)
        rows = await connection.execute(live.where(INCIDENTS.c.status == "open"))
        found.update({row.id: row.revision for row in rows})
    return found


def _in_window(query: Query, window: Window) -> Select[str]:
    """Find the incidents of the query's forces in one window: those seen last."""
    near = FORCES.c.force.in_(sorted(query.forces)) & FORCES.c.day.between(window.since, window.until)
    latest = select(FORCES.c.incident).where(near).group_by(FORCES.c.incident)
    ranked = latest.order_by(func.max(FORCES.c.seen).desc(), FORCES.c.incident).limit(query.limit).subquery()
    return select(ranked.c.incident)


def _marked(mark: str, limit: int) -> Select[str]:
    """Find the incidents of one mark: the weightiest, the last seen first among equals."""
    ranked = select(MARKS.c.incident).where(MARKS.c.mark == mark)
    best = ranked.order_by(MARKS.c.weight.desc(), MARKS.c.seen.desc()).limit(limit).subquery()
    return select(best.c.incident)


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


def index_key(text: str) -> str:
    """Return *text* as it goes into an index, whose entries have a limit that hostile text has not."""
    if len(text) <= KEY_LENGTH and "\0" not in text:
        return text
    return f"#{blake2b(text.encode(), digest_size=16).hexdigest()}"


def batched(parts: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield *parts* in their order, at most *size* at a time."""
    return (parts[start : start + size] for start in range(0, len(parts), size))
