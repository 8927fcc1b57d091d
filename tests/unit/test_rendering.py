from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerter import wording
from services.alerter.channels.letters import subject_of
from services.alerter.rendering import make_card, phrases
from services.alerter.rendering.card import make_saying
from services.alerter.rendering.html import render_html
from services.alerter.rendering.neutral import clean, is_right_to_left, isolate, link
from services.alerter.rendering.slack_blocks import escape, render_reply, render_root
from services.alerter.rendering.text import render_text
from shared.messages import Figure, SourceRef
from tests.support.alerts import ARABIC, HOSTILE, alert, conflict, hostile, incident, ordinary, statement
from tests.support.slack_limits import refuse

CHANNEL = SourceRef(id="kanal", name="Канал", kind="telegram", language="ru")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (4, 4, "4"),
        (1, 4, "1 to 4"),
        (4, None, "at least 4"),
        (None, 30, "up to 30"),
        (None, None, "an unstated number"),
        (0, 0, "0"),
    ],
)
def test_a_range_in_words(low: int | None, high: int | None, words: str) -> None:
    assert wording.number(low, high) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"min": 4, "max": None}, "at least 4 killed, Russian forces"),
        ({"role": "adviser"}, "1 killed, Russian forces (adviser)"),
        ({"force": "SA", "outcome": "captured"}, "1 captured, forces of SA"),
        ({"part": True}, "1 killed (part of a larger figure), Russian forces"),
        ({"stance": "denied", "min": None, "max": None}, "no one killed, Russian forces"),
        ({"stance": "denied", "min": 4, "max": 4}, "denied: 4 killed, Russian forces"),
        ({"stance": "denied", "min": 0, "max": 0}, "no one killed, Russian forces"),
    ],
)
def test_what_is_claimed(fields: dict[str, Any], words: str) -> None:
    assert phrases.claimed(statement(**fields).claim) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Salma (Latakia), 1 Feb 2016, shelling"),
        (
            {"place": "Latakia province", "perpetrator": "OPP"},
            "Latakia province, 1 Feb 2016, shelling by opposition fighters",
        ),
        ({"place": None, "date": None, "cause": None, "perpetrator": "IS"}, "Latakia, by Islamic State"),
        ({"place": None, "governorate": None, "date": None, "cause": None}, ""),
    ],
)
def test_where_when_and_how(fields: dict[str, Any], words: str) -> None:
    assert phrases.scene(statement(**fields).claim) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"voice": "SOHR"}, "SOHR, through Example Agency"),
        ({"voice": "SOHR", "relayed_by": "Reuters"}, "SOHR, through Reuters and Example Agency"),
        ({"voice": "SOHR", "relayed_by": "example agency"}, "SOHR, through Example Agency"),
        ({"voice": "SOHR", "source": CHANNEL, "attributed_to": "СЦПЧ"}, "SOHR (“СЦПЧ”), through Канал (Telegram)"),
        ({"attributed_to": "a source", "party": None}, "a source, through Example Agency"),
        ({"attributed_to": None, "party": None}, "Example Agency"),
        ({"attributed_to": None, "party": None, "source": CHANNEL, "relayed_by": "X"}, "Канал (Telegram), through X"),
    ],
)
def test_who_says_so_through_whom(fields: dict[str, Any], words: str) -> None:
    assert make_saying(statement(**fields)).attribution == f"{words} · 3 Feb 2016, 09:30 UTC"


def test_doubts_are_marked() -> None:
    second = {"confidence": 0.41, "reader": "second:tiny:1"}
    doubtful = statement(**second, link_score=0.5, review="Another fits.", state="deleted")
    told = make_saying(doubtful).doubts
    assert told == (
        "low confidence (41%): read the quote",
        "read by the second reader, not by the first",
        "may belong to another incident (50%)",
        "the post was deleted",
    )
    assert all(doubt in render_text(make_card(alert(doubtful), incident(doubtful))) for doubt in told)
    assert make_saying(statement(confidence=0.9, link_score=0.5, link_reason="nothing on record fits")).doubts == ()


def test_a_statement_of_a_conflict_is_told_once() -> None:
    card = make_card(conflict().alert, conflict().incident)
    assert card.sayings == ()
    [dispute] = card.disputes
    assert (dispute.left.claim, dispute.right.stance) == (
        "4 killed, Russian forces (general)",
        "confirmed by the victims' own side",
    )


def test_what_does_not_fit_is_counted() -> None:
    many = [statement(f"evidence {number}", number=number + 1) for number in range(9)]
    card = make_card(alert(*many), incident(*many))
    assert len(card.sayings) == 6
    assert card.more == "3 more claims not shown"


def test_the_standing_tells_figures_voices_and_disputes() -> None:
    figures = (Figure(force="RU", outcome="killed", min=1, max=4, voices=2, denied=True),)
    card = make_card(ordinary().alert, incident(statement(), figures=figures, voices=2, conflicts=1))
    assert card.standing.figures == ("Russian forces: 1 to 4 killed (2 voices, denied by some)",)
    assert card.standing.voices == "2 independent voices, 1 open conflict"


def test_the_subject_of_a_thread_keeps_when_the_incident_grows() -> None:
    first = statement()
    young, old = incident(first), incident(first, statement(number=9, place="Homs"), headline="new", revision=7)
    assert subject_of(young) == subject_of(old)
    assert subject_of(young) == f"[claimwatch] Russian forces, Salma, 1 Feb 2016 ({young.id[:8]})"
    assert subject_of(incident()) == f"[claimwatch] Incident {young.id[:8]}"


@given(st.text(max_size=300))
def test_clean_text_moves_nothing(text: str) -> None:
    cleaned = clean(text, 100)
    assert len(cleaned) <= 100
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\u202a\u202e\u2066"]


@given(st.text(max_size=300))
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text, 100), 100) == clean(text, 100)


def test_words_survive_cleaning() -> None:
    assert clean("Погибли  четверо\n\u202eнаших\x00", 99) == "Погибли четверо наших"
    assert clean("نیروهای می\u200cروند", 99) == "نیروهای می\u200cروند"
    assert clean("abcdef", 4) == "abc…"
    assert clean("Z" + "\u0300" * 50, 99) == "Z" + "\u0300" * 4


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://t.me/a/1", "https://t.me/a/1"),
        ("https://x.example/путь?q=а b", "https://x.example/%D0%BF%D1%83%D1%82%D1%8C?q=%D0%B0%20b"),
        ("https://x.example/%D0%BF", "https://x.example/%D0%BF"),
        ('https://x.example/"><script>', "https://x.example/%22%3E%3Cscript%3E"),
        ("javascript:alert(1)", None),
        ("https://user:pass@x.example/", None),
        ("https://[broken/", None),
        ("//x.example/", None),
        ("https://x.example/" + "a" * 3000, None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(url: str | None, followed: str | None) -> None:
    assert link(url) == followed


def test_right_to_left_text_keeps_its_direction_to_itself() -> None:
    assert is_right_to_left(ARABIC)
    assert not is_right_to_left("4 killed")
    assert isolate(ARABIC) == f"\u2068{ARABIC}\u2069"
    assert isolate("plain") == "plain"
    arabic = make_saying(statement(source=SourceRef(id="x", name="عنب بلدي", kind="telegram")))
    assert arabic.relays == "through \u2068عنب بلدي\u2069 (Telegram)"


@pytest.mark.parametrize("delivery", [ordinary(), conflict(), hostile()])
def test_slack_takes_every_message(delivery: Any) -> None:
    card = make_card(delivery.alert, delivery.incident)
    for message in (render_root(card), render_reply(card), render_reply(card, with_standing=True)):
        assert refuse(message.text, [dict(block) for block in message.blocks]) is None


def test_slack_markup_is_escaped_whole() -> None:
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert not escape("&" * 3000).replace("&amp;", "")


def test_html_holds_no_foreign_markup() -> None:
    page = render_html(make_card(hostile().alert, hostile().incident))
    assert "<script" not in page
    assert "{{ 7*7 }}" in page
    assert HOSTILE not in page


def test_html_names_the_language_of_a_quote() -> None:
    card = make_card(conflict().alert, conflict().incident)
    assert '<blockquote dir="auto" lang="ru"' in render_html(card)
