"""Pure: from victim phrases to drafts of claims, each field with its span and the rule that read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from services.classifier.claims import accounts, causes, dates, forces, linking, places, speakers, stance, totals
from services.classifier.claims.choice import Weights
from services.classifier.claims.figures import Figure, figures
from services.classifier.claims.speakers import Speaker
from services.classifier.data import Party, Theatre
from services.classifier.lexicon import Mark
from services.classifier.reading import Reading

T = TypeVar("T")
CHOICES = ("link", "force", "speaker", "stance", "place", "date", "cause", "total", "part")
ENOUGH = {"link": 0.5, "speaker": 0.38, "place": 0.35, "date": 0.4, "cause": 0.45, "total": 0.5, "part": 0.5}
YES = "y"
NAMED = 0.9
"""How often a phrase that names a force means it (264 of 294 labelled phrases)."""
BOTH = 2
MOST = 300
"""Claims read from one document at most, so that a hostile one costs no more."""


@dataclass(frozen=True, slots=True)
class Models:
    """The trained models, one for every decision."""

    choices: dict[str, Weights]

    @classmethod
    def load(cls, folder: Path) -> Models:
        """Read the model files in *folder*."""
        choices = {name: Weights(folder / f"{name}.crfsuite") for name in CHOICES}
        return cls(choices)


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one field of a draft was read, by which rule, how surely."""

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
    chance: float
    speaker: Speaker | None = None
    place: int | None = None
    day: date | None = None
    cause: str | None = None
    total: bool = False
    part: bool = False
    traces: list[Trace] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A victim phrase that is no claim, and how sure the linker was of that."""

    figure: Figure
    chance: float


class Drafter:
    """Reads drafts of claims from a document, by the models it was given."""

    def __init__(self, models: Models, theatre: Theatre) -> None:
        self._models = models
        self._theatre = theatre

    def drafts(self, reading: Reading) -> tuple[list[Draft], list[Rejected]]:
        """Return the drafts of a document in the order they stand in, and the phrases that are none."""
        found = figures(reading)
        linked, rejected = self._link(reading, found)
        linked = accounts.retold(reading, found, linked)[:MOST]
        if not linked:
            return [], rejected
        scene = _Scene(
            reading, speakers.speakers(reading), places.places(reading, self._theatre.places), dates.moments(reading)[0]
        )
        drafts: list[Draft] = []
        before: Figure | None = None
        for figure, mark, chance in linked:
            for outcome, low, high in ranges(figure, mark):
                drafts.append(
                    self._draft(
                        scene,
                        figure,
                        (outcome, mark),
                        (low, high),
                        chance,
                        before,
                        drafts[-1].force if drafts else None,
                    )
                )
            drafts.extend(_shared(reading, drafts[-1]))
            before = figure
        return drafts, rejected

    def _link(self, reading: Reading, found: list[Figure]) -> tuple[list[tuple[Figure, Mark, float]], list[Rejected]]:
        """Return each figure that an outcome word is linked to, with that word; and those without one."""
        weights, sure = self._models.choices["link"], linking.FLOOR
        best: dict[int, tuple[float, Mark]] = {}
        for pair in linking.pairs(reading, found):
            chance = weights.chances(pair.row).get(YES, 0.0)
            chance = max(chance, sure) if linking.plain(reading, found[pair.figure], pair.mark) else chance
            if chance > best.get(pair.figure, (0.0, None))[0]:
                best[pair.figure] = chance, pair.mark
        linked = [(found[at], mark, chance) for at, (chance, mark) in sorted(best.items()) if chance >= ENOUGH["link"]]
        rejected = [
            Rejected(found[at], 1 - chance) for at, (chance, _) in sorted(best.items()) if chance < ENOUGH["link"]
        ]
        return linked, rejected

    def _draft(  # noqa: PLR0917 - one field each
        self,
        scene: _Scene,
        figure: Figure,
        told: tuple[str, Mark],
        span: tuple[int | None, int | None],
        chance: float,
        before: Figure | None,
        force_before: str | None,
    ) -> Draft:
        reading, choices = scene.reading, self._models.choices
        outcome, word = told
        rows = forces.candidates(reading, figure, self._theatre.parties, force_before, word)
        at, sure = self._pick_force(rows)
        force, _, mark = rows[at]
        draft = Draft(figure, outcome, span[0], span[1], force, "reported", chance)
        draft.traces.append(Trace("count", figure.first, figure.last, f"linked to {outcome}", chance))
        if mark:
            draft.traces.append(
                Trace(
                    "force",
                    mark.first,
                    mark.last,
                    "named by the phrase" if at == 0 else "weighed among the forces in sight",
                    sure,
                )
            )
        spoken = speakers.candidates(reading, figure, scene.speakers, self._theatre.parties)
        draft.speaker = self._chosen(draft, "speaker", spoken, lambda s: (s.first, s.last))
        row = stance.features(reading, figure, force, draft.speaker, self._theatre.parties)
        chances = choices["stance"].chances(row)
        side = stance.side_of(self._party(draft.speaker), force)
        draft.stance, sure = stance.settle(reading, figure, draft.speaker, side, chances)
        draft.traces.append(Trace("stance", figure.first, figure.last, "weighed from who speaks and how", sure))
        scope = totals.features(reading, figure, before)
        draft.total = choices["total"].chances(scope).get(YES, 0.0) >= ENOUGH["total"]
        draft.part = choices["part"].chances(scope).get(YES, 0.0) >= ENOUGH["part"]
        where = places.candidates(reading, figure, scene.places, self._theatre.places)
        place = self._chosen(draft, "place", where, lambda m: (m.first, m.last))
        draft.place = int(place.value) if place else None
        moment = self._chosen(
            draft, "date", dates.candidates(reading, figure, scene.moments), lambda m: (m.mark.first, m.mark.last)
        )
        draft.day = moment.day if moment else None
        cause = self._chosen(draft, "cause", causes.candidates(reading, figure, outcome), lambda m: (m.first, m.last))
        draft.cause = figure.account or (cause.value if cause else None)
        return draft

    def _party(self, speaker: Speaker | None) -> Party | None:
        return self._theatre.parties[speaker.party] if speaker and speaker.party is not None else None

    def _pick_force(self, rows: list[tuple[str, list[str], Mark | None]]) -> tuple[int, float]:
        """Return the likeliest force: a phrase naming its own is believed, but for Russians who may be contractors."""
        weighed = self._pick("force", [row for _, row, _ in rows])
        key, row, _ = rows[0]
        if row[0] != "own" or key == "ARMED" or (key == "RU" and rows[weighed[0]][0] == "RU-PMC"):
            return weighed
        return (0, NAMED) if rows[weighed[0]][0] != key else weighed

    def _pick(self, name: str, rows: Sequence[list[str]]) -> tuple[int, float]:
        """Return the likeliest candidate and its chance."""
        weights = self._models.choices[name]
        chances = [weights.chances(row).get(YES, 0.0) for row in rows]
        best = max(range(len(rows)), key=lambda at: chances[at])
        return best, chances[best]

    def _chosen(self, draft: Draft, name: str, rows: Sequence[tuple[T, list[str]]], span: object) -> T | None:
        if not rows:
            return None
        at, chance = self._pick(name, [row for _, row in rows])
        if chance < ENOUGH[name]:
            return None
        first, last = span(rows[at][0])  # type: ignore[operator]
        draft.traces.append(Trace(name, first, last, "weighed among those in sight", chance))
        return rows[at][0]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What a document offers every figure in it."""

    reading: Reading
    speakers: list[Speaker]
    places: list[Mark]
    moments: list[dates.Moment]


def _shared(reading: Reading, draft: Draft) -> list[Draft]:
    """Return the same for each further nation that a number-less phrase names: "Russian and Turkish specialists"."""
    figure = draft.figure
    joined = any("and" in reading.at[at] for at in range(figure.first, figure.last))
    if figure.kind != "bare" or figure.number != "pl" or not joined:
        return []
    keys = dict.fromkeys(mark.value.split(".")[0] for mark in figure.forces)
    if draft.force not in keys or len(keys) != BOTH:
        return []
    return [replace(draft, force=key, traces=list(draft.traces)) for key in keys if key != draft.force]


def ranges(figure: Figure, mark: Mark) -> list[tuple[str, int | None, int | None]]:
    """Return outcome and range of each claim of a linked figure: "neutralised" and shared outcomes say less."""
    outcomes = linking.outcomes_of(mark)
    if mark.kind == "both" and figure.kind != "none":
        return [(outcome, 2, None) for outcome in outcomes]
    if mark.kind == "neutral" and figure.kind in {"digit", "word"}:
        return [("killed", None, figure.high if figure.high is not None else figure.low)]
    return [(outcome, figure.low, figure.high) for outcome in outcomes]
