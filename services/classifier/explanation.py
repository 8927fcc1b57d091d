"""Pure: why a text was decided as it was, as values that a terminal or a page can show."""

from __future__ import annotations

from dataclasses import dataclass

from services.classifier.classify import Reader
from shared.messages import Claim, RawItem, Span

MOST = 12


@dataclass(frozen=True, slots=True)
class Told:
    """One claim, with the stretch of the document behind each field and the rule that read it."""

    claim: Claim
    quote: str
    spans: tuple[tuple[Span, str], ...]


@dataclass(frozen=True, slots=True)
class NearClaim:
    """A phrase that might have been a claim: its words, where they stand, why it is none."""

    words: str
    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision about one text, its reasons, its claims, and what was nearly a claim."""

    relevant: bool
    read: bool
    language: str | None
    score: float
    reasons: tuple[str, ...]
    claims: tuple[Told, ...]
    rejected: tuple[NearClaim, ...]


def explain(reader: Reader, item: RawItem) -> Explanation:
    """Return what *reader* decides about *item*, and why."""
    account = reader.account(item)
    document, tagged = item.document, account.tagged
    claims = tuple(
        Told(claim, claim.evidence, tuple((span, document[span.start : span.end]) for span in claim.spans))
        for claim in tagged.claims
    )
    near: list[NearClaim] = []
    likeliest = sorted(account.rejected, key=lambda each: -each.figure.chance)
    for rejected in likeliest[:MOST]:
        if account.reading is not None:
            start, end = account.reading.span(rejected.figure.first, rejected.figure.last)
            near.append(NearClaim(document[start:end], start, end, rejected.reason))
    return Explanation(tagged.relevant, tagged.read, tagged.lang, tagged.score, tagged.reasons, claims, tuple(near))
