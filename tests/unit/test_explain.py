"""One text for ``explain``: taken from whatever a person has, and its decision told without harm to a terminal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.cli.explaining import lines_about
from services.texts import is_document, is_page, item_from_documents, item_from_text
from shared.errors import ClaimwatchError
from shared.messages import Claim, TaggedItem

NOW = datetime(2016, 2, 3, tzinfo=UTC)
QUOTE = "four officers were killed"


def claim(**changes: Any) -> Claim:
    told = {
        "id": "c", "outcome": "killed", "min": 4, "max": 4, "force": "RU", "stance": "reported",
        "evidence": QUOTE, "start": 11, "end": 36,
    }  # fmt: skip
    return Claim.model_validate(told | changes)


def told(*claims: Claim, **changes: Any) -> str:
    item = item_from_text(f"The news: {QUOTE}.\nMore.", now=NOW)
    fields: dict[str, Any] = {"relevant": True, "score": 0.9, "lang": "en", "reasons": ("one claim",)}
    tagged = TaggedItem(id=item.id, item=item, claims=claims, **(fields | changes))
    return "\n".join(line.plain for line in lines_about(tagged))


def test_plain_text_is_an_item_published_now() -> None:
    item = item_from_text("Body", now=NOW)
    assert (item.document, item.when) == ("\nBody", NOW)
    assert item == item_from_text("Body", now=NOW)


def test_half_a_surrogate_pair_is_mended() -> None:
    item_from_text("\ud83d", now=NOW).model_dump_json().encode()


def test_what_a_text_is() -> None:
    assert is_document('\n {"id": 1}')
    assert is_page("<!DOCTYPE html><html>")
    assert not is_page("3 < 4 and <b>")
    assert not is_document("Text {")


def test_a_document_needs_no_more_than_its_text() -> None:
    item = item_from_documents('{"text": "Body"}', now=NOW, wanted=None)
    assert (item.text, item.when) == ("Body", NOW)


def test_a_document_over_several_lines_is_one() -> None:
    pretty = json.dumps({"id": "1", "title": "T", "text": "Body", "published_at": "2016-01-01T00:00:00Z"}, indent=2)
    item = item_from_documents(pretty, now=NOW, wanted=None)
    assert item.document == "T\nBody"
    assert item.when == datetime(2016, 1, 1, tzinfo=UTC)


def test_one_of_several_documents_is_named() -> None:
    lines = '{"id": "a", "text": "A"}\n{"id": "b", "text": "B"}'
    assert item_from_documents(lines, now=NOW, wanted="b").text == "B"
    with pytest.raises(ClaimwatchError, match="2 documents; name one with --id, as in --id a"):
        item_from_documents(lines, now=NOW, wanted=None)
    with pytest.raises(ClaimwatchError, match="no document with the id 'c'"):
        item_from_documents(lines, now=NOW, wanted="c")


@pytest.mark.parametrize("bad", ["{", '{"id": "1"}', "[1]"])
def test_what_is_no_document_is_refused_with_the_reason(bad: str) -> None:
    with pytest.raises(ClaimwatchError, match="line 1 is no document: "):
        item_from_documents(bad, now=NOW, wanted=None)


def test_a_decision_is_told_with_its_reasons_and_quotes() -> None:
    text = told(
        claim(place="Palmyra", governorate="Homs", date=date(2016, 2, 1), attributed_to="Минобороны", party="X")
    )
    assert text.splitlines()[:2] == ["relevant · score 0.90 · language en", "  because one claim"]
    assert "1. RU: 4 killed" in text
    assert "place    Palmyra, Homs" in text
    assert "date     2016-02-01" in text
    assert "said by  Минобороны (X)" in text
    assert f"“ The news: {QUOTE}. More.”" in text


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"min": None, "max": None}, "no number"),
        ({"max": None}, "4 or more"),
        ({"min": None}, "up to 4"),
        ({"max": 9}, "4 to 9"),
    ],
)
def test_ranges_in_words(numbers: dict[str, Any], words: str) -> None:
    assert f"RU: {words} killed" in told(claim(**numbers))


def test_totals_and_parts_are_marked() -> None:
    assert "killed (a total)" in told(claim(total=True))
    assert "killed (part of a larger figure)" in told(claim(part=True))


def test_a_claim_of_the_second_reader_says_so() -> None:
    assert "read by  second:tiny:1" in told(claim(reader="second:tiny:1"))
    assert "read by" not in told(claim())


def test_an_unread_item_says_so() -> None:
    assert told(relevant=False, read=False, lang=None).startswith("not read · score 0.90 · language unknown")
    assert told(relevant=False).startswith("not relevant")


def test_hostile_text_does_not_steer_the_terminal() -> None:
    text = told(claim(attributed_to="\x1b[2Jevil\u202e", names=("\x07bell",)), reasons=("\x1b]0;title",))
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
