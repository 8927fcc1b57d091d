"""Runs the encoder: a window's words in, one vector for each word and the window, and the chance of each tag, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from services.classifier.network.chances import Floats, softmax
from services.classifier.network.features import MOST
from services.classifier.network.subwords import END, START

LONGEST = 512
"""Pieces the encoder has positions for."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a window as the encoder takes them: *pieces* and *features* of each, those of the *source* before.

    The features of the source's name are one id, *mark*.
    """

    pieces: Sequence[Sequence[int]]
    features: Sequence[Sequence[int]]
    source: Sequence[int]
    mark: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder makes of a window of n words.

    *words* (n, width) and *whole* (width,) are vectors; *figures* and *names* (n, 3) are the chances that a word
    begins, continues or is no part of a phrase that names victims, or of a victim's name; *relevance* is the chance
    that the window holds a claim.
    """

    words: Floats
    whole: Floats
    figures: Floats
    names: Floats
    relevance: float


class Encoder:
    """The network, loaded once."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Unpack the small weights once, at the start, instead of with every text.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def encode(self, words: Words) -> Encoded:
        """Return what the network makes of *words*; those past its last position are left out."""
        ids, features, firsts = _flat(words)
        hidden, tags, relevance = self._session.run(
            None,
            {
                "ids": np.array([ids], dtype=np.int64),
                "features": features[None],
            },
        )
        hidden, tags = hidden[0], tags[0][firsts]
        return Encoded(
            words=hidden[firsts],
            whole=hidden[0],
            figures=softmax(tags[:, :3]),
            names=softmax(tags[:, 3:]),
            relevance=float(1 / (1 + np.exp(-relevance[0, 0]))),
        )


def _flat(words: Words) -> tuple[list[int], npt.NDArray[np.int64], list[int]]:
    """Return the ids of all pieces, the features of each, and where each word's first piece stands."""
    ids = [START, *words.source, END]
    rows: list[Sequence[int]] = [(), *([(words.mark,)] * len(words.source)), ()]
    firsts: list[int] = []
    for pieces, features in zip(words.pieces, words.features, strict=True):
        if len(ids) + len(pieces) >= LONGEST:
            break
        firsts.append(len(ids))
        ids.extend(pieces)
        rows.extend([features] * len(pieces))
    ids.append(END)
    rows.append(())
    table = np.zeros((len(ids), MOST), dtype=np.int64)
    for at, row in enumerate(rows):
        table[at, : len(row)] = row
    return ids, table, firsts
