"""The conflicts of an incident: which are open, in every dimension, and which a new statement raises first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from services.alerter import comparison
from services.alerter.accounts import by_subject, latest
from services.alerter.comparison import ALARMING, RULES, Facet, Verdict
from services.alerter.marks import marks
from shared.messages import Claim, Conflict, Dispute, Statement

MOST = 50
"""Disputes kept of one incident; more than that nobody reads, and a hostile source could make them without end."""

REVISED = frozenset({"count", "denial"})
"""Dimensions in which a voice's last word alone counts."""

Content = Callable[[Statement], tuple[object, ...]]
"""What a comparison looks at in a statement, beside its voice."""

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
    for left, right in _pairs(statements, _content):
        if verdict := comparison.conflict(left, right):
            found.add(key(right, verdict))
    return found


def unsettled(statements: Sequence[Statement]) -> list[Dispute]:
    """Return the open disputes between *statements* (those standing), dimension by dimension, each pair of values once.

    They include what raises no alert: days, perpetrators, and who the victims were. A number or a denial that its own
    voice has revised since is settled; a cause or a place that it named stays named when it is left out later.
    """
    found: dict[tuple[object, ...], Dispute] = {}
    last = [s for said in by_subject(statements).values() for s in latest(said)]
    for dimension, content in _CONTENTS.items():
        for left, right in _pairs(last if dimension in REVISED else statements, content):
            if left.claim.outcome != right.claim.outcome:
                continue
            if dimension != "identity" and left.claim.force != right.claim.force:
                continue
            verdict = RULES[dimension](left, right)
            if verdict.relation == "conflicts":
                found.setdefault(key(right, verdict), _dispute(left, right, verdict))
            if len(found) >= MOST:
                return list(found.values())
    return list(found.values())


def raised(record: Sequence[Statement], fresh: Sequence[Statement]) -> list[Conflict]:
    """Return the conflicts of *fresh* statements with *record* and each other, without those raised before."""
    past, seen, found = _distinct(record), None, []
    said = {(s.voice, *_content(s)) for s in past}
    for statement in fresh:
        if (statement.voice, *_content(statement)) in said:
            continue  # its voice has said exactly this before: whatever it conflicts with was raised then
        for other in past:
            if not (verdict := comparison.conflict(other, statement)):
                continue
            seen = known(record) if seen is None else seen  # dear in a long dispute, and mostly not needed
            if (cause := key(statement, verdict)) not in seen:
                seen.add(cause)
                found.append(_conflict(other, statement, verdict))
        past.append(statement)
        said.add((statement.voice, *_content(statement)))
    return found


def _dispute(left: Statement, right: Statement, verdict: Verdict) -> Dispute:
    return Dispute(
        dimension=verdict.dimension,
        force=right.claim.force,
        outcome=right.claim.outcome,
        left=left.claim.id,
        right=right.claim.id,
        reason=verdict.reason,
    )


def _conflict(left: Statement, right: Statement, verdict: Verdict) -> Conflict:
    return Conflict(
        dimension=next(dimension for dimension in ALARMING if dimension == verdict.dimension),
        force=right.claim.force,
        outcome=right.claim.outcome,
        left=left,
        right=right,
        reason=verdict.reason,
    )


def _pairs(statements: Iterable[Statement], content: Content) -> Iterator[tuple[Statement, Statement]]:
    """Yield enough pairs to find every cause: of two contents one pair of different voices and one of the same."""
    said: dict[tuple[object, ...], dict[str, Statement]] = defaultdict(dict)
    for statement in statements:
        said[content(statement)].setdefault(statement.voice, statement)
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


def _within(*fields: str) -> Content:
    """Return what a dimension that looks at *fields* of claims on one force and outcome tells statements apart by."""

    def content(statement: Statement) -> tuple[object, ...]:
        c = statement.claim
        denied = c.stance == "denied"
        return (c.force, c.outcome, denied, *(None if denied else getattr(c, name) for name in fields))

    return content


def _victims(statement: Statement) -> tuple[object, ...]:
    c: Claim = statement.claim
    return (c.force, c.outcome, c.stance == "denied", c.min, c.max, c.part, c.names, tuple(sorted(marks(c).roles)))


_CONTENTS: dict[Facet, Content] = {
    "denial": _within(),
    "count": _within("min", "max", "part"),
    "cause": _within("cause"),
    "place": _within("governorate"),
    "date": _within("date", "min", "max"),
    "perpetrator": lambda s: (*_within("perpetrator")(s), s.source.id),
    "identity": _victims,
}
