"""What an item changed in the incidents it touches, named and explained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.alerter import comparison, disputes, wording
from services.alerter.accounts import latest
from services.alerter.incident import stand
from services.alerter.parties import Register
from services.alerter.versions import State, difference
from shared.messages import Conflict, Incident, RawItem, Statement

ChangeKind = Literal[
    "new", "conflict", "update", "confirmation", "denial", "correction",
    "repeat", "grade", "merged", "split", "accepted",
]  # fmt: skip
"""The first six are told as alerts, the others only written down."""


@dataclass(frozen=True)
class LedgerChange:
    """One thing that changed, and why, in one or two sentences fit for an alert; ``statements`` caused it."""

    kind: ChangeKind
    incident: str
    statements: tuple[Statement, ...]
    reason: str
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True)
class Touched:
    """An incident before and after an item: what the item added, and which of its own statements it gave up."""

    before: Incident | None
    after: Incident
    fresh: tuple[Statement, ...]
    gone: tuple[Statement, ...]

    @property
    def record(self) -> tuple[Statement, ...]:
        """The statements that were on record before."""
        return self.before.statements if self.before else ()


def touch(
    item: RawItem,
    known: Sequence[Incident],
    homes: Mapping[str, Sequence[Statement]],
    outdated: Mapping[str, State],
    *,
    revived: frozenset[str] = frozenset(),
    parties: Register | None = None,
) -> list[Touched]:
    """Return every incident that *item* changes, the known ones in their order, then the new ones."""
    by_id: dict[str, Incident | None] = {one.id: one for one in known}
    by_id |= {home: None for home in homes if home not in by_id}
    found = []
    for identity, before in by_id.items():
        record = before.statements if before else ()
        gone = tuple(s for s in record if s.claim.id in outdated)
        back = tuple(_revived(s, item) for s in record if s.claim.id in revived)
        fresh = tuple(homes.get(identity, ()))
        if fresh or gone or back:
            changed = {s.claim.id: s.model_copy(update={"state": outdated[s.claim.id]}) for s in gone}
            changed |= {s.claim.id: s for s in back}
            kept = [changed.get(s.claim.id, s) for s in record]
            found.append(Touched(before, stand(identity, [*kept, *fresh], before, parties), (*back, *fresh), gone))
    return found


def _revived(statement: Statement, item: RawItem) -> Statement:
    """Return *statement* standing again, by an edit that goes back to it."""
    return statement.model_copy(update={"state": "standing", "version": item.id, "seen_at": item.seen_at})


def describe(item: RawItem, touched: Sequence[Touched]) -> Iterator[LedgerChange]:
    """Yield what happened to each touched incident: one change of a kind at most, a repeat where nothing else did."""
    for one in touched:
        found = [change for change in _changes(item, one) if change]
        yield from found or [_change("repeat", one, one.fresh, f"{item.source.name} repeats what is on record.")]


def regraded(before: Incident, after: Incident, statements: Sequence[Statement]) -> Iterator[LedgerChange]:
    """Yield the change of an incident's grade, if it has another one now."""
    if before.grade != after.grade:
        reason = f"Graded {after.grade}, after {before.grade or 'none'}: {after.grade_reason}"
        yield LedgerChange("grade", after.id, tuple(statements), reason)


def _changes(item: RawItem, one: Touched) -> Iterator[LedgerChange | None]:
    conflicts = disputes.raised(one.record, one.fresh)
    yield _new(one)
    yield _conflict(one, conflicts)
    if one.gone:
        yield _change("correction", one, (*one.gone, *one.fresh), difference(item, one.gone, one.fresh))
    if one.before is not None:
        yield None if one.gone else _update(one)
        yield _confirmation(one)
    yield _denial(one, conflicts)


def _new(one: Touched) -> LedgerChange | None:
    if one.before is not None:
        return None
    lead = max(one.fresh, key=lambda s: (not s.claim.part, s.claim.stance != "denied"))
    return _change("new", one, one.fresh, f"{wording.says(lead)} of {wording.force(lead.claim.force)}.")


def _conflict(one: Touched, conflicts: Sequence[Conflict]) -> LedgerChange | None:
    return conflict_change(one.after.id, one.fresh, conflicts) if conflicts else None


def conflict_change(incident: str, fresh: Sequence[Statement], conflicts: Sequence[Conflict]) -> LedgerChange:
    """Return the change that *conflicts* (at least one) of *fresh* statements are for *incident*."""
    more = len(conflicts) - 1
    reason = conflicts[0].reason + (f" {more} more point{'s' if more > 1 else ''} in dispute." if more else "")
    involved = dict.fromkeys(c.right.claim.id for c in conflicts)
    statements = tuple(s for s in fresh if s.claim.id in involved)
    return LedgerChange("conflict", incident, statements, reason, tuple(conflicts))


def _update(one: Touched) -> LedgerChange | None:
    """Tell of parties that give a figure apart from their own last one."""
    found = [(old, s) for s in one.fresh for old in [_revised(s, one.record)] if old]
    if not found:
        return None
    reason = " ".join(dict.fromkeys(wording.revision(old, s) for old, s in found[:2]))
    return _change("update", one, tuple(s for _, s in found), reason)


def _revised(statement: Statement, record: Sequence[Statement]) -> Statement | None:
    claim = statement.claim
    if claim.part or claim.stance == "denied":
        return None
    own = [
        s
        for s in record
        if (s.voice, s.claim.force, s.claim.outcome) == (statement.voice, claim.force, claim.outcome)
        and s.state == "standing"
        and not s.claim.part
        and s.claim.stance != "denied"
    ]
    if not own or any(comparison.overlap(s, statement) for s in own):
        return None
    last = latest(own)[-1]
    return last if (statement.published_at or statement.seen_at) >= (last.published_at or last.seen_at) else None


def _confirmation(one: Touched) -> LedgerChange | None:
    """Tell of losses that the victims' own side owns up to for the first time."""
    owned = {(s.claim.force, s.claim.outcome) for s in one.record if s.claim.stance == "confirmed"}
    known = {(s.claim.force, s.claim.outcome) for s in one.record}
    found = [
        s for s in one.fresh if s.claim.stance == "confirmed" and (s.claim.force, s.claim.outcome) in known - owned
    ]
    if not found:
        return None
    return _change(
        "confirmation", one, found, f"Confirmed by the side that suffered the loss: {wording.says(found[0])}."
    )


def _denial(one: Touched, conflicts: Sequence[Conflict]) -> LedgerChange | None:
    """Tell of denials that are not already told as a conflict, and that their voice has not uttered before."""
    told = {c.right.claim.id for c in conflicts if c.dimension == "denial"}
    before = {(s.voice, s.claim.force, s.claim.outcome) for s in one.record if s.claim.stance == "denied"}
    found = [
        s
        for s in one.fresh
        if s.claim.stance == "denied"
        and s.claim.id not in told
        and (s.voice, s.claim.force, s.claim.outcome) not in before
    ]
    return _change("denial", one, found, f"{wording.says(found[0])}.") if found else None


def _change(
    kind: ChangeKind,
    one: Touched,
    statements: Sequence[Statement],
    reason: str,
) -> LedgerChange:
    return LedgerChange(kind, one.after.id, tuple(statements), wording.capital(reason))
