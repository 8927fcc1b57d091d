"""What an analyst orders about incidents, as a value that is kept, and what the ledger makes of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.alerter import disputes
from services.alerter.changes import LedgerChange, conflict_change, regraded
from services.alerter.incident import stand
from services.alerter.joining import Unfit, merge, split
from services.alerter.ledger import Decision
from services.alerter.rules import RULES, Rules
from shared.messages import Incident, Message, Moment

__all__ = ["Ruling", "Unfit", "rule"]


class Ruling(Message):
    """One order, in terms of claims: incidents may be called otherwise after a rebuild, claims are not.

    ``merge``: the incidents that hold *claims* (one each) are one. ``split``: *claims* are an incident of their own.
    ``accept``: *claims* are rightly where they are; they need no further review.
    """

    kind: Literal["merge", "split", "accept"]
    claims: tuple[str, ...]
    reason: str
    actor: str
    at: Moment


def rule(ruling: Ruling, known: Sequence[Incident], rules: Rules = RULES) -> Decision:
    """Return what *ruling* changes in *known*, the incidents that hold its claims, in the order of the claims.

    Raises:
        Unfit: it makes no sense for these incidents.

    """
    if ruling.kind == "merge":
        return _merge(ruling, known, rules)
    if len(known) != 1:
        raise Unfit(f"the claims are of {len(known)} incidents; name claims of one")
    return _split(ruling, known[0], rules) if ruling.kind == "split" else _accept(ruling, known[0], rules)


def _merge(ruling: Ruling, known: Sequence[Incident], rules: Rules) -> Decision:
    if len(known) != 2:  # noqa: PLR2004 - a pair
        raise Unfit(f"two incidents can be merged, not {len(known)}")
    keep, gone = merge(known[0], known[1], rules.parties)
    held, dropped = sorted(known, key=lambda one: one.id != keep.id)
    reason = f"{ruling.actor} merged incident {gone.id} ({dropped.headline}) into this one: {ruling.reason}"
    changes = [LedgerChange("merged", keep.id, dropped.statements, reason)]
    standing = [[s for s in one.statements if s.state == "standing"] for one in (held, dropped)]
    if conflicts := disputes.raised(*standing):
        changes.append(conflict_change(keep.id, dropped.statements, conflicts))
    changes += regraded(held, keep, dropped.statements)
    return Decision((keep, gone), tuple(changes), {})


def _split(ruling: Ruling, whole: Incident, rules: Rules) -> Decision:
    rest, new = split(whole, ruling.claims, rules.parties)
    reason = f"{ruling.actor} made incident {new.id} of a part of this one: {ruling.reason}"
    changes = [LedgerChange("split", whole.id, new.statements, reason), *regraded(whole, rest, new.statements)]
    reason = f"{ruling.actor} made it of a part of incident {whole.id}: {ruling.reason}"
    return Decision((rest, new), (*changes, LedgerChange("split", new.id, new.statements, reason)), {})


def _accept(ruling: Ruling, home: Incident, rules: Rules) -> Decision:
    accepted = [s for s in home.statements if s.claim.id in ruling.claims]
    told = [s.model_copy(update={"review": None}) if s in accepted else s for s in home.statements]
    after = stand(home.id, told, home, rules.parties)
    reason = f"{ruling.actor} looked at it, and it belongs here: {ruling.reason}"
    return Decision((after,), (LedgerChange("accepted", home.id, tuple(accepted), reason),), {})
