"""The standing of an incident: what its statements say together, nothing averaged and nothing dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from services.alerter import disputes, wording
from services.alerter.accounts import KINDS, accounts, by_subject, kind, latest, standing
from services.alerter.comparison import ALARMING
from services.alerter.grading import grade
from services.alerter.parties import Register
from services.alerter.profile import spots
from shared.messages import Figure, Incident, Outcome, PartyKind, Share, Statement

T = TypeVar("T")
_OUTCOMES: tuple[Outcome, ...] = ("killed", "wounded", "missing", "captured")


def stand(
    identity: str, statements: Sequence[Statement], before: Incident | None = None, parties: Register | None = None
) -> Incident:
    """Return the incident *identity* as its *statements* (all of them, in the order they came) make it stand.

    It says what the standing ones say; when none stands any more, what all said, so that a deleted report still shows.
    """
    stands = standing(statements)
    telling = stands or list(statements)
    date = most_voices((s, s.claim.date) for s in telling)
    governorate = most_voices((s, s.claim.governorate) for s in telling)
    place = _place(telling, governorate)
    figures = tuple(_figures(telling, parties))
    told = tuple(accounts(telling, parties))
    open_disputes = disputes.unsettled(stands)
    graded, why = grade(told, open_disputes, stands=bool(stands))
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
        conflicts=sum(dispute.dimension in ALARMING for dispute in open_disputes),
        first_seen_at=before.first_seen_at if before else min(seen),
        last_seen_at=max(seen),
        statements=tuple(statements),
        grade=graded,
        grade_reason=why,
        disputes=tuple(open_disputes),
        accounts=told,
        apart=before.apart if before else (),
    )


def most_voices(said: Iterable[tuple[Statement, T | None]]) -> T | None:
    """Return the value that most independent voices give; among equals the one given first."""
    voices: dict[T, set[str]] = defaultdict(set)
    for statement, value in said:
        if value is not None and statement.claim.stance != "denied":
            voices[value].add(statement.voice)
    return max(voices, key=lambda value: len(voices[value]), default=None)


def _place(telling: Sequence[Statement], governorate: str | None) -> str | None:
    local = [s for s in telling if s.claim.governorate in {governorate, None}]
    precise = most_voices((s, s.claim.place) for s in local if spots(s.claim.place, s.claim.governorate))
    return precise or most_voices((s, s.claim.place) for s in local)


def _figures(telling: Sequence[Statement], parties: Register | None) -> list[Figure]:
    figures = [_figure(said, parties) for said in by_subject(telling).values()]
    return sorted(figures, key=lambda f: (-_weight(f.force, figures), f.force, _OUTCOMES.index(f.outcome)))


def _weight(force: str, figures: Sequence[Figure]) -> int:
    return max(f.voices for f in figures if f.force == force)


def _figure(said: Sequence[Statement], parties: Register | None) -> Figure:
    asserted = [s for s in said if s.claim.stance != "denied"]
    low, high = _range(said)
    return Figure(
        force=said[0].claim.force,
        outcome=said[0].claim.outcome,
        min=low,
        max=high,
        voices=len({s.voice for s in said}),
        denied=len(asserted) < len(said),
        shares=tuple(_shares(said, parties)),
    )


def _shares(said: Sequence[Statement], parties: Register | None) -> Iterator[Share]:
    """Yield the same figure for each kind of voice: what a side says of itself stays apart from what others say."""
    grouped: dict[PartyKind, list[Statement]] = defaultdict(list)
    for statement in said:
        grouped[kind(statement, parties)].append(statement)
    for one in KINDS:
        if one in grouped:
            low, high = _range(grouped[one])
            yield Share(kind=one, min=low, max=high, voices=len({s.voice for s in grouped[one]}))


def _range(said: Sequence[Statement]) -> tuple[int | None, int | None]:
    """Return the least and the greatest number that any voice last gave for the whole of the loss."""
    asserted = [s for s in said if s.claim.stance != "denied"]
    whole = [s for s in asserted if not s.claim.part] or asserted or said
    kept = latest(whole)
    return _bound(min, [s.claim.min for s in kept]), _bound(max, [s.claim.max for s in kept])


def _bound(choose: Callable[[Iterable[int]], int], bounds: Sequence[int | None]) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return choose(known) if known and len(known) == len(bounds) else None
