"""The first reader's words for numbers, people and places, as far as they serve to check an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.classifier.claims.speakers import publisher
from services.classifier.data import Lexicons, Party, Place, Theatre, load_theatre
from services.classifier.reading import Reading, read_document


@dataclass(frozen=True)
class Vocabulary:
    """Everything known about Syria, and the lexicon of each language that is read."""

    theatre: Theatre
    lexicons: Lexicons

    @classmethod
    def load(cls, languages: Iterable[str]) -> Vocabulary:
        """Read what every language needs; the data folders of *languages* are read when a text in them comes."""
        theatre = load_theatre()
        return cls(theatre, Lexicons(languages, theatre))

    def read(self, words: str, language: str | None, when: datetime) -> Reading | None:
        """Return *words* with everything known marked in them; None for a language without data."""
        if language is None or language not in self.lexicons:
            return None
        return read_document(words, language, self.lexicons[language], when, 0)

    def place(self, words: str, language: str | None, when: datetime) -> Place | None:
        """Return the place of Syria that *words* name, the longest name if there are several."""
        reading = self.read(words, language, when)
        marks = reading.kinds.get("place", []) if reading else []
        longest = max(marks, key=lambda mark: mark.last - mark.first, default=None)
        return self.theatre.places[int(longest.value)] if longest else None

    def party(self, words: str, language: str | None, when: datetime) -> Party | None:
        """Return the first party that *words* name."""
        reading = self.read(words, language, when)
        marks = reading.kinds.get("party", []) if reading else []
        return self.theatre.parties[int(marks[0].value)] if marks else None

    def publisher(self, outlet: str) -> Party | None:
        """Return the party whose own outlet the one called *outlet* is."""
        return publisher(outlet, self.theatre)
