"""Pure: the right answers about the figures of several examples, as arrays made once instead of figure by figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.classifier.network.heads import CHOICES, OUTCOMES, POINTERS
from services.classifier.training.examples import Example, Figure

Array = npt.NDArray[Any]
SINGLE = ("stance", "cause", "range", "value", "governorate")
"""Questions with one right answer."""


class PointerTargets(NamedTuple):
    """What each figure should point to with one pointer; the first column is nowhere, then one for each word.

    *known* (figures,) says whose answer is known at all; *wanted* are the right columns and *open* those it may choose,
    both (figures, 1 + words).
    """

    known: Array
    wanted: Array
    open: Array


@dataclass(frozen=True, slots=True)
class Targets:
    """The figures of several examples: which example (*rows*) and words each stands in, and the answers about it.

    *outcomes*, *total* and *part* are 0 or 1, *forces* sum to one over each figure's right answers, *choices* are
    numbers of answers.
    """

    rows: Array
    first: Array
    last: Array
    outcomes: Array
    forces: Array
    total: Array
    part: Array
    choices: dict[str, Array]
    pointers: dict[str, PointerTargets]


def targets_of(examples: Sequence[Example], words: int) -> Targets:
    """Return the targets of the figures of *examples*, the longest of which has so many *words*."""
    rows = [(row, figure) for row, one in enumerate(examples) for figure in one.figures]
    figures = [figure for _, figure in rows]
    forces = [[float(key in one.forces) / len(one.forces) for key in CHOICES["force"]] for one in figures]
    return Targets(
        rows=np.array([row for row, _ in rows], np.int64),
        first=np.array([one.first for one in figures], np.int64),
        last=np.array([one.last for one in figures], np.int64),
        outcomes=np.array([[float(name in one.outcomes) for name in OUTCOMES] for one in figures], np.float32),
        forces=np.array(forces, np.float32),
        total=np.array([float(one.total) for one in figures], np.float32),
        part=np.array([float(one.part) for one in figures], np.float32),
        choices={
            name: np.array([CHOICES[name].index(one.answers[name]) for one in figures], np.int64) for name in SINGLE
        },
        pointers={
            name: _pointer_targets(name, [(examples[row], one) for row, one in rows], words) for name in POINTERS
        },
    )


def _pointer_targets(name: str, figures: Sequence[tuple[Example, Figure]], words: int) -> PointerTargets:
    known = np.zeros(len(figures), np.bool_)
    wanted, open_ = np.zeros((2, len(figures), 1 + words), np.bool_)
    for number, (example, figure) in enumerate(figures):
        right, candidates = _columns(name, figure, example)
        if right is None:
            continue
        known[number] = True
        wanted[number, right] = True
        if candidates is None:
            open_[number, : 1 + len(example.pieces)] = True
        else:
            open_[number, [0, *candidates]] = True
    return PointerTargets(known, wanted, open_)


def _columns(name: str, figure: Figure, example: Example) -> tuple[list[int] | None, list[int] | None]:
    """Return the columns a pointer should choose (None: not known) and those it may choose (None: any word's)."""
    if name in {"speaker", "end"}:
        if figure.speaker is None:
            return [0], None
        return [1 + a if name == "speaker" else b for a, b in figure.speaker] or None, None
    wanted = figure.day if name == "day" else figure.place
    candidates = [1 + at for at in (example.dates if name == "day" else example.places)]
    if wanted is None:
        return (None if name == "place" and figure.is_placed else [0]), candidates
    return [1 + at for at in wanted] or None, candidates
