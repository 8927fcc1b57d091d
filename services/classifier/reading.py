"""Pure: one document as the claim modules see it: tokens, marks by token and by class, sentences."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from services.classifier.lexicon import Lexicon, Mark
from services.classifier.text import Sentence, Token, headline_end, sentences, tokenize

T = TypeVar("T")


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
    tally: dict[str, int] = field(default_factory=dict)
    title_last: int = 0
    headline_last: int = 0
    """Tokens of the title, and of the headline: the title and its repetition above the text."""
    parts: tuple[tuple[int, int], ...] = ()
    """Sentences (first, behind the last) in one language each: the network learned from texts in one."""

    def find(self, kind: str, first: int, last: int) -> list[Mark]:
        """Return the marks of *kind* that begin in tokens *first* to *last* (exclusive)."""
        marks = self.kinds.get(kind)
        if not marks:
            return []
        low = bisect_left(marks, first, key=_begin)
        found = []
        for mark in marks[low:]:
            if mark.first >= last:
                break
            found.append(mark)
        return found

    def between(self, kind: str, first: int, last: int) -> int:
        """Return how many marks of *kind* begin in tokens *first* to *last* (exclusive)."""
        marks = self.kinds.get(kind)
        if not marks or last <= first:
            return 0
        return bisect_left(marks, last, key=_begin) - bisect_left(marks, first, key=_begin)

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


def read_document(  # noqa: PLR0917 - a document, its language and the day it speaks from
    document: str,
    language: str,
    lexicon: Lexicon,
    when: datetime,
    title_end: int,
    others: Sequence[tuple[Lexicon, int, int]] = (),
) -> Reading:
    """Tokenise *document*, mark what *lexicon* knows, split it into sentences.

    *others* are stretches in further languages (start and end in characters), each marked by a lexicon of its own.
    """
    tokens = tokenize(document, language)
    kinds: dict[str, list[Mark]] = defaultdict(list)
    at: list[dict[str, Mark]] = [{} for _ in tokens]
    for mark in _marks(tokens, lexicon, others):
        kinds[mark.kind].append(mark)
        for index in range(mark.first, mark.last):
            at[index].setdefault(mark.kind, mark)
    headline = headline_end(document, title_end)
    parted = sentences(document, tokens, language, headline)
    sentence_of = [0] * len(tokens)
    for number, sentence in enumerate(parted):
        for index in range(sentence.first, sentence.last):
            sentence_of[index] = number
    tally = Counter(mark.value for kind in ("force", "role") for mark in kinds.get(kind, ()))
    title_last, headline_last = (bisect_left(tokens, end, key=_start) for end in (title_end, headline))
    parts = tuple(_parts(parted, [(start, end) for _, start, end in others]))
    return Reading(
        document,
        language,
        when,
        title_end,
        tokens,
        parted,
        dict(kinds),
        at,
        sentence_of,
        dict(tally),
        title_last,
        headline_last,
        parts,
    )  # fmt: skip


def _parts(parted: Sequence[Sentence], foreign: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Return the runs of sentences that begin in the same of the stretches *foreign*, or in none of them."""
    inside = [
        next((number for number, (start, end) in enumerate(foreign) if start <= one.start < end), None)
        for one in parted
    ]
    first = 0
    for _, run in groupby(inside):
        last = first + len(list(run))
        yield first, last
        first = last


def _marks(tokens: list[Token], lexicon: Lexicon, others: Sequence[tuple[Lexicon, int, int]]) -> list[Mark]:
    """Return the marks of *tokens* in order, those of a stretch in another language by the lexicon of that."""
    found = lexicon.marks(tokens)
    for other, start, end in others:
        first = bisect_left(tokens, start, key=_start)
        last = bisect_left(tokens, end, key=_start)
        told = [
            Mark(mark.kind, mark.value, mark.first + first, mark.last + first)
            for mark in other.marks(tokens[first:last])
        ]
        found = [mark for mark in found if not first <= mark.first < last] + told
    return sorted(found, key=_begin) if others else found


def _start(token: Token) -> int:
    return token.start


def _begin(mark: Mark) -> int:
    return mark.first


def near(marks: Sequence[T], figure_first: int, limit: int, begin: Callable[[T], int]) -> list[T]:
    """Return up to *limit* of *marks*, which stand in order, nearest to a token, and as many of the first ones."""
    at = bisect_left(marks, figure_first, key=begin)
    low = max(0, at - limit)
    chosen = marks[low : at + limit]
    return [*marks[: min(low, limit)], *chosen]
