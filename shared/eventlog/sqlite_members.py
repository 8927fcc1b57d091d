"""Who of a group reads which partition of the embedded log: members that renew themselves, and leases they hold.

A member that stops renewing is gone after its time, and its partitions are free. Members of one group, in one process
or several, end with an equal share: who has too much gives back, who has too little takes what is free.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from shared.eventlog.sqlite_tables import partitions_of


@dataclass(frozen=True)
class Seat:
    """One member's place in a group on a topic; *lease_seconds* is how long it counts without renewing."""

    group: str
    topic: str
    member: str
    lease_seconds: float


@dataclass(frozen=True)
class Held:
    """What a member holds: where to read on in each partition, and which of them it should give back."""

    cursors: dict[int, int]
    surplus: frozenset[int]


def join(connection: sqlite3.Connection, seat: Seat, now: float) -> Held:
    """Enter the group; a group that is new on the topic begins at its oldest record."""
    partitions = partitions_of(connection, seat.topic)
    connection.executemany(
        'INSERT INTO cursor ("group", topic, partition, next) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING',
        [(seat.group, seat.topic, partition) for partition in range(partitions)],
    )
    return renew(connection, seat, now)


def renew(connection: sqlite3.Connection, seat: Seat, now: float) -> Held:
    """Stay in the group: forget members that are gone, and take free partitions up to the share."""
    _forget_gone(connection, seat, now)
    connection.execute(
        'INSERT INTO member ("group", topic, member, expires) VALUES (?, ?, ?, ?)'
        ' ON CONFLICT ("group", topic, member) DO UPDATE SET expires = excluded.expires',
        (seat.group, seat.topic, seat.member, now + seat.lease_seconds),
    )
    partitions = partitions_of(connection, seat.topic)
    mine = _leased(connection, seat)
    share = _share(connection, seat, partitions)
    if len(mine) < share:
        mine += _take_free(connection, seat, partitions, share - len(mine))
    return Held(_cursors(connection, seat, mine), frozenset(sorted(mine)[share:]))


def due(connection: sqlite3.Connection, seat: Seat, now: float) -> bool:
    """Say whether renewing would change anything that matters: a cheap look, so that an idle log writes seldom."""
    rows = connection.execute(
        'SELECT member, expires FROM member WHERE "group" = ? AND topic = ?', (seat.group, seat.topic)
    ).fetchall()
    expiries = dict(rows)
    if expiries.get(seat.member, 0.0) - now < seat.lease_seconds / 2:
        return True
    if any(_gone(expires, seat, now) for expires in expiries.values()):
        return True
    partitions = partitions_of(connection, seat.topic)
    mine, share = len(_leased(connection, seat)), _share(connection, seat, partitions)
    return mine > share or (mine < share and _free(connection, seat, partitions) != [])


def commit(connection: sqlite3.Connection, seat: Seat, partition: int, after: int) -> bool:
    """Move the group's cursor to *after*, never back; False when the partition is no longer this member's."""
    moved = connection.execute(
        'UPDATE cursor SET next = max(next, ?) WHERE "group" = ? AND topic = ? AND partition = ? AND EXISTS ('
        ' SELECT 1 FROM lease WHERE lease."group" = cursor."group" AND lease.topic = cursor.topic'
        " AND lease.partition = cursor.partition AND lease.member = ?)",
        (after, seat.group, seat.topic, partition, seat.member),
    )
    return moved.rowcount > 0


def give_back(connection: sqlite3.Connection, seat: Seat, partitions: Iterable[int]) -> None:
    """Let go of some partitions."""
    connection.executemany(
        'DELETE FROM lease WHERE "group" = ? AND topic = ? AND member = ? AND partition = ?',
        [(seat.group, seat.topic, seat.member, partition) for partition in partitions],
    )


def leave(connection: sqlite3.Connection, seat: Seat) -> None:
    """Let go of everything and leave the group."""
    where = (seat.group, seat.topic, seat.member)
    connection.execute('DELETE FROM lease WHERE "group" = ? AND topic = ? AND member = ?', where)
    connection.execute('DELETE FROM member WHERE "group" = ? AND topic = ? AND member = ?', where)


def _gone(expires: float, seat: Seat, now: float) -> bool:
    """Say whether a member is past its time; one from a future the clock was set back from is gone too."""
    return expires < now or expires > now + 2 * seat.lease_seconds


def _forget_gone(connection: sqlite3.Connection, seat: Seat, now: float) -> None:
    connection.execute(
        'DELETE FROM member WHERE "group" = ? AND topic = ? AND member <> ? AND (expires < ? OR expires > ?)',
        (seat.group, seat.topic, seat.member, now, now + 2 * seat.lease_seconds),
    )
    connection.execute(
        'DELETE FROM lease WHERE "group" = ? AND topic = ? AND member <> ? AND member NOT IN'
        ' (SELECT member FROM member WHERE "group" = ? AND topic = ?)',
        (seat.group, seat.topic, seat.member, seat.group, seat.topic),
    )


def _share(connection: sqlite3.Connection, seat: Seat, partitions: int) -> int:
    """Return how many partitions this member should hold; the first few take what does not divide."""
    rows = connection.execute(
        'SELECT member FROM member WHERE "group" = ? AND topic = ? ORDER BY member', (seat.group, seat.topic)
    )
    members = [name for (name,) in rows]
    if seat.member not in members:
        return 0
    each, rest = divmod(partitions, len(members))
    return each + (1 if members.index(seat.member) < rest else 0)


def _leased(connection: sqlite3.Connection, seat: Seat) -> list[int]:
    rows = connection.execute(
        'SELECT partition FROM lease WHERE "group" = ? AND topic = ? AND member = ? ORDER BY partition',
        (seat.group, seat.topic, seat.member),
    )
    return [partition for (partition,) in rows]


def _free(connection: sqlite3.Connection, seat: Seat, partitions: int) -> list[int]:
    rows = connection.execute('SELECT partition FROM lease WHERE "group" = ? AND topic = ?', (seat.group, seat.topic))
    taken = {partition for (partition,) in rows}
    return [partition for partition in range(partitions) if partition not in taken]


def _take_free(connection: sqlite3.Connection, seat: Seat, partitions: int, wanted: int) -> list[int]:
    taken = _free(connection, seat, partitions)[:wanted]
    connection.executemany(
        'INSERT INTO lease ("group", topic, partition, member) VALUES (?, ?, ?, ?)',
        [(seat.group, seat.topic, partition, seat.member) for partition in taken],
    )
    return taken


def _cursors(connection: sqlite3.Connection, seat: Seat, partitions: Iterable[int]) -> dict[int, int]:
    rows = connection.execute(
        'SELECT partition, next FROM cursor WHERE "group" = ? AND topic = ?', (seat.group, seat.topic)
    )
    cursors = dict(rows)
    return {partition: cursors.get(partition, 0) for partition in sorted(partitions)}
