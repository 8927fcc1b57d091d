"""What training asks of a figure: the right columns of every pointer, and those it may choose from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.classifier.network.heads import CHOICES, OUTCOMES
from services.classifier.training.examples import Example, Figure
from services.classifier.training.targets import targets_of

ANSWERS = {"stance": "denied", "cause": "mine", "range": "exact", "value": "3", "governorate": "Homs"}


def figure(**told: Any) -> Figure:
    plain: dict[str, Any] = {
        "first": 1, "last": 3, "outcomes": {"killed"}, "forces": {"RU", "SY"}, "answers": ANSWERS, "total": True,
        "part": False, "speaker": None, "day": None, "place": None, "is_placed": False,
    }  # fmt: skip
    return Figure(**plain | told)


def example(words: int, *figures: Figure, dates: list[int] | None = None, places: list[int] | None = None) -> Example:
    return Example(
        "a", [], [(5,)] * words, [[]] * words, [0] * words, dates or [], places or [], names=[], figures=list(figures)
    )


def columns(row: Any) -> list[int]:
    found: list[int] = np.flatnonzero(row).tolist()
    return found


def test_answers_stand_in_the_order_of_the_figures() -> None:
    made = targets_of([example(4, figure()), example(6), example(6, figure(first=2, last=4, total=False))], 6)
    assert made.rows.tolist() == [0, 2]
    assert (made.first.tolist(), made.last.tolist()) == ([1, 2], [3, 4])
    assert made.total.tolist() == [1, 0]
    assert columns(made.outcomes[0]) == [OUTCOMES.index("killed")]
    assert {CHOICES["force"][at]: made.forces[0][at] for at in columns(made.forces[0])} == {"RU": 0.5, "SY": 0.5}
    assert {name: CHOICES[name][made.choices[name][1]] for name in made.choices} == ANSWERS


@pytest.mark.parametrize(
    ("name", "told", "right", "free"),
    [
        ("speaker", {}, [0], [0, 1, 2, 3, 4]),
        ("speaker", {"speaker": ((1, 3),)}, [2], [0, 1, 2, 3, 4]),
        ("end", {"speaker": ((1, 3),)}, [3], [0, 1, 2, 3, 4]),
        ("day", {}, [0], [0, 1]),
        ("day", {"day": (0,)}, [1], [0, 1]),
        ("place", {}, [0], [0, 3, 4]),
        ("place", {"place": (2, 3)}, [3, 4], [0, 3, 4]),
    ],
)
def test_a_pointer_may_choose_its_own_words_only_and_never_padding(
    name: str, told: dict[str, Any], right: list[int], free: list[int]
) -> None:
    made = targets_of([example(4, figure(**told), dates=[0], places=[2, 3])], 6).pointers[name]
    assert made.known.tolist() == [True]
    assert (columns(made.wanted[0]), columns(made.open[0])) == (right, free)


@pytest.mark.parametrize(
    ("name", "told"), [("speaker", {"speaker": ()}), ("day", {"day": ()}), ("place", {"is_placed": True})]
)
def test_an_answer_outside_the_window_is_not_asked_for(name: str, told: dict[str, Any]) -> None:
    made = targets_of([example(4, figure(**told))], 4).pointers[name]
    assert made.known.tolist() == [False]


def test_no_figures_ask_nothing() -> None:
    assert len(targets_of([example(4)], 4).rows) == 0
