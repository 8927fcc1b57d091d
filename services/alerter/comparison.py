"""How two claims on one incident stand to each other, dimension by dimension, as the glossary defines conflict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Literal

from services.alerter import wording
from services.alerter.linking import related
from services.alerter.marks import marks
from services.alerter.sounds import name_key, same_name
from shared.messages import Dimension, Statement

Facet = Literal["denial", "count", "cause", "place", "date", "perpetrator", "identity"]
"""What two claims can be held against each other by. The first four raise alerts (see :func:`conflict`)."""
Relation = Literal["agrees", "refines", "supersedes", "conflicts", "not comparable"]
Values = frozenset[tuple[str, ...]]

NIGHT = 1
"""Days by which sources often date one event differently: the night between."""


@dataclass(frozen=True)
class Verdict:
    """How a later statement stands to an earlier one in one dimension, and the pair of values that rests on."""

    dimension: Facet
    relation: Relation
    explain: Callable[[], str] = field(compare=False)
    values: Values = frozenset()

    @property
    def reason(self) -> str:
        """Why, in one sentence fit for an alert; put together only when someone asks."""
        return self.explain()


Rule = Callable[[Statement, Statement], Verdict]


def compare(left: Statement, right: Statement) -> tuple[Verdict, ...]:
    """Return the verdict in every dimension, of an earlier statement *left* and a later *right* of one incident.

    Claims on different outcomes are comparable in none: the answer is empty. Claims on different forces are comparable
    only in who the victims were.
    """
    if left.claim.outcome != right.claim.outcome:
        return ()
    rules = RULES.values() if left.claim.force == right.claim.force else (RULES["identity"],)
    return tuple(rule(left, right) for rule in rules)


def conflict(left: Statement, right: Statement) -> Verdict | None:
    """Return the first of denial, count, cause and place in which the two conflict; None when they do not.

    These are the conflicts that the glossary defines, and that alerts are raised for.
    """
    if (left.claim.force, left.claim.outcome) != (right.claim.force, right.claim.outcome):
        return None
    found = (RULES[dimension](left, right) for dimension in ALARMING)
    return next((verdict for verdict in found if verdict.relation == "conflicts"), None)


def overlap(left: Statement, right: Statement) -> bool:
    """Say whether the ranges of two statements share a number; a missing bound is open."""
    (a, b), (c, d) = _bounds(left), _bounds(right)
    return a <= d and c <= b


def _denial(left: Statement, right: Statement) -> Verdict:
    denied = (left.claim.stance == "denied", right.claim.stance == "denied")
    if denied[0] == denied[1]:
        return Verdict("denial", "agrees", lambda: "Both deny it." if denied[0] else "Neither denies it.")
    return Verdict(
        "denial", "conflicts", partial(wording.both_sides, left, right), _pair(_stance(left), _stance(right))
    )


def _count(left: Statement, right: Statement) -> Verdict:
    a, b = left.claim, right.claim
    if "denied" in (a.stance, b.stance):
        return Verdict("count", "not comparable", lambda: "A denial states no number of its own.")
    if a.part or b.part:
        return Verdict("count", "not comparable", lambda: "One figure is a stated part of a larger one.")
    if a.total or b.total:
        return Verdict("count", "not comparable", lambda: "One figure is a total over a period.")
    if overlap(left, right):
        same = (a.min, a.max) == (b.min, b.max)
        narrower = _width(right) < _width(left)
        reason = "Both give the same number." if same else "The ranges share a number."
        return Verdict("count", "refines" if narrower else "agrees", lambda: reason)
    values = _pair(_range(left), _range(right))
    if left.voice == right.voice:
        return Verdict("count", "supersedes", partial(wording.revision, left, right), values)
    return Verdict("count", "conflicts", partial(wording.both_sides, left, right), values)


def _cause(left: Statement, right: Statement) -> Verdict:
    a, b = left.claim, right.claim
    if "denied" in (a.stance, b.stance) or not a.cause or not b.cause or "other" in (a.cause, b.cause):
        return Verdict("cause", "not comparable", lambda: "Not both state a definite cause.")
    said = wording.cause(a.cause)
    if a.cause == b.cause:
        return Verdict("cause", "agrees", lambda: f"Both say {said}.")
    return Verdict("cause", "conflicts", partial(wording.both_causes, left, right), _pair((a.cause,), (b.cause,)))


def _place(left: Statement, right: Statement) -> Verdict:
    a, b = left.claim, right.claim
    if "denied" in (a.stance, b.stance) or not a.governorate or not b.governorate:
        return Verdict("place", "not comparable", lambda: "Not both say where.")
    if a.governorate == b.governorate:
        finer = bool(b.place) and a.place in {None, a.governorate} and b.place != b.governorate
        return Verdict("place", "refines" if finer else "agrees", lambda: f"Both say {a.governorate}.")
    return Verdict(
        "place", "conflicts", partial(wording.both_places, left, right), _pair((a.governorate,), (b.governorate,))
    )


def _date(left: Statement, right: Statement) -> Verdict:
    """Hold two stated days against each other: days of one battle are not in conflict, only those of one figure are."""
    a, b = left.claim, right.claim
    if "denied" in (a.stance, b.stance) or not a.date or not b.date:
        return Verdict("date", "not comparable", lambda: "Not both say when.")
    days = (wording.day(a.date), wording.day(b.date))
    if a.date == b.date:
        return Verdict("date", "agrees", lambda: f"Both say {days[0]}.")
    if abs((a.date - b.date).days) <= NIGHT:
        return Verdict("date", "agrees", lambda: f"{days[0]} and {days[1]} lie a night apart.")
    if not overlap(left, right):
        return Verdict("date", "not comparable", lambda: "The figures may be of different days of the fighting.")
    values = _pair((a.date.isoformat(),), (b.date.isoformat(),))
    explain = partial(wording.both, left, right, *days)
    return Verdict("date", "supersedes" if left.voice == right.voice else "conflicts", explain, values)


def _perpetrator(left: Statement, right: Statement) -> Verdict:
    """Hold two stated perpetrators against each other; outlets that relay one speaker differently conflict too."""
    a, b = left.claim.perpetrator, right.claim.perpetrator
    if "denied" in (left.claim.stance, right.claim.stance) or not a or not b:
        return Verdict("perpetrator", "not comparable", lambda: "Not both say by whom.")
    if a == b:
        return Verdict("perpetrator", "agrees", lambda: f"Both say {wording.force(a)}.")
    if "ARMED" in (a, b):
        relation: Relation = "refines" if a == "ARMED" else "agrees"
        return Verdict("perpetrator", relation, lambda: "One of them leaves the side open.")
    same = (left.voice, left.source.id) == (right.voice, right.source.id)
    explain = partial(wording.both, left, right, f"by {wording.force(a)}", f"by {wording.force(b)}")
    return Verdict("perpetrator", "supersedes" if same else "conflicts", explain, _pair((a,), (b,)))


def _identity(left: Statement, right: Statement) -> Verdict:
    """Hold what two claims say of who the victims were: their force, and within one force their rank or role."""
    a, b = left.claim, right.claim
    if "denied" in (a.stance, b.stance):
        return Verdict("identity", "not comparable", lambda: "A denial names no victims.")
    if a.force == b.force:
        return _roles(left, right)
    if not _same_victims(left, right):
        return Verdict("identity", "not comparable", lambda: "They may speak of different groups.")
    if "ARMED" in (a.force, b.force):
        relation: Relation = "refines" if a.force == "ARMED" else "agrees"
        return Verdict("identity", relation, lambda: "One of them leaves the side open.")
    if left.voice == right.voice:
        return Verdict("identity", "not comparable", lambda: "One speaker names two groups.")
    explain = partial(wording.both, left, right, wording.force(a.force), wording.force(b.force))
    return Verdict("identity", "conflicts", explain, _pair((a.force,), (b.force,)))


def _roles(left: Statement, right: Statement) -> Verdict:
    a, b = marks(left.claim).roles, marks(right.claim).roles
    if not a or not b:
        relation: Relation = "refines" if b and not a else "agrees"
        return Verdict("identity", relation, lambda: f"Both say {wording.force(left.claim.force)}.")
    if a & b:
        return Verdict("identity", "agrees", lambda: f"Both speak of the same: {', '.join(sorted(a & b))}.")
    if left.voice == right.voice or left.claim.part or right.claim.part:
        return Verdict("identity", "not comparable", lambda: "They may speak of different members of the force.")
    ranks = (tuple(sorted(a)), tuple(sorted(b)))
    return Verdict("identity", "conflicts", partial(wording.both, left, right, *map(", ".join, ranks)), _pair(*ranks))


def _same_victims(left: Statement, right: Statement) -> bool:
    """Say whether claims on two forces count the same people: a shared name, or one exact number of near forces."""
    a, b = left.claim, right.claim
    if any(same_name(name_key(x), name_key(y)) for x, y in product(a.names, b.names)):
        return True
    near = b.force in related(a.force) or a.force in related(b.force)
    exact = a.min is not None and a.min == a.max == b.min == b.max
    return near and exact and not (a.part or b.part)


RULES: dict[Facet, Rule] = {
    "denial": _denial,
    "count": _count,
    "cause": _cause,
    "place": _place,
    "date": _date,
    "perpetrator": _perpetrator,
    "identity": _identity,
}
ALARMING: tuple[Dimension, ...] = ("denial", "count", "cause", "place")
"""The dimensions of the glossary's conflict, in the order in which a pair is judged."""


def _bounds(statement: Statement) -> tuple[float, float]:
    low, high = statement.claim.min, statement.claim.max
    return (0 if low is None else low, math.inf if high is None else high)


def _width(statement: Statement) -> float:
    low, high = _bounds(statement)
    return high - low


def _range(statement: Statement) -> tuple[str, ...]:
    return tuple(str(bound) for bound in _bounds(statement))


def _stance(statement: Statement) -> tuple[str, ...]:
    return (statement.claim.stance, *_range(statement))


def _pair(left: tuple[str, ...], right: tuple[str, ...]) -> Values:
    return frozenset({left, right})
