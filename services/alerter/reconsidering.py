"""What new evidence means for what was decided before: claims move, and incidents turn out to be one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.alerter import disputes, joining, wording
from services.alerter.changes import LedgerChange, Touched, conflict_change
from services.alerter.incident import stand
from services.alerter.linking import Link
from services.alerter.profile import Profile, profile
from services.alerter.rules import Rules
from shared.messages import Incident, Statement


@dataclass
class Book:
    """The incidents at hand while they are reconsidered: as they were on record, and as they are now."""

    before: Mapping[str, Incident]
    profiles: Mapping[str, Profile]
    """Of the incidents on record, as they were."""
    now: dict[str, Incident]
    changes: list[LedgerChange] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    """Incidents merged in this decision, and what each was merged into."""

    @classmethod
    def of(cls, known: Sequence[Incident], profiles: Sequence[Profile]) -> Book:
        """Return the book of what is on record, incidents and their profiles in one order."""
        before = {one.id: one for one in known}
        return cls(before, {one.id: found for one, found in zip(known, profiles, strict=True)}, dict(before))

    def profile(self, incident: str) -> Profile:
        """Return the profile of an incident as it is now."""
        now = self.now[incident]
        known = now is self.before.get(incident)
        return self.profiles[incident] if known else profile(now.statements, incident)

    def carry(self, part: str, home: str, where: str, why: Link, *, rules: Rules) -> None:
        """Move what item *part* says from *home* to *where*."""
        source, target = self.now[home], self.now[where]
        moved = [s for s in source.statements if s.item == part]
        left = [s for s in source.statements if s.item != part]
        placed = [
            s.model_copy(update={"review": None, "link_score": round(why.score, 3), "link_reason": why.explanation})
            for s in moved
        ]
        self.now[home] = stand(home, left, self.before.get(home), rules.parties)
        self.now[where] = stand(where, [*target.statements, *placed], self.before.get(where), rules.parties)
        said = f"{moved[0].source.name} ({wording.says(moved[0])})"
        reason = f"What is told by {said} moved to incident {where}, which fits better: {why.explanation}."
        self.changes.append(LedgerChange("split", home, tuple(placed), reason))

    def join(self, one: Touched, other: Incident, why: Link, *, rules: Rules) -> None:
        """Merge what was touched with *other*; conflicts between the two come to light now."""
        mine = self.now[one.after.id]
        keep, gone = joining.merge(mine, other, rules.parties)
        held, dropped = (mine, other) if keep.id == mine.id else (other, mine)
        self.now |= {keep.id: keep, gone.id: gone}
        self.renamed[gone.id] = keep.id
        reason = f"Incident {gone.id} ({dropped.headline}) is the same incident: {why.explanation}."
        self.changes.append(LedgerChange("merged", keep.id, one.fresh, reason))
        standing = [s for s in held.statements if s.state == "standing"]
        if conflicts := disputes.raised(standing, [s for s in dropped.statements if s.state == "standing"]):
            self.changes.append(conflict_change(keep.id, dropped.statements, conflicts))

    def changed(self) -> list[Incident]:
        """Return every incident that is not as it was, in the order of the book."""
        return [one for one in self.now.values() if one is not self.before.get(one.id)]


def reconsider(item: str, touched: Sequence[Touched], book: Book, rules: Rules) -> Book:
    """Return the book after *item* touched incidents: moved claims and merged incidents, each with its change.

    Claims move only when they were marked for review, or when *item* itself tells two incidents apart that were taken
    for one; and only to an incident that *item* has just told more about.
    """
    book.now |= {t.after.id: t.after for t in touched}
    told = [t for t in touched if t.fresh]
    if told:
        _move(item, told, book, rules)
        _merge(told, book, rules)
    return book


def _move(item: str, told: Sequence[Touched], book: Book, rules: Rules) -> None:
    new = {t.after.id for t in told if t.before is None}
    heard = {t.after.id for t in told if t.before is not None}
    for home in list(book.now.values()):
        targets = {t.after.id: t.after.statements for t in told if t.after.id not in {home.id, *home.apart}}
        apart = {one: held for one, held in targets.items() if home.id in heard and one in new}
        for others, asked in ((apart, _standing), (targets, _reviewed)):
            for part, (where, why) in _misplaced(book.now[home.id], others, item, asked, rules):
                book.carry(part, home.id, where, why, rules=rules)


Test = Callable[[Sequence[Statement]], bool]


def _reviewed(said: Sequence[Statement]) -> bool:
    return any(s.review for s in said if s.state == "standing")


def _standing(said: Sequence[Statement]) -> bool:
    return any(s.state == "standing" for s in said)


def _misplaced(
    home: Incident, others: Mapping[str, Sequence[Statement]], item: str, asked: Test, rules: Rules
) -> Iterator[tuple[str, tuple[str, Link]]]:
    if others:
        every = joining.by_item(home.statements)
        parts = {part: said for part, said in every.items() if part != item and asked(said)}
        yield from joining.misplaced(home, parts, others, rules).items()


def _merge(told: Sequence[Touched], book: Book, rules: Rules) -> None:
    for one in told:
        mine = book.now[one.after.id]
        if one.before is None or mine.status != "open":
            continue
        own = book.profile(mine.id)
        for other in list(book.now.values()):
            if other.id == mine.id or other.status != "open":
                continue
            if why := joining.same(mine, other, (own, book.profile(other.id)), rules):
                book.join(one, other, why, rules=rules)
                break
