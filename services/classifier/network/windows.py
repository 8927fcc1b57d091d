"""Pure: a document as stretches the encoder can hold, each sentence in the middle of one with others around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

BUDGET = 320
"""Pieces of one window: the encoder holds 512, but a dozen sentences tell what another means, and cost is linear."""
CORE = 0.7
"""Share of the budget for the sentences that are read; the rest is what stands around them."""
FOLLOWING = 0.6
"""Share of what is left that the next sentence may take: more is said of victims before than after."""


@dataclass(frozen=True, slots=True)
class Window:
    """Words *first* to *last* (exclusive), of which *opens* to *closes* are read; the others are context."""

    first: int
    last: int
    opens: int
    closes: int


def windows(sentences: Sequence[tuple[int, int]], sizes: Sequence[int], budget: int = BUDGET) -> list[Window]:
    """Return the windows of *sentences*, word ranges that follow each other; *sizes* in pieces of each word before too.

    Every word of a sentence is read in exactly one window.
    """
    if not sentences:
        return []
    totals = [0, *accumulate(sizes)]
    begin, end = sentences[0][0], sentences[-1][1]
    if totals[end] - totals[begin] <= budget:
        return [Window(begin, end, begin, end)]
    found: list[Window] = []
    first = 0
    while first < len(sentences):
        last, used = first, _cost(totals, sentences[first])
        while last + 1 < len(sentences) and used + _cost(totals, sentences[last + 1]) <= budget * CORE:
            last += 1
            used += _cost(totals, sentences[last])
        low, high = _around(sentences, totals, first, last, budget - used)
        found.append(Window(sentences[low][0], sentences[high][1], sentences[first][0], sentences[last][1]))
        first = last + 1
    return found


def _cost(totals: Sequence[int], sentence: tuple[int, int]) -> int:
    return totals[sentence[1]] - totals[sentence[0]]


def _around(
    sentences: Sequence[tuple[int, int]], totals: Sequence[int], first: int, last: int, left: int
) -> tuple[int, int]:
    """Return the first and last sentence of the context that *left* pieces leave room for."""
    low, high = first, last
    if last + 1 < len(sentences) and (cost := _cost(totals, sentences[last + 1])) <= left * FOLLOWING:
        high += 1
        left -= cost
    while low > 0 and (cost := _cost(totals, sentences[low - 1])) <= left:
        low -= 1
        left -= cost
    return low, high
