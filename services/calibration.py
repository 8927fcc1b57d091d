"""How far stated confidence can be trusted: of the claims given 0.9, how many are right. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Where one bin of confidences ends and the next begins."""


@dataclass(frozen=True)
class Bin:
    """The claims with a confidence from *low* to *high*: how many, their mean confidence, the share of them right."""

    low: float
    high: float
    claims: int
    stated: float
    right: float


def curve(claims: Iterable[tuple[float, bool]]) -> tuple[Bin, ...]:
    """Return the bins that hold any of *claims*, each a stated confidence and whether the claim was strictly right."""
    kept = list(claims)
    bins = []
    for low, high in pairwise(EDGES):
        inside = [(stated, right) for stated, right in kept if low <= stated < high or stated == high == EDGES[-1]]
        if inside:
            stated = sum(one for one, _ in inside) / len(inside)
            bins.append(Bin(low, high, len(inside), stated, sum(right for _, right in inside) / len(inside)))
    return tuple(bins)


def error(bins: Iterable[Bin]) -> float:
    """Return the expected calibration error: how far stated and true shares lie apart, over all claims."""
    kept = list(bins)
    total = sum(one.claims for one in kept)
    return sum(one.claims * abs(one.stated - one.right) for one in kept) / total if total else 0.0
