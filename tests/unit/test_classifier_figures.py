"""How sure a figure is, weighed by its window and by what the lexicon knows of its words."""

from __future__ import annotations

import pytest

from services.classifier.claims.figures import weigh
from tests.support.weighing import figure_in, reading_of


def chance(text: str, words: str, *, telling: float = 0.9) -> float:
    reading = reading_of(text)
    return weigh(reading, figure_in(reading, words, chance=0.5, telling=telling)).chance


def test_a_window_that_tells_of_something_else_weighs_against_its_figures() -> None:
    text = "They spoke of the three of them again."
    assert chance(text, "three", telling=0.05) < chance(text, "three", telling=0.3) < 0.5


def test_a_window_that_tells_of_claims_weighs_for_none() -> None:
    assert chance("They spoke of the three of them again.", "three", telling=0.99) == pytest.approx(0.5)


def test_combatants_who_met_an_end_are_likelier() -> None:
    assert chance("Three Syrian soldiers were killed near Homs.", "Three Syrian soldiers") > 0.5


def test_civilians_are_less_likely() -> None:
    assert chance("Three civilians were killed near Homs.", "Three civilians") < 0.5
