"""How a document is split: into sentences, whatever stands in it."""

from __future__ import annotations

from services.classifier.text import ENDLESS, sentence_bounds


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
