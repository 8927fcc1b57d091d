"""Incidents as they are read back from their rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

from sqlalchemy import Date, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerter.ledger import Query
from services.alerter.tables import INCIDENTS, STATEMENTS
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
    marks = sorted(map(index_key, query.marks))
    limits = ((query.forces, query.limit), (query.near, query.beside))
    sides = [(sorted(side), most) for side, most in limits if side]
    windows = query.windows if sides else ()
    found: dict[str, int] = {}
    for first in range(0, max(1, len(windows), len(marks)), BATCH):
        some, others = windows[first : first + BATCH], marks[first : first + BATCH]
        given: dict[str, object] = {"item": query.item}
        if some:
            given |= {f"most{i}": most for i, (_, most) in enumerate(sides)}
            given |= {f"force{i}_{j}": force for i, (side, _) in enumerate(sides) for j, force in enumerate(side)}
        if others:
            given["famous"] = query.famous
        for i, window in enumerate(some):
            given |= {f"since{i}": window.since, f"until{i}": window.until}
        given |= {f"mark{i}": mark for i, mark in enumerate(others)}
        searched = _search(tuple(len(side) for side, _ in sides) if some else (), len(some), len(others))
        found.update({row.id: row.revision for row in await connection.execute(searched, given)})
    return found


@lru_cache(maxsize=1024)
def _search(sides: tuple[int, ...], windows: int, marks: int) -> TextClause:
    """Return the search for so many forces a side, windows and marks, one look into an index each.

    Written out once for each size: putting it together anew for every item took longer than carrying it out.
    """
    among = [", ".join(f":force{i}_{j}" for j in range(size)) for i, size in enumerate(sides)]
    parts = ["SELECT incident FROM statements WHERE item = :item"]
    parts += [
        f"SELECT incident FROM (SELECT incident FROM incident_force WHERE force IN ({side}) "  # noqa: S608 - no value
        f"AND day BETWEEN :since{i} AND :until{i} "
        f"GROUP BY incident ORDER BY max(seen) DESC, incident LIMIT :most{j}) AS anon_window{i}_{j}"
        for i in range(windows)
        for j, side in enumerate(among)
    ]
    parts += [
        f"SELECT incident FROM (SELECT incident FROM incident_mark WHERE mark = :mark{i} "  # noqa: S608 - no value
        f"ORDER BY weight DESC, seen DESC LIMIT :famous) AS anon_mark{i}"
        for i in range(marks)
    ]
    days = [bindparam(f"{end}{i}", type_=Date) for i in range(windows) for end in ("since", "until")]
    return text(
        f"SELECT incidents.id, incidents.revision FROM incidents JOIN ({' UNION '.join(parts)}) AS anon_found "  # noqa: S608
        "ON anon_found.incident = incidents.id WHERE incidents.status = 'open'"
    ).bindparams(*days)


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
