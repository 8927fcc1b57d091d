"""How a document is split: into sentences, whatever stands in it."""

from __future__ import annotations

import pytest

from services.classifier.text import ENDLESS, headline_end, sentence_bounds, sentences, tokenize


def test_sentences_follow_each_other_and_leave_nothing_out() -> None:
    document = "Headline\nFour soldiers were killed near Homs. Gen. Ivanov was wounded.\n\nThe ministry denied it."
    told = [document[start:end].strip() for start, end in sentence_bounds(document, "en")]
    assert told == [
        "Headline",
        "Four soldiers were killed near Homs.",
        "Gen. Ivanov was wounded.",
        "The ministry denied it.",
    ]


def test_a_paragraph_without_end_is_split_in_pieces_that_end_with_words() -> None:
    document = "«said " * 5_000
    bounds = sentence_bounds(document, "en")
    assert "".join(document[start:end] for start, end in bounds) == document
    assert max(end - start for start, end in bounds) <= ENDLESS
    assert all(document[start] == "«" for start, _ in bounds)


@pytest.mark.parametrize(
    ("title", "text", "headline"),
    [
        ("Army kills 9 in Daraa", "Army kills 9 in Daraa AFP Sunday 29 Jun 2014 At least", "Army kills 9 in Daraa"),
        (
            "Army kills 9 in Daraa",
            "24-08-2014 Army kills 9 in Daraa. At least nine",
            "24-08-2014 Army kills 9 in Daraa",
        ),
        ("Army kills 9 in Daraa - Wire", "Army kills 9 in Daraa\nAt least", "Army kills 9 in Daraa"),
        ("Army kills 9 in Daraa", "Army kills 9 in Daraa on Monday, a monitor said.", ""),
        ("Army kills 9 in Daraa", "At least nine were killed.", ""),
        ("Daraa", "Daraa: nine were killed.", ""),
        ("", "Nine were killed.", ""),
    ],
)
def test_a_headline_said_again_above_the_text_is_the_headline_still(title: str, text: str, headline: str) -> None:
    document = f"{title}\n{text}"
    end = headline_end(document, len(title))
    assert document[len(title) + 1 : end] == headline
    parted = [document[one.start : one.end] for one in sentences(document, tokenize(document, "en"), "en", end)]
    assert not headline or any(sentence.endswith(headline.removesuffix(".")) for sentence in parted)
