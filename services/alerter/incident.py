"""The standing of an incident: what its statements say together, nothing averaged and nothing dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from services.alerter import disputes, wording
from services.alerter.profile import spots
from shared.messages import Figure, Incident, Outcome, Statement

T = TypeVar("T")
_OUTCOMES: tuple[Outcome, ...] = ("killed", "wounded", "missing", "captured")


def stand(identity: str, statements: Sequence[Statement], before: Incident | None = None) -> Incident:
    """Return the incident *identity* as its *statements* (all of them, in the order they came) make it stand.

    It says what the standing ones say; when none stands any more, what all said, so that a deleted report still shows.
    """
    telling = standing(statements) or list(statements)
    date = most_voices((s, s.claim.date) for s in telling)
    governorate = most_voices((s, s.claim.governorate) for s in telling)
    place = _place(telling, governorate)
    figures = tuple(_figures(telling))
    seen = [s.seen_at for s in statements]
    return Incident(
        id=identity,
        revision=before.revision + 1 if before else 1,
        headline=wording.headline(figures, place or governorate, date),
        date=date,
        place=place,
        governorate=governorate,
        cause=most_voices((s, s.claim.cause) for s in telling if s.claim.cause != "other"),
        figures=figures,
        voices=len({s.voice for s in telling}),
        conflicts=len(disputes.known(standing(statements))),
        first_seen_at=before.first_seen_at if before else min(seen),
        last_seen_at=max(seen),
        statements=tuple(statements),
    )


def standing(statements: Iterable[Statement]) -> list[Statement]:
    """Return the statements nobody took back, changed or deleted."""
    return [s for s in statements if s.state == "standing"]


def most_voices(said: Iterable[tuple[Statement, T | None]]) -> T | None:
    """Return the value that most independent voices give; among equals the one given first."""
    voices: dict[T, set[str]] = defaultdict(set)
    for statement, value in said:
        if value is not None and statement.claim.stance != "denied":
            voices[value].add(statement.voice)
    return max(voices, key=lambda value: len(voices[value]), default=None)


def latest(statements: Iterable[Statement]) -> list[Statement]:
    """Return, of statements on one force and outcome, those that no later item of the same voice revised."""
    by_voice: dict[str, list[Statement]] = defaultdict(list)
    for statement in statements:
        by_voice[statement.voice].append(statement)
    return [kept for said in by_voice.values() for kept in _unrevised(said)]


def _unrevised(said: Sequence[Statement]) -> list[Statement]:
    last = max(said, key=_when)
    return [s for s in said if s.item == last.item]


def _when(statement: Statement) -> datetime:
    return statement.published_at or statement.seen_at


def _place(telling: Sequence[Statement], governorate: str | None) -> str | None:
    local = [s for s in telling if s.claim.governorate in {governorate, None}]
    precise = most_voices((s, s.claim.place) for s in local if spots(s.claim.place, s.claim.governorate))
    return precise or most_voices((s, s.claim.place) for s in local)


def _figures(telling: Sequence[Statement]) -> list[Figure]:
    grouped: dict[tuple[str, Outcome], list[Statement]] = defaultdict(list)
    for statement in telling:
        grouped[statement.claim.force, statement.claim.outcome].append(statement)
    figures = [_figure(force, outcome, said) for (force, outcome), said in grouped.items()]
    return sorted(figures, key=lambda f: (-_weight(f.force, figures), f.force, _OUTCOMES.index(f.outcome)))


def _weight(force: str, figures: Sequence[Figure]) -> int:
    return max(f.voices for f in figures if f.force == force)


def _figure(force: str, outcome: Outcome, said: Sequence[Statement]) -> Figure:
    asserted = [s for s in said if s.claim.stance != "denied"]
    whole = [s for s in asserted if not s.claim.part] or asserted or list(said)
    kept = latest(whole)
    return Figure(
        force=force,
        outcome=outcome,
        min=_bound(min, [s.claim.min for s in kept]),
        max=_bound(max, [s.claim.max for s in kept]),
        voices=len({s.voice for s in said}),
        denied=len(asserted) < len(said),
    )


def _bound(choose: Callable[[Iterable[int]], int], bounds: Sequence[int | None]) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return choose(known) if known and len(known) == len(bounds) else None
