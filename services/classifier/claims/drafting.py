"""Pure: from figures to drafts of claims, each field with its words and what decided it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from services.classifier.claims import causes, dates, forces, outcomes, perpetrators, places, ranges, speakers, stance
from services.classifier.claims.choices import likeliest_outcome
from services.classifier.claims.dates import Moment
from services.classifier.claims.figures import Figure
from services.classifier.claims.speakers import Speaker
from services.classifier.data import Theatre
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

LEAST = 0.5
"""How likely a total or a part must be."""
FURTHER = 0.8
"""How likely a further outcome of the same victims must be: "killing and wounding scores"."""
MOST = 300
"""Claims read from one document at most, so that a hostile one costs no more."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one field of a draft was read (words *first* to *last*, exclusive), what decided it, how surely."""

    name: str
    first: int
    last: int
    rule: str
    chance: float


@dataclass(slots=True)
class Draft:
    """One claim in the making."""

    figure: Figure
    outcome: str
    low: int | None
    high: int | None
    force: str
    stance: str
    speaker: Speaker | None = None
    place: int | None = None
    governorate: str | None = None
    day: date | None = None
    cause: str | None = None
    perpetrator: str | None = None
    total: bool = False
    part: bool = False
    traces: list[Trace] = field(default_factory=list)

    def chance_of(self, name: str) -> float:
        """Return how sure the field *name* is; 1 when nothing was weighed for it."""
        return next((trace.chance for trace in self.traces if trace.name == name), 1.0)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a document offers every figure in it."""

    reading: Reading
    theatre: Theatre
    moments: list[Moment]
    places: list[Mark]

    @classmethod
    def of(cls, reading: Reading, theatre: Theatre) -> Scene:
        """Return the dates and places of *reading* that a figure may point to."""
        moments = [moment for moment in dates.moments(reading)[0] if moment.day]
        return cls(reading, theatre, moments, places.places(reading, theatre.places))


def drafts_of(scene: Scene, figures: list[Figure]) -> list[Draft]:
    """Return the drafts of *figures*: for the likeliest outcome, and for further ones that are as good as sure."""
    found: list[Draft] = []
    for figure in figures:
        chances = figure.weighed.outcomes
        both = outcomes.shared_outcomes(scene.reading, figure.first, figure.last)
        likely = [
            name for name in chances if name in (both or (likeliest_outcome(figure),)) or chances[name] >= FURTHER
        ]
        shared = _draft(scene, figure)
        for outcome in likely:
            trace = Trace("outcome", *_where(scene.reading, figure, outcome), outcome, chances[outcome])
            found.append(_copy(shared, outcome, trace))
    return found[:MOST]


def _copy(draft: Draft, outcome: str, trace: Trace) -> Draft:
    return Draft(
        draft.figure, outcome, draft.low, draft.high, draft.force, draft.stance, draft.speaker, draft.place,
        draft.governorate, draft.day, draft.cause, draft.perpetrator, draft.total, draft.part, [trace, *draft.traces],
    )  # fmt: skip


def _where(reading: Reading, figure: Figure, outcome: str) -> tuple[int, int]:
    """Return the word of *outcome* nearest to the figure in its sentence, or the figure itself."""
    marks = [
        mark
        for mark in outcomes.outcome_marks(reading, figure.sentence)
        if outcome in mark.value or mark.kind == "neutral"
    ]
    nearest = min(marks, key=lambda mark: abs(mark.first - figure.first), default=None)
    return (nearest.first, nearest.last) if nearest else (figure.first, figure.last)


def _draft(scene: Scene, figure: Figure) -> Draft:
    reading = scene.reading
    (low, high), rule, sure = ranges.range_of(reading, figure)
    force, named, chance = forces.force_of(reading, figure)
    draft = Draft(figure, "", low, high, force, "reported")
    draft.traces += [
        Trace("count", figure.first, figure.last, rule, sure),
        _trace("force", named, figure, force, chance),
    ]
    _circumstances(scene, draft)
    party = scene.theatre.parties[draft.speaker.party] if draft.speaker and draft.speaker.party is not None else None
    side = stance.side_of(party, force) if draft.speaker else "outlet"
    draft.stance, shown, likely = stance.stance_of(reading, figure, side)
    draft.traces.append(_trace("stance", shown, figure, draft.stance, likely))
    weighed = figure.weighed
    # What has its own day and place is one incident, however its toll is worded: "has risen to 33".
    placed = draft.day is not None and draft.place is not None
    draft.total, draft.part = weighed.total >= LEAST and not placed, weighed.part >= LEAST
    if draft.total:
        draft.traces.append(Trace("total", figure.first, figure.last, "a total over a period", weighed.total))
    if draft.part:
        draft.traces.append(Trace("part", figure.first, figure.last, "a part of a larger figure", weighed.part))
    return draft


def _circumstances(scene: Scene, draft: Draft) -> None:
    """Fill in who says it, when, where, how and by whom."""
    reading, figure = scene.reading, draft.figure
    draft.speaker, chance = speakers.speaker_of(reading, figure, scene.theatre)
    if draft.speaker:
        draft.traces.append(Trace("attributed_to", draft.speaker.first, draft.speaker.last, "who says so", chance))
    moment, chance = dates.moment_of(figure, scene.moments)
    if moment:
        draft.day = moment.day
        draft.traces.append(Trace("date", moment.mark.first, moment.mark.last, f"a date ({moment.form})", chance))
    mark, chance = places.place_of(figure, scene.places)
    if mark:
        draft.place = int(mark.value)
        draft.governorate = scene.theatre.places[draft.place].governorate
        draft.traces.append(Trace("place", mark.first, mark.last, "a place it points to", chance))
    else:
        draft.governorate, chance = places.governorate_of(figure, scene.places)
        if draft.governorate:
            draft.traces.append(Trace("governorate", figure.first, figure.last, "a place not in the gazetteer", chance))
    draft.cause, shown, chance = causes.cause_of(reading, figure)
    if draft.cause:
        draft.traces.append(_trace("cause", shown, figure, draft.cause, chance))
    doer = perpetrators.perpetrator_of(reading, figure, draft.force)
    if doer:
        draft.perpetrator, by = doer
        draft.traces.append(Trace("perpetrator", by.first, by.last, "named as the doer", 1.0))


def _trace(name: str, mark: Mark | None, figure: Figure, answer: str, chance: float) -> Trace:
    """Return a trace at *mark*, or at the figure when no single word shows the answer."""
    first, last = (mark.first, mark.last) if mark else (figure.first, figure.last)
    return Trace(name, first, last, answer if mark else f"{answer}, from the sentence as a whole", chance)
