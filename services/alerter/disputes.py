"""The conflicts of an incident: which are open, and which a new statement raises for the first time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from services.alerter import comparison
from services.alerter.comparison import Verdict
from shared.messages import Conflict, Statement

Cause = tuple[str, str, str, tuple[tuple[str, ...], ...]]
"""What makes two conflicts the same: force, outcome, dimension and the pair of values."""


def key(statement: Statement, verdict: Verdict) -> Cause:
    """Return what a conflict found by *verdict* is raised for, once for ever."""
    return (statement.claim.force, statement.claim.outcome, verdict.dimension, tuple(sorted(verdict.values)))


def key_of(conflict: Conflict) -> Cause:
    """Return the cause of a *conflict* that was raised."""
    verdict = next(v for v in comparison.compare(conflict.left, conflict.right) if v.dimension == conflict.dimension)
    return key(conflict.right, verdict)


def known(statements: Sequence[Statement]) -> set[Cause]:
    """Return the causes of all conflicts between *statements*."""
    found = set()
    for left, right in _pairs(statements):
        if verdict := comparison.conflict(left, right):
            found.add(key(right, verdict))
    return found


def raised(record: Sequence[Statement], fresh: Sequence[Statement]) -> list[Conflict]:
    """Return the conflicts of *fresh* statements with *record* and each other, without those raised before."""
    past, seen, found = _distinct(record), known(record), []
    for statement in fresh:
        for other in past:
            verdict = comparison.conflict(other, statement)
            if verdict and (cause := key(statement, verdict)) not in seen:
                seen.add(cause)
                found.append(_conflict(other, statement, verdict))
        past.append(statement)
    return found


def _conflict(left: Statement, right: Statement, verdict: Verdict) -> Conflict:
    return Conflict(
        dimension=verdict.dimension,
        force=right.claim.force,
        outcome=right.claim.outcome,
        left=left,
        right=right,
        reason=verdict.reason,
    )


def _pairs(statements: Iterable[Statement]) -> Iterator[tuple[Statement, Statement]]:
    """Yield enough pairs to find every cause: of two contents one pair of different voices and one of the same."""
    said: dict[tuple[object, ...], dict[str, Statement]] = defaultdict(dict)
    for statement in statements:
        said[_content(statement)].setdefault(statement.voice, statement)
    for left, right in combinations(said.values(), 2):
        first, *others = left
        different = next((voice for voice in right if voice != first), None)
        if different:
            yield left[first], right[different]
        elif others:
            yield left[others[0]], right[first]
        if common := next((voice for voice in left if voice in right), None):
            yield left[common], right[common]


def _distinct(statements: Iterable[Statement]) -> list[Statement]:
    """Keep the first of those that no comparison can tell apart, so that a thousand repeats cost nothing."""
    first: dict[tuple[object, ...], Statement] = {}
    for statement in statements:
        first.setdefault((statement.voice, *_content(statement)), statement)
    return list(first.values())


def _content(statement: Statement) -> tuple[object, ...]:
    c = statement.claim
    return (c.force, c.outcome, c.min, c.max, c.stance, c.cause, c.governorate, c.part)
