"""One person and a number of others: "a commander and five of his men" are six, in one phrase or in two."""

from __future__ import annotations

import pytest

from services.classifier.claims.companions import joined, with_companions
from services.classifier.claims.ranges import range_of
from services.classifier.languages import languages
from tests.support.weighing import figure_in, reading_of

SIX = {
    "en": "A commander and five of his men were killed near Homs.",
    "ru": "Под Хомсом погибли командир и пятеро его бойцов.",
    "uk": "Під Хомсом загинули командир і п'ятеро його бійців.",
    "ar": "قتل قائد ميداني وخمسة مقاتلين قرب حمص.",
    "tr": "Humus yakınında bir komutan ile beş askeri öldü.",
    "de": "Bei Homs fielen der Kommandeur und fünf seiner Männer.",
    "fr": "Le commandant et cinq de ses hommes sont morts près de Homs.",
    "es": "El comandante y cinco de sus hombres murieron cerca de Homs.",
    "it": "Il comandante e cinque dei suoi uomini sono morti vicino a Homs.",
    "pt": "O comandante e cinco dos seus homens morreram perto de Homs.",
}
WORDS = {
    "en": "A commander and five of his men",
    "ru": "командир и пятеро его бойцов",
    "uk": "командир і п'ятеро його бійців",
    "ar": "قائد ميداني وخمسة مقاتلين",
    "tr": "komutan ile beş askeri",
    "de": "der Kommandeur und fünf seiner Männer",
    "fr": "Le commandant et cinq de ses hommes",
    "es": "El comandante y cinco de sus hombres",
    "it": "Il comandante e cinque dei suoi uomini",
    "pt": "O comandante e cinco dos seus homens",
}


@pytest.mark.parametrize("language", languages())
def test_one_and_five_others_are_six_in_every_language(language: str) -> None:
    reading = reading_of(SIX[language], language)
    figure = figure_in(reading, WORDS[language], range="exact")
    assert range_of(reading, figure)[0] == (6, 6)


@pytest.mark.parametrize(
    "words",
    ["five soldiers", "Zahedi, Rahimi and five officers", "soldiers and officers", "five soldiers and a driver"],
)
def test_a_number_alone_or_behind_two_others_is_left_to_the_network(words: str) -> None:
    reading = reading_of(f"Near Homs {words} were killed.")
    figure = figure_in(reading, words)
    assert with_companions(reading, figure.first, figure.last) is None


def test_one_person_and_the_others_named_apart_are_one_figure() -> None:
    reading = reading_of("An officer and four aides were killed near Homs.")
    one, others = figure_in(reading, "An officer", range="exact"), figure_in(reading, "four aides", range="exact")
    whole = joined(reading, [one, others])
    assert [reading.words(figure.first, figure.last) for figure in whole] == ["An officer and four aides"]
    assert range_of(reading, whole[0])[0] == (5, 5)


def test_those_of_another_force_are_counted_apart() -> None:
    reading = reading_of("An officer and four aides were killed near Homs.")
    one = figure_in(reading, "An officer", range="exact", force="RU")
    others = figure_in(reading, "four aides", range="exact", force="SY")
    assert joined(reading, [one, others]) == [one, others]
