"""What becomes of a figure once the network has weighed it: range, force, speaker, doer, and one claim once."""

from __future__ import annotations

import pytest

from services.classifier.claims.drafting import Draft, Scene, drafts_of
from services.classifier.claims.forces import force_of
from services.classifier.claims.merging import merge
from services.classifier.claims.perpetrators import perpetrator_of
from services.classifier.claims.ranges import range_of
from services.classifier.claims.speakers import relay_of, speaker_of
from services.classifier.confidence import Confidence
from tests.support.weighing import figure_in, reading_of, theatre


@pytest.mark.parametrize(
    ("words", "kind", "value", "expected"),
    [
        ("four officers", "exact", "4", (4, 4)),
        ("at least four officers", "at-least", "4", (4, None)),
        ("more than 200 fighters", "more-than", "0", (201, None)),
        ("up to 30 fighters", "up-to", "30", (None, 30)),
        ("nearly 40 fighters", "nearly", "0", (36, 40)),
        ("about 20 fighters", "about", "20", (18, 22)),
        ("20 to 30 fighters", "between", "30", (20, 30)),
        ("several soldiers", "few", "0", (2, None)),
        ("dozens of soldiers", "dozens", "0", (24, None)),
        ("hundreds of soldiers", "hundreds", "0", (200, None)),
        ("a pilot", "exact", "1", (1, 1)),
        ("a commander and five of his men", "exact", "6", (6, 6)),
        ("three crewmen and two officers", "exact", "0", (5, 5)),
        ("at least three soldiers and two policemen", "at-least", "3", (5, None)),
        ("three soldiers and two civilians", "exact", "3", (3, 3)),
        ("no losses", "none", "0", (None, None)),
    ],
)
def test_ranges_follow_the_number_table(words: str, kind: str, value: str, expected: tuple[int | None, ...]) -> None:
    reading = reading_of(f"They lost {words} near Aleppo.")
    assert range_of(reading, figure_in(reading, words, range=kind, value=value))[0] == expected


def test_a_force_named_by_the_figure_itself_outweighs_a_doubt() -> None:
    reading = reading_of("Two Turkish soldiers were killed, rebels said.")
    figure = figure_in(reading, "Two Turkish soldiers", force="OPP")
    figure.weighed.choices["force"][:] = 0.05
    figure.weighed.choices["force"][8], figure.weighed.choices["force"][3] = 0.4, 0.35
    key, mark, _ = force_of(reading, figure)
    assert (key, mark and reading.words(mark.first, mark.last)) == ("TR", "Turkish")


def test_a_state_the_network_has_no_name_for_is_read_from_the_words() -> None:
    reading = reading_of("Two Kazakh soldiers were killed near Aleppo.")
    assert force_of(reading, figure_in(reading, "Two Kazakh soldiers", force="OTHER"))[0] == "KZ"


def test_a_speaker_is_a_stretch_of_one_sentence_and_a_party_where_known() -> None:
    reading = reading_of("Two soldiers died, the Syrian Observatory for Human Rights said. Rain fell.")
    first = next(at for at, token in enumerate(reading.tokens) if token.text == "syrian")
    figure = figure_in(reading, "Two soldiers", pointers={"speaker": first, "end": first + 4})
    speaker, _ = speaker_of(reading, figure, theatre())
    assert speaker is not None
    assert reading.words(speaker.first, speaker.last) == "Syrian Observatory for Human Rights"
    assert theatre().parties[speaker.party or 0].name == "SOHR"


def test_the_outlet_itself_speaks_when_nobody_is_pointed_to() -> None:
    reading = reading_of("Two soldiers died near Aleppo.")
    assert speaker_of(reading, figure_in(reading, "Two soldiers"), theatre())[0] is None


def test_the_bare_ministry_is_the_one_named_before() -> None:
    reading = reading_of("The Russian Defence Ministry spoke of two pilots. Both pilots died, the ministry said.")
    first = max(at for at, token in enumerate(reading.tokens) if token.text == "ministry") - 1
    figure = figure_in(reading, "Both pilots", pointers={"speaker": first, "end": first + 1})
    speaker, _ = speaker_of(reading, figure, theatre())
    assert speaker is not None
    assert theatre().parties[speaker.party or 0].name == "Russian Defence Ministry"


def test_through_whom_a_speaker_was_heard() -> None:
    reading = reading_of("Four generals were killed, opposition sources quoted by Anadolu said.")
    first = next(at for at, token in enumerate(reading.tokens) if token.text == "opposition")
    figure = figure_in(reading, "Four generals", pointers={"speaker": first, "end": first + 1})
    speaker, _ = speaker_of(reading, figure, theatre())
    assert speaker is not None
    relay = relay_of(reading, speaker, theatre())
    assert relay is not None
    assert relay.name == "Anadolu"


@pytest.mark.parametrize(
    ("text", "words", "force", "doer"),
    [
        ("Three soldiers were killed by Turkish shelling near Tal Rifaat.", "Three soldiers", "SY", "TR"),
        ("Israeli air strikes killed two officers near Damascus.", "two officers", "SY", "IL"),
        ("Two officers were killed near Damascus.", "two officers".capitalize(), "SY", None),
        ("Two Turkish soldiers were killed near al-Bab.", "Two Turkish soldiers", "TR", None),
    ],
)
def test_the_doer_is_named_and_never_the_victims_own(text: str, words: str, force: str, doer: str | None) -> None:
    reading = reading_of(text)
    found = perpetrator_of(reading, figure_in(reading, words, force=force), force)
    assert (found and found[0]) == doer


def drafts(text: str, *figures: dict[str, object], title: str = "") -> list[Draft]:
    reading = reading_of(text, title=title)
    made = [figure_in(reading, **told) for told in figures]  # type: ignore[arg-type]
    return merge(reading, drafts_of(Scene.of(reading, theatre()), made))


def test_a_headline_without_a_number_disagrees_with_nobody() -> None:
    found = drafts(
        "Four officers were killed near Aleppo.",
        {"words": "Russian officers", "value": "3", "force": "RU"},
        {"words": "Four officers", "value": "4", "force": "RU"},
        title="Russian officers' car hit a mine",
    )
    assert [(draft.low, draft.high) for draft in found] == [(4, 4)]


def test_a_headlines_terrorists_are_those_whom_the_body_names() -> None:
    found = drafts(
        "Seventy IS fighters were killed near Mayadin.",
        {"words": "70 terrorists", "value": "0", "force": "ARMED"},
        {"words": "Seventy IS fighters", "value": "0", "force": "IS"},
        title="Air strikes kill 70 terrorists",
    )
    assert [(draft.low, draft.force) for draft in found] == [(70, "IS")]


def test_a_headline_said_again_above_the_text_claims_nothing_of_its_own() -> None:
    (draft,) = drafts(
        "24-08-2014 Army kills 9 militants in Daraa. About ten militants were killed in Daraa.",
        {"words": "9 militants in Daraa.", "value": "9"},
        {"words": "About ten militants", "range": "about", "value": "10"},
        title="Army kills 9 militants in Daraa",
    )
    assert (draft.low, draft.high) == (9, 11)


def test_headline_and_body_are_one_claim_as_the_body_tells_it() -> None:
    (draft,) = drafts(
        "At least nine Syrian soldiers died near Homs.",
        {"words": "Nine soldiers", "force": "SY"},
        {"words": "At least nine Syrian soldiers", "force": "SY", "range": "at-least"},
        title="Nine soldiers dead in Homs",
    )
    assert (draft.low, draft.high) == (9, None)


def test_two_figures_of_one_force_are_two_claims() -> None:
    found = drafts(
        "Four soldiers died near Homs, the ministry said. Nine soldiers died near Homs, a monitor said.",
        {"words": "Four soldiers", "force": "SY"},
        {"words": "Nine soldiers", "force": "SY"},
    )
    assert [draft.low for draft in found] == [4, 9]


def test_a_denial_is_never_folded_into_what_it_denies() -> None:
    found = drafts(
        "Four soldiers died near Homs. The army denied that four soldiers died.",
        {"words": "Four soldiers", "force": "SY"},
        {"words": "four soldiers", "force": "SY", "stance": "denied"},
    )
    assert [draft.stance for draft in found] == ["reported", "denied"]


def test_each_outcome_of_a_figure_is_a_claim() -> None:
    reading = reading_of("The blast killed and wounded scores of soldiers near Homs.")
    figure = figure_in(reading, "scores of soldiers", range="few")
    figure.weighed.outcomes["wounded"] = 0.8
    found = drafts_of(Scene.of(reading, theatre()), [figure])
    assert [(draft.outcome, draft.low, draft.high) for draft in found] == [("killed", 2, None), ("wounded", 2, None)]


def test_confidence_rises_with_every_part() -> None:
    confidence = Confidence(-0.2, dict.fromkeys(("figure", "outcome", "count", "force"), 0.3))
    parts = dict.fromkeys(("figure", "outcome", "count", "force"), 0.6)
    surer = parts | {"force": 0.99}
    assert 0 < confidence.of(parts) < confidence.of(surer) < 1
    assert confidence.of(dict.fromkeys(parts, 0.0)) >= 0
    assert confidence.of(dict.fromkeys(parts, 1.0)) <= 1
