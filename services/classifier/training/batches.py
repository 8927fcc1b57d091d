"""Examples as tensors: windows of like length together, each padded to the longest."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.classifier.network.features import MOST, TITLE, Features
from services.classifier.network.subwords import END, PAD, START, UNKNOWN
from services.classifier.network.tags import BEGINS, GOES_ON, OUTSIDE
from services.classifier.training.examples import Example
from services.classifier.training.targets import Array, Targets, targets_of

PIECES = 1600
"""Pieces of a batch, padding among them."""
WITHOUT_LEXICON, WITHOUT_FEATURE, WITHOUT_WORD = 0.15, 0.03, 0.04
"""Share of windows, features and words that training hides, so that no half of the reader leans on the other."""
IGNORED = -100
JITTER = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows as the network takes them: *ids* and *features* by piece, *first* piece, *sentences* and tags by word.

    *targets* are the right answers about their figures.
    """

    examples: Sequence[Example]
    ids: Tensor
    features: Tensor
    first: Tensor
    sentences: Tensor
    figures: Tensor
    names: Tensor
    targets: Targets


def grouped(examples: Sequence[Example], chance: random.Random | None = None) -> list[list[Example]]:
    """Return *examples* in groups of like length; with *chance* in another order each time."""
    keyed = [(_size(one) + (chance.random() * JITTER if chance else 0), one) for one in examples]
    groups: list[list[Example]] = []
    longest = 0
    for _, one in sorted(keyed, key=lambda pair: pair[0]):
        longest = max(longest, _size(one))
        if not groups or longest * (len(groups[-1]) + 1) > PIECES:
            groups.append([])
            longest = _size(one)
        groups[-1].append(one)
    if chance:
        chance.shuffle(groups)
    return groups


def _size(example: Example) -> int:
    return len(example.source) + sum(map(len, example.pieces)) + 3


def batch(examples: Sequence[Example], features: Features, chance: random.Random | None = None) -> Batch:
    """Return *examples* as tensors; with *chance* some words and features are hidden."""
    packed = [_pack(one, features, chance) for one in examples]
    longest = max(len(ids) for ids, _, _ in packed)
    words = max(len(first) for _, _, first in packed)
    ids = np.full((len(examples), longest), PAD, np.int64)
    marked = np.zeros((len(examples), longest, MOST), np.int64)
    firsts, sentences, figures, names = np.zeros((4, len(examples), words), np.int64)
    sentences[:], figures[:], names[:] = -1, IGNORED, IGNORED
    for row, (one, (pieces, marks, first)) in enumerate(zip(examples, packed, strict=True)):
        ids[row, : len(pieces)] = pieces
        for at, numbers in enumerate(marks):
            if numbers:
                marked[row, at, : len(numbers)] = numbers
        count = len(first)
        firsts[row, :count] = first
        sentences[row, :count] = one.sentences
        _tag(figures[row, :count], [(figure.first, figure.last) for figure in one.figures])
        _tag(names[row, :count], one.names)
    return Batch(
        examples,
        torch.from_numpy(ids),
        torch.from_numpy(marked),
        torch.from_numpy(firsts),
        torch.from_numpy(sentences),
        torch.from_numpy(figures),
        torch.from_numpy(names),
        targets_of(examples, words),
    )


def _tag(row: Array, spans: Sequence[tuple[int, int]]) -> None:
    row[:] = OUTSIDE
    for first, last in spans:
        row[first + 1 : last] = GOES_ON
    for first, _ in spans:
        row[first] = BEGINS


def _pack(
    example: Example, features: Features, chance: random.Random | None
) -> tuple[list[int], list[Sequence[int]], list[int]]:
    ids = [START, *example.source, END]
    marks: list[Sequence[int]] = [(), *([(features.source,)] * len(example.source)), ()]
    bare = chance is not None and chance.random() < WITHOUT_LEXICON
    first: list[int] = []
    for pieces, names in zip(example.pieces, example.features, strict=True):
        first.append(len(ids))
        kept = [name for name in names if not bare or name == TITLE]
        if chance:
            kept = [name for name in kept if chance.random() >= WITHOUT_FEATURE]
        spelt = (UNKNOWN,) if chance and chance.random() < WITHOUT_WORD else pieces
        ids.extend(spelt)
        marks.extend([features.ids(kept)] * len(spelt))
    return [*ids, END], [*marks, ()], first
