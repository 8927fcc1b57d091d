"""The parts around the network that decide nothing by themselves: pieces, windows, tags, distances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classifier.network.heads import STEPS, step
from services.classifier.network.subwords import MOST_PIECES, SPACE, SPECIAL, UNKNOWN, Subwords
from services.classifier.network.tags import Phrase, phrases
from services.classifier.network.windows import BUDGET, windows

SCORES = {f"{SPACE}sold": -5.0, "ier": -4.0, f"{SPACE}soldier": -8.0, "s": -2.0, f"{SPACE}": -3.0, "a": -6.0}


def spelt(word: str, *, spaced: bool = True) -> list[str]:
    names = list(SCORES)
    return [
        names[piece - SPECIAL] if piece >= SPECIAL else "?" for piece in Subwords(SCORES).pieces(word, spaced=spaced)
    ]


def test_the_likeliest_split_wins() -> None:
    assert spelt("soldiers") == [f"{SPACE}soldier", "s"]


def test_what_no_piece_spells_is_unknown_and_costs_one_place() -> None:
    assert spelt("sж") == [SPACE, "s", "?"]
    assert Subwords(SCORES).pieces("", spaced=False) == (UNKNOWN,)


def test_a_word_without_end_keeps_its_first_pieces() -> None:
    assert len(Subwords(SCORES).pieces("s" * 10_000, spaced=False)) == MOST_PIECES


def test_a_short_document_is_one_window() -> None:
    (only,) = windows([(0, 5), (5, 9)], [2] * 9)
    assert (only.first, only.last, only.opens, only.closes) == (0, 9, 0, 9)


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_every_word_is_read_once_and_windows_keep_to_their_budget(lengths: list[int]) -> None:
    ends = np.cumsum(lengths)
    sentences = [(int(end - length), int(end)) for end, length in zip(ends, lengths, strict=True)]
    sizes = [3] * int(ends[-1])
    read: list[int] = []
    for window in windows(sentences, sizes):
        assert window.first <= window.opens < window.closes <= window.last
        assert sum(sizes[window.first : window.last]) <= max(BUDGET, sum(sizes[window.opens : window.closes]))
        read += range(window.opens, window.closes)
    assert read == list(range(int(ends[-1])))


def test_tags_make_phrases() -> None:
    begins, goes_on, outside = [0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]
    chances = np.array([outside, begins, goes_on, begins, outside, goes_on], dtype=np.float32)
    found = phrases(chances, 0.5)
    assert [(phrase.first, phrase.last) for phrase in found] == [(1, 3), (3, 4)]
    assert found[0] == Phrase(1, 3, pytest.approx(0.9))


def test_an_unlikely_beginning_is_kept_only_when_asked_for() -> None:
    chances = np.array([[0.2, 0.1, 0.7]], dtype=np.float32)
    assert [len(phrases(chances, least)) for least in (0.15, 0.5)] == [1, 0]


def test_distances_have_few_kinds_each_way() -> None:
    kinds = [step(distance) for distance in range(-400, 401)]
    assert set(kinds) <= set(range(STEPS))
    assert step(-1) != step(1)
    assert step(300) == step(400)
