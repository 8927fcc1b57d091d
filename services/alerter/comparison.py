"""How two claims on one incident stand to each other, dimension by dimension, as the glossary defines conflict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from services.alerter import wording
from shared.messages import Dimension, Statement

Relation = Literal["agrees", "refines", "supersedes", "conflicts", "not comparable"]
Values = frozenset[tuple[str, ...]]


@dataclass(frozen=True)
class Verdict:
    """How a later statement stands to an earlier one in one dimension, and the pair of values that rests on."""

    dimension: Dimension
    relation: Relation
    explain: Callable[[], str] = field(compare=False)
    values: Values = frozenset()

    @property
    def reason(self) -> str:
        """Why, in one sentence fit for an alert; put together only when someone asks."""
        return self.explain()


def compare(left: Statement, right: Statement) -> tuple[Verdict, ...]:
    """Return the verdict in every dimension, of an earlier statement *left* and a later *right* of one incident.

    Claims on different forces or outcomes are comparable in none: the answer is empty.
    """
    return tuple(_verdicts(left, right))


def conflict(left: Statement, right: Statement) -> Verdict | None:
    """Return the first dimension in which the two conflict: denial, count, cause, place; None when they do not."""
    return next((v for v in _verdicts(left, right) if v.relation == "conflicts"), None)


def _verdicts(left: Statement, right: Statement) -> Iterator[Verdict]:
    if (left.claim.force, left.claim.outcome) == (right.claim.force, right.claim.outcome):
        for dimension in (_denial, _count, _cause, _place):
            yield dimension(left, right)


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
    if overlap(left, right):
        same = (a.min, a.max) == (b.min, b.max)
        narrower = _width(right) < _width(left)
        reason = "Both give the same number." if same else "The ranges share a number."
        return Verdict("count", "refines" if narrower else "agrees", lambda: reason)
    if left.voice == right.voice:
        return Verdict(
            "count", "supersedes", partial(wording.revision, left, right), _pair(_range(left), _range(right))
        )
    return Verdict("count", "conflicts", partial(wording.both_sides, left, right), _pair(_range(left), _range(right)))


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
        return Verdict("place", "agrees", lambda: f"Both say {a.governorate}.")
    return Verdict(
        "place", "conflicts", partial(wording.both_places, left, right), _pair((a.governorate,), (b.governorate,))
    )


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
