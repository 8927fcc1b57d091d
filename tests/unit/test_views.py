from __future__ import annotations

import pytest

from services.alerter.incident import stand
from services.alerter.views import Range, read_as, seen_as, views
from shared.messages import Claim
from tests.support.statements import at_least, claim, statement

DOZENS = at_least(24, evidence="Dozens of soldiers were killed")
TENS = at_least(20, evidence="Десятки бойцов погибли")
PLURAL = at_least(2, evidence="Several soldiers were killed on 1 February 2016")
COUNTED = at_least(24, evidence="At least 24 soldiers were killed")
UP_TO = claim(None, evidence="Up to six were killed").model_copy(update={"max": 6})
UNKNOWN = claim(None, evidence="Soldiers may have died")


@pytest.mark.parametrize(
    ("view", "said", "expected"),
    [
        ("strict", DOZENS, (24, None)),
        ("acled", DOZENS, (12, 12)),
        ("airwars", DOZENS, (1, 24)),
        ("acled", TENS, (10, 10)),
        ("acled", PLURAL, (3, 3)),
        ("acled", COUNTED, (24, 24)),
        ("airwars", COUNTED, (24, None)),
        ("acled", at_least(201, evidence="More than 200 died"), (201, 201)),
        ("airwars", UP_TO, (1, 6)),
        ("acled", claim(20, 30), (20, 20)),
        ("acled", claim(4), (4, 4)),
        ("airwars", UNKNOWN, (None, None)),
        ("acled", UNKNOWN, (None, None)),
    ],
)
def test_a_vague_number_as_each_recorder_reads_it(view: str, said: Claim, expected: Range) -> None:
    assert read_as(view, said) == expected


def test_every_view_has_a_name_and_ours_comes_first() -> None:
    assert views() == ("strict", "acled", "airwars")
    with pytest.raises(KeyError):
        read_as("ours", DOZENS)


def test_an_incident_shows_its_figures_as_each_recorder_would() -> None:
    incident = stand("i", [statement(DOZENS, voice="A"), statement(claim(9, evidence="9 died"), voice="B")])
    figures = {view: (f.min, f.max) for view in views() for f in seen_as(view, incident)}
    assert figures == {"strict": (9, None), "acled": (9, 12), "airwars": (1, 24)}
