"""Pure: from drafts to claims as the other services know them, each with its verbatim evidence."""

from __future__ import annotations

from datetime import timedelta

from services.classifier.claims.drafting import Draft
from services.classifier.claims.speakers import publisher, relay_of
from services.classifier.claims.stance import published
from services.classifier.claims.victims import role_of
from services.classifier.confidence import Confidence
from services.classifier.data import Theatre
from services.classifier.reading import Reading
from shared.messages import Claim, RawItem, Span, stable_id

OLD = timedelta(days=30)
"""How long ago an incident is background: news of it is passed on, not broken."""


def tell(
    item: RawItem, reading: Reading, drafts: list[Draft], theatre: Theatre, confidence: Confidence
) -> tuple[Claim, ...]:
    """Return the claims of *item*; a draft whose evidence does not stand in the document is left out."""
    told = (_claim(item, reading, draft, drafts, theatre, confidence, at) for at, draft in enumerate(drafts))
    return tuple(claim for claim in told if claim is not None)


def _claim(  # noqa: PLR0917 - one draft and its surroundings
    item: RawItem,
    reading: Reading,
    draft: Draft,
    drafts: list[Draft],
    theatre: Theatre,
    confidence: Confidence,
    at: int,
) -> Claim | None:
    sentence = reading.sentences[draft.figure.sentence]
    evidence = reading.document[sentence.start : sentence.end]
    if not evidence.strip():
        return None
    low, high = _denied_count(draft, drafts)
    place = theatre.places[draft.place] if draft.place is not None else None
    speaker = draft.speaker
    named = reading.words(speaker.first, speaker.last) if speaker else None
    owner = None if speaker else publisher(item.source.name, theatre)
    party = theatre.parties[speaker.party].name if speaker and speaker.party is not None else named
    relay = relay_of(reading, speaker, theatre) if speaker else None
    return Claim(
        id=stable_id("claim", item.id, str(at)),
        outcome=draft.outcome,
        min=low,
        max=high,
        force=draft.force,
        part=draft.part,
        total=draft.total,
        background=_is_old(item, reading, draft),
        place=None if place is None else place.name,
        governorate=draft.governorate,
        date=draft.day,
        cause=draft.cause,
        perpetrator=draft.perpetrator,
        role=role_of(reading, draft.figure),
        stance=published(draft.stance, owner, draft.force),
        attributed_to=named,
        party=owner.name if owner else party,
        relayed_by=relay.name if relay else None,
        names=tuple(reading.words(first, last) for first, last in draft.figure.names),
        evidence=evidence,
        start=sentence.start,
        end=sentence.end,
        confidence=round(confidence.of(chances_of(draft)), 3),
        spans=_spans(reading, draft),
    )


def _is_old(item: RawItem, reading: Reading, draft: Draft) -> bool:
    """Return whether the incident is told in passing: of a day long gone, or undated in a sentence about the past."""
    if draft.day is not None:
        return item.when.date() - draft.day > OLD
    sentence = reading.sentences[draft.figure.sentence]
    return not draft.total and bool(reading.find("past", sentence.first, sentence.last))


def _denied_count(draft: Draft, drafts: list[Draft]) -> tuple[int | None, int | None]:
    """Return the count of the claim that a denial without a number denies, when the document states it."""
    if draft.stance != "denied" or (draft.low, draft.high) != (None, None):
        return draft.low, draft.high
    for other in drafts:
        if (other.outcome, other.force) == (draft.outcome, draft.force) and other.stance != "denied":
            return other.low, other.high
    return None, None


def chances_of(draft: Draft) -> dict[str, float]:
    """Return how sure each part is that makes a claim right or wrong."""
    return {"figure": draft.figure.chance} | {name: draft.chance_of(name) for name in ("outcome", "count", "force")}


def _spans(reading: Reading, draft: Draft) -> tuple[Span, ...]:
    spans = []
    for trace in draft.traces:
        start, end = reading.span(trace.first, trace.last)
        spans.append(Span(field=trace.name, start=start, end=end, rule=f"{trace.rule} ({trace.chance:.2f})"))
    return tuple(spans)
