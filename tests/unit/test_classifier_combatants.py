"""Are the dead combatants, and did they fall in Syria: what keeps civilians and other wars out, and what does not."""

from __future__ import annotations

import pytest

from tests.support.reader import item, shared_reader


@pytest.mark.parametrize(
    "text",
    [
        "Rebel shelling killed 19 in a suburb of Homs, the governor's office said.",
        "The army killed 31 people in two hours in Hama, residents said.",
        "Thirty-one were killed in an army attack near Homs.",
        "Twenty-two dead in the bombing of a market in Idlib. Twenty-two civilians lie in its morgue, rebels said.",
        "Five killed, including three women, in a rocket attack by hardline rebels on Aleppo.",
        "Nineteen people were killed in rebel-held Saraqib, doctors said.",
        "Mortar bombs from Syria killed two farmhands in Jordan, and no soldiers were near.",
        "Eleven killed as mortar bombs land near the Iranian embassy in Damascus.",
        "Thirteen dead in bombing of Homs - opposition",
        "Two Israeli fighter jets destroyed a depot near Damascus.",
    ],
)
def test_people_whom_nothing_shows_to_be_armed_make_no_claims(text: str) -> None:
    assert not shared_reader().read(item(text)).relevant


@pytest.mark.parametrize(
    "text",
    [
        "Rebels killed nine soldiers near Homs.",
        "The army lost 31 men in two hours in Hama, and 31 soldiers were buried on Friday.",
        "Fifteen people, twelve of them soldiers, were killed in Damascus.",
        "Seven government soldiers were killed by hardline rebels in Aleppo.",
    ],
)
def test_armed_people_stay_in_whoever_stands_beside_them(text: str) -> None:
    assert shared_reader().read(item(text)).relevant


@pytest.mark.parametrize(
    ("text", "war"),
    [
        ("Colombian rebels killed seven soldiers in an ambush, the army said.", "Colombian"),
        ("Шестеро военных погибли при взрыве в Ингушетии, сообщила армия.", "Ингушетии"),
        ("ООС: двоє військових загинули, армія відповіла вогнем.", "ООС"),
    ],
)
def test_another_war_is_named_as_the_reason(text: str, war: str) -> None:
    tagged = shared_reader().read(item(text))
    assert not tagged.relevant
    assert tagged.reasons == (f"another theatre: {war}",)


def test_a_sentence_set_elsewhere_makes_no_claim_beside_one_set_in_syria() -> None:
    tagged = shared_reader().read(
        item("Four Russian soldiers were killed near Palmyra on Monday. Nine Russian soldiers were killed in Libya.")
    )
    assert [(claim.min, claim.force) for claim in tagged.claims] == [(4, "RU")]
