"""The gate for whoever decides what to fetch: does a teaser promise a claim, may a raw page hold one. Pure once loaded.

The collector asks through a port of its own; ``services/pipeline.py`` puts the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from services.classifier import gate
from services.classifier.classify import MODELS
from services.classifier.data import Lexicons, languages, load_theatre
from services.classifier.language import detect
from services.classifier.reading import read_document

_ANY_DAY = datetime(2016, 1, 1, tzinfo=UTC)
"""The gate reads no dates, so that any day will do."""


class RawGate:
    """The gate before anything was extracted, in the languages the reader knows."""

    def __init__(self, glance: gate.Glance, lexicons: Lexicons) -> None:
        self._glance = glance
        self._lexicons = lexicons

    @classmethod
    def load(cls, known: Iterable[str] | None = None) -> RawGate:
        """Build the gate from the data folders: for the *known* languages, or for all there are."""
        return cls(gate.Glance.load(MODELS / "gate.tsv"), Lexicons(known or languages(), load_theatre()))

    def opens(self, teaser: str) -> bool:
        """Return whether the whole of a text that begins with *teaser* (title and summary) is worth reading.

        Wider than the reader's own gate, because the rest is not known: whatever names Syria's war passes, with or
        without a word of casualties, and so does a teaser without words.
        """
        language = detect(teaser, None)
        if language is None:
            return True
        score, seen = self._glance.score(teaser)
        if score >= gate.OPEN:
            return True
        if language not in self._lexicons:
            return False
        reading = read_document(teaser, language, self._lexicons[language], _ANY_DAY, 0, [])
        return gate.judge(reading, score, seen).opens or any(reading.kinds.get(kind) for kind in gate.SIGNS)

    def opens_page(self, page: str) -> bool:
        """Return whether the HTML *page* may hold a claim."""
        return self._glance.opens_page(page)
