"""Who says what of an incident, how credible it is, and which grade comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerter.accounts import accounts, kind
from services.alerter.incident import stand
from services.alerter.parties import read, shipped
from shared.messages import Account, Claim, Incident, SourceRef, Statement
from tests.support.statements import at_least, claim, raw, statement


def says(voice: str, said: Claim, reliability: Any = None, **fields: Any) -> Statement:
    source = SourceRef(id=voice.lower(), name=voice, kind="rss", reliability=reliability)
    return statement(said, raw(source=source), voice=voice, **fields)


def by_voice(*said: Statement) -> dict[str, Account]:
    return {account.voice: account for account in accounts(said)}


def graded(*said: Statement) -> Incident:
    return stand("i", said)


MINISTRY, OPPOSITION, MONITOR = "Russian Defence Ministry", "opposition", "SOHR"
ANONYMOUS = "sources quoted by Kommersant"


@pytest.mark.parametrize(
    ("voice", "said", "expected"),
    [
        (MINISTRY, claim(), "own side"),
        (MINISTRY, claim(force="SY"), "own side"),
        (MINISTRY, claim(force="OPP"), "opposing side"),
        (OPPOSITION, claim(), "opposing side"),
        ("Syrian opposition", claim(), "opposing side"),
        (MONITOR, claim(), "monitor"),
        ("TASS", claim(), "media"),
        ("Some Outlet", claim(), "media"),
        (ANONYMOUS, claim(attributed_to="sources"), "anonymous"),
    ],
)
def test_whose_voice_it_is_seen_from_the_victims(voice: str, said: Claim, expected: str) -> None:
    assert kind(says(voice, said)) == expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], 3),
        ([("Outlet", claim(4))], 2),
        ([("Outlet", claim(4)), ("AFP", claim(4))], 1),
        ([("Outlet", claim(1))], 4),
        ([("Outlet", claim(1)), ("AFP", claim(2))], 5),
        ([("Outlet", claim(1)), ("AFP", claim(4))], 3),
        ([("Outlet", claim(4, stance="denied"))], 4),
        ([("Rumours", claim(1, stance="alleged"))], 3),
    ],
)
def test_credibility_rests_on_other_independent_voices(others: list[tuple[str, Claim]], expected: int) -> None:
    found = by_voice(says(MONITOR, claim(4)), *(says(voice, said) for voice, said in others))
    assert found[MONITOR].credibility == expected
    assert found[MONITOR].reason.endswith(".")


def test_hearsay_alone_cannot_be_judged() -> None:
    assert by_voice(says("Outlet", claim(4, stance="alleged")))["Outlet"].credibility == 6
    assert by_voice(says(ANONYMOUS, claim(4, attributed_to="sources")))[ANONYMOUS].credibility == 6


def test_the_two_axes_do_not_mix() -> None:
    trusted = by_voice(says("Rumours", claim(4, stance="alleged"), "A"))["Rumours"]
    doubtful = by_voice(says("Tabloid", claim(4), "E"), says(MONITOR, claim(4)), says("AFP", claim(4)))["Tabloid"]
    assert (trusted.reliability, trusted.credibility) == ("A", 6)
    assert (doubtful.reliability, doubtful.credibility) == ("E", 1)


def test_a_voice_is_as_reliable_as_configured_else_as_its_best_relay_else_not_judged() -> None:
    heard = [says(MONITOR, claim(4), "C"), says(MONITOR, claim(4), "B")]
    extended = read(shipped(), '[[party]]\nname = "SOHR"\nreliability = "A"\n')
    assert [account.reliability for account in accounts(heard)] == ["B"]
    assert [account.reliability for account in accounts(heard, extended)] == ["A"]
    assert by_voice(says("Outlet", claim(4)))["Outlet"].reliability == "F"


def test_an_operators_register_extends_the_shipped_one() -> None:
    extended = read(shipped(), '[[party]]\nname = "Desert Watch"\nkind = "monitor"\n')
    unknown = says("Desert Watch", claim(4))
    assert (kind(unknown), kind(unknown, extended)) == ("media", "monitor")
    assert kind(says(MONITOR, claim(4)), extended) == "monitor"


def test_what_a_side_says_of_itself_stays_apart_from_what_others_say() -> None:
    found = graded(says(MINISTRY, claim(1, stance="confirmed")), says(OPPOSITION, claim(4)), says(MONITOR, at_least(2)))
    (figure,) = found.figures
    assert (figure.min, figure.max) == (1, None)
    assert {s.kind: (s.min, s.max, s.voices) for s in figure.shares} == {
        "own side": (1, 1, 1),
        "opposing side": (4, 4, 1),
        "monitor": (2, None, 1),
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([says("Outlet", claim(4))], "weak"),
        ([says("Outlet", claim(4)), says(ANONYMOUS, claim(4, attributed_to="sources"))], "weak"),
        ([says("Outlet", claim(4)), says("Tabloid", claim(4), "E")], "weak"),
        ([says("Outlet", claim(4)), says(MONITOR, claim(4))], "fair"),
        ([says("Outlet", claim(4)), says(MINISTRY, claim(4, stance="confirmed"))], "confirmed"),
        ([says(MINISTRY, claim(1, stance="confirmed")), says(OPPOSITION, claim(4))], "contested"),
        ([says(MONITOR, claim(4, cause="mine")), says("AFP", claim(4, cause="mortar"))], "contested"),
        ([says(OPPOSITION, claim(4)), says(MINISTRY, claim(4, stance="denied"))], "denied"),
        ([says(MONITOR, claim(4)), says(MINISTRY, claim(4, stance="denied"))], "contested"),
        ([says(MINISTRY, claim(4, stance="denied"))], "denied"),
        ([says("Outlet", claim(4), state="deleted")], "discounted"),
    ],
)
def test_grades(said: list[Statement], expected: str) -> None:
    found = graded(*said)
    assert found.grade == expected
    assert found.grade_reason


def test_a_figure_its_own_voice_revised_is_no_open_dispute() -> None:
    first = statement(claim(9, force="TR"), raw("2020-02-27T19:00"), voice="Turkish authorities")
    monitor = statement(at_least(33, "TR"), raw("2020-02-27T21:00"), voice=MONITOR)
    assert graded(first, monitor).conflicts == 1
    last = statement(claim(33, force="TR"), raw("2020-02-28T05:00"), voice="Turkish authorities")
    assert graded(first, monitor, last).conflicts == 0
