"""How many, where the words beside a figure decide it whatever the network makes of them."""

from __future__ import annotations

import pytest

from services.classifier.claims.outcomes import nearest_outcome, shared_outcomes
from services.classifier.claims.ranges import range_of
from tests.support.weighing import figure_in, reading_of


@pytest.mark.parametrize(
    ("text", "words", "low", "high"),
    [
        ("The army neutralised 46 terrorists near Idlib.", "46 terrorists", None, 46),
        ("The blast killed and wounded 40 soldiers near Homs.", "40 soldiers", 2, None),
        ("Nearly 90 soldiers were killed near Homs.", "90 soldiers", 81, 90),
        ("Near Homs 34 soldiers or more were killed.", "34 soldiers or more", 34, None),
        ("Near Homs 12 soldiers were killed.", "12 soldiers", 12, 12),
    ],
)
def test_the_words_beside_a_figure_decide(text: str, words: str, low: int | None, high: int | None) -> None:
    reading = reading_of(text)
    assert range_of(reading, figure_in(reading, words, range="exact"))[0] == (low, high)


@pytest.mark.parametrize(("word", "low"), [("Tens", 20), ("Dozens", 24), ("Scores", 40), ("Hundreds", 200)])
def test_words_for_a_large_number_are_told_apart(word: str, low: int) -> None:
    reading = reading_of(f"{word} of soldiers were killed near Homs.")
    assert range_of(reading, figure_in(reading, f"{word} of soldiers", range="dozens"))[0] == (low, None)


def test_an_outcome_far_away_is_not_the_figures_own() -> None:
    reading = reading_of("They neutralised it at dawn, said a man whose unit lost 46 soldiers.")
    figure = figure_in(reading, "46 soldiers")
    assert nearest_outcome(reading, figure.first, figure.last) != "neutral"


def test_two_outcomes_told_at_once_are_both_meant() -> None:
    reading = reading_of("The blast killed and wounded 40 soldiers near Homs.")
    figure = figure_in(reading, "40 soldiers")
    assert shared_outcomes(reading, figure.first, figure.last) == ("wounded", "killed")
