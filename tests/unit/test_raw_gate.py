from __future__ import annotations

from functools import cache
from time import perf_counter

import pytest

from services.classifier.classify import MODELS
from services.classifier.gate import Glance
from services.classifier.raw_gate import RawGate
from services.pipeline import load_gate

MENU = (
    "<nav>" + "<a href='/library'>The council put the vote on the new library off until next week.</a>" * 40 + "</nav>"
)


@cache
def gate() -> RawGate:
    return RawGate.load()


@pytest.mark.parametrize(
    "teaser",
    [
        "Four Russian officers killed near Palmyra\nThe ministry has not commented.",
        "A strike in Homs\n",
        "Минобороны подтвердило гибель советника\n",
        "مقتل أربعة ضباط قرب تدمر\n",
        "Palmira yakınlarında dört subay öldü\n",
        "\n",
    ],
)
def test_what_may_lead_to_a_claim_passes(teaser: str) -> None:
    assert gate().opens(teaser)


@pytest.mark.parametrize(
    "teaser",
    [
        "Parliament passes budget for next year after long debate\n",
        "New phone goes on sale in Europe next week\n",
        "Storm brings heavy rain to northern coast\n",
        "מניות עלו בבורסה\n",
    ],
)
def test_what_promises_nothing_does_not(teaser: str) -> None:
    assert not gate().opens(teaser)


def test_one_passage_opens_a_page_full_of_other_things() -> None:
    story = "<p>Six Turkish soldiers were killed near Saraqib, the ministry said.</p>"
    assert gate().opens_page(MENU + story + MENU)
    assert not gate().opens_page(MENU + MENU)


@pytest.mark.parametrize("unit", ["<script ", "<", "<style></style", "</script ", "<script>"])
def test_hostile_markup_is_looked_at_in_linear_time(unit: str) -> None:
    began = perf_counter()
    Glance.load(MODELS / "gate.tsv").opens_page((unit * 400_000)[:400_000])
    assert perf_counter() - began < 5


def test_the_pipeline_hands_the_gate_to_the_collector() -> None:
    loaded = load_gate(("en",))
    assert loaded
    assert loaded.teaser("Four Russian officers killed near Palmyra\n")
    assert not loaded.page(MENU)
