"""What an edit or a deletion does to the statements an item made before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.alerter import wording
from shared.messages import RawItem, Statement

State = Literal["superseded", "withdrawn", "deleted"]


def stale(item: RawItem, record: Sequence[Statement]) -> bool:
    """Say whether a later version of *item* is on record already."""
    return any(s.seen_at > item.seen_at for s in record if s.version != item.id)


def said_before(statement: Statement, record: Sequence[Statement]) -> Statement | None:
    """Return the statement on record that says exactly what *statement* of a later version says."""
    return next((s for s in record if s.claim.id == statement.claim.id or _content(s) == _content(statement)), None)


def outdated(item: RawItem, record: Sequence[Statement], told: Sequence[Statement]) -> dict[str, State]:
    """Return the new state of every standing statement of *item* that its new version no longer makes, by claim id."""
    if item.change == "new":
        return {}
    if item.change == "deleted":
        return {s.claim.id: "deleted" for s in record if s.state == "standing"}
    said = {_content(s) for s in told}
    subjects = {_subject(s) for s in told}
    return {
        s.claim.id: "superseded" if _subject(s) in subjects else "withdrawn"
        for s in record
        if s.state == "standing" and _content(s) not in said
    }


def revived(item: RawItem, repeated: Sequence[Statement]) -> frozenset[str]:
    """Return the claim ids of statements given up before that the edited *item* makes again."""
    if item.change != "edited":
        return frozenset()
    return frozenset(s.claim.id for s in repeated if s.state != "standing")


def difference(item: RawItem, before: Sequence[Statement], after: Sequence[Statement]) -> str:
    """Return one sentence on what a new version changed in one incident."""
    was = "; ".join(dict.fromkeys(map(wording.claimed, before))) or "nothing on this incident"
    if item.change == "deleted":
        return f"{item.source.name} deleted its report of {was}."
    now = "; ".join(dict.fromkeys(map(wording.claimed, after))) or "nothing on this incident"
    return f"{item.source.name} changed its report: it said {was}, and now says {now}."


def _subject(statement: Statement) -> tuple[str, str]:
    return (statement.claim.force, statement.claim.outcome)


def _content(statement: Statement) -> tuple[object, ...]:
    c = statement.claim
    figure = (c.force, c.outcome, c.min, c.max, c.part, c.total)
    scene = (c.place, c.governorate, c.date, c.cause)
    return (*figure, *scene, c.stance, c.attributed_to, c.party, c.names)
