"""Pure: one document as the claim modules see it: tokens, marks by token and by class, sentences."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from services.classifier.lexicon import Lexicon, Mark
from services.classifier.text import Sentence, Token, sentences, tokenize


@dataclass(frozen=True, slots=True)
class Reading:
    """A document with everything the lexicon knows marked in it."""

    document: str
    language: str
    when: datetime
    title_end: int
    tokens: list[Token]
    sentences: list[Sentence]
    kinds: dict[str, list[Mark]]
    at: list[dict[str, Mark]]
    sentence_of: list[int] = field(default_factory=list)

    def find(self, kind: str, first: int, last: int) -> list[Mark]:
        """Return the marks of *kind* that begin in tokens *first* to *last* (exclusive)."""
        marks = self.kinds.get(kind)
        if not marks:
            return []
        low = bisect_right(marks, first - 1, key=lambda mark: mark.first)
        found = []
        for mark in marks[low:]:
            if mark.first >= last:
                break
            found.append(mark)
        return found

    def has(self, index: int, kind: str) -> Mark | None:
        """Return the mark of *kind* that covers token *index*, if there is one."""
        return self.at[index].get(kind) if 0 <= index < len(self.at) else None

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where tokens *first* to *last* (exclusive) stand in the document."""
        return self.tokens[first].start, self.tokens[last - 1].end

    def words(self, first: int, last: int) -> str:
        """Return the document's own words from token *first* to *last* (exclusive)."""
        start, end = self.span(first, last)
        return self.document[start:end]


def read_document(document: str, language: str, lexicon: Lexicon, when: datetime, title_end: int) -> Reading:
    """Tokenise *document*, mark what *lexicon* knows, split it into sentences."""
    tokens = tokenize(document, language)
    kinds: dict[str, list[Mark]] = defaultdict(list)
    at: list[dict[str, Mark]] = [{} for _ in tokens]
    for mark in lexicon.marks(tokens):
        kinds[mark.kind].append(mark)
        for index in range(mark.first, mark.last):
            at[index].setdefault(mark.kind, mark)
    parts = sentences(document, tokens, language)
    sentence_of = [0] * len(tokens)
    for number, sentence in enumerate(parts):
        for index in range(sentence.first, sentence.last):
            sentence_of[index] = number
    return Reading(document, language, when, title_end, tokens, parts, dict(kinds), at, sentence_of)
