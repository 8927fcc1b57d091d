"""Lines of a file to replay: what is a document, what is not, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents import BadLine, Document, read_documents, read_labels

GOOD = {
    "id": "1", "source": {"id": "agency", "name": "Agency", "kind": "rss"}, "url": None, "title": None, "text": "",
    "lang": None, "published_at": "2016-02-01T00:00:00Z",
}  # fmt: skip


def line(**changes: Any) -> bytes:
    return json.dumps(GOOD | changes).encode()


def test_a_document_becomes_the_item_the_collector_would_have_made() -> None:
    (document,) = read_documents([line(title="T", text="Body", lang="ru")])
    assert isinstance(document, Document)
    item = document.as_collected()
    assert item.document == "T\nBody"
    assert item.seen_at == item.published_at == document.published_at
    assert item.change == "new"
    assert item == document.as_collected()


@pytest.mark.parametrize(
    "good",
    [
        line(),
        line(text="\x00 a NUL"),
        line().replace(b'"text": ""', b'"text": "raw \x00 and \x01"'),
        line(text="x" * 1_000_000),
        line(text="\u200f\u202b سقط قتيل \U0001f525"),
        line(text="\ud83d alone"),
        b"\xef\xbb\xbf" + line(),
        line(extra="ignored"),
        line(published_at="2016-02-01T03:00:00+03:00"),
        line() + b"\r",
    ],
)
def test_odd_documents_are_documents(good: bytes) -> None:
    (document,) = read_documents([good])
    assert isinstance(document, Document)
    document.model_dump_json().encode()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"\xff{}", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"id": ' + b"9" * 5000 + b"}", "4300"),
        (line(id=""), "id: "),
        (line(id=7), "id: "),
        (line(text=None), "text: "),
        (line(source={"id": "a", "name": "A", "kind": "fax"}), "source.kind: "),
        (line(published_at="2016-02-01T00:00:00"), "time zone"),
        (line(published_at="soon"), "published_at: "),
        (line(published_at="0001-01-01T00:00:00+14:00"), "out of range"),
        (line(published_at="0301-01-01T00:00:00Z"), "the year 301"),
        (line(published_at="9999-01-01T00:00:00Z"), "the year 9999"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_stops_nothing(bad: bytes, reason: str) -> None:
    first, second, third = read_documents([line(id="a"), bad, line(id="b")])
    assert isinstance(first, Document)
    assert isinstance(third, Document)
    assert isinstance(second, BadLine)
    assert second.number == 2
    assert reason in second.reason


def test_an_id_that_comes_twice_is_a_bad_line() -> None:
    _, again = read_documents([line(), line(text="other")])
    assert again == BadLine(2, "the id '1' stands on line 1 already")


def test_blank_lines_are_nothing_but_counted() -> None:
    _, bad = read_documents([b"", line(), b"   ", b"!"])
    assert isinstance(bad, BadLine)
    assert bad.number == 4


@given(st.binary(max_size=200))
def test_no_line_raises(content: bytes) -> None:
    for found in read_documents([content]):
        assert isinstance(found, BadLine | Document)


@given(text=st.text(st.characters()), title=st.none() | st.text())
def test_every_text_is_taken(text: str, title: str | None) -> None:
    (document,) = read_documents([line(text=text, title=title)])
    assert isinstance(document, Document)
    # Halves of surrogate pairs are the one thing that JSON can spell and no text can hold.
    held = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert document.as_collected().text == held


def test_labels_need_their_fields() -> None:
    good = b'{"id": "1", "relevant": true, "claims": [{"outcome": "killed", "force": "RU", "stance": "denied"}]}'
    labels, bad = read_labels([good, b'{"id": "2", "relevant": true, "claims": [{}]}'])
    assert not isinstance(labels, BadLine)
    assert isinstance(bad, BadLine)
    assert bad.reason.startswith("claims.0.outcome: ")
