"""The trained reader as one thing: a document in, the phrases that may name victims and what is thought of them out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from services.classifier.claims.figures import Figure, figure_of, risen_to
from services.classifier.claims.victims import names_of
from services.classifier.data import Theatre
from services.classifier.network import features, tags
from services.classifier.network.encoder import Encoder, Words
from services.classifier.network.features import Features
from services.classifier.network.heads import Heads
from services.classifier.network.subwords import Subwords
from services.classifier.network.tags import Phrase
from services.classifier.network.windows import Window, windows
from services.classifier.reading import Reading

NEAR_MISS = 0.15
"""How likely a phrase must be to be shown as nearly a claim."""
MOST_WINDOWS = 14
"""Windows of one document that are read, the first ones: some sixteen kilobytes, twice the longest article
seen; a hostile text costs no more."""
TOLL = 0.3
"""How likely the number of a rising toll is one, that the tags passed over."""
NAMED = 0.5
"""How likely the first word of a name must be."""
SIGNS = ("out", "both", "neutral", "deny", "neg", "role", "num", "vague", "rite")
"""Classes of words without any of which a stretch of text is not worth the network's time."""


@dataclass(frozen=True, slots=True)
class Network:
    """The files of one training run."""

    subwords: Subwords
    features: Features
    encoder: Encoder
    heads: Heads
    theatre: Theatre

    @classmethod
    def load(cls, folder: Path, theatre: Theatre) -> Network:
        """Read the files in *folder*."""
        return cls(
            Subwords.load(folder / "pieces.tsv"),
            Features.load(folder / "features.txt"),
            Encoder(folder / "encoder.onnx"),
            Heads.load(folder / "heads.npz"),
            theatre,
        )

    def figures(self, reading: Reading, source: str) -> list[Figure]:
        """Return the phrases of *reading* that may name victims, the unlikely among them, in order.

        *source* is the name of the outlet: a ministry's own channel speaks otherwise than a rumour mill.
        """
        pieces = self.subwords.words(reading.document, reading.tokens)
        marks = [self.features.ids(names) for names in features.named(reading, self.theatre)]
        name = self.subwords.source(source)
        bounds = [(sentence.first, sentence.last) for sentence in reading.sentences]
        found: list[Figure] = []
        sizes = [len(word) for word in pieces]
        worth = (
            window
            for first, last in reading.parts
            for window in windows(bounds[first:last], sizes)
            if any(reading.find(kind, window.opens, window.closes) for kind in SIGNS)
        )
        for window in islice(worth, MOST_WINDOWS):
            inside = slice(window.first, window.last)
            words = Words(pieces[inside], marks[inside], name, self.features.source)
            found.extend(self._of_window(reading, window, words))
        return found

    def _of_window(self, reading: Reading, window: Window, words: Words) -> list[Figure]:
        encoded = self.encoder.encode(words)
        length = len(encoded.words)
        found = tags.phrases(encoded.figures, NEAR_MISS)
        covered = {at for phrase in found for at in range(phrase.first, phrase.last)}
        tolls = [at - window.first for at in risen_to(reading, window.opens, min(window.closes, window.first + length))]
        found += [Phrase(at, at + 1, TOLL) for at in tolls if at not in covered]
        phrases = [
            phrase
            for phrase in sorted(found, key=lambda phrase: phrase.first)
            if window.opens <= window.first + phrase.first < window.closes
        ]
        sentences = np.array(reading.sentence_of[window.first : window.first + length])
        figures = [
            figure_of(reading, window.first, length, weighed, encoded.relevance)
            for weighed in self.heads.weigh(encoded, phrases, sentences)
        ]
        named = names_of(figures, tags.phrases(encoded.names, NAMED), window.first)
        return [replace(figure, names=tuple(named.get(at, ()))) for at, figure in enumerate(figures)]
