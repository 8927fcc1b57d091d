"""Pure: from drafts to claims as the other services know them, each with its verbatim evidence."""

from __future__ import annotations

from datetime import timedelta

from services.classifier.claims.drafting import Draft
from services.classifier.claims.speakers import publisher
from services.classifier.claims.stance import published
from services.classifier.data import Theatre
from services.classifier.reading import Reading
from shared.messages import Claim, RawItem, Span, stable_id

OLD = timedelta(days=30)
NUMBERED = frozenset({"digit", "word"})


def tell(item: RawItem, reading: Reading, drafts: list[Draft], theatre: Theatre) -> tuple[Claim, ...]:
    """Return the claims of *item*; a draft whose evidence does not stand in the document is left out."""
    told = (_claim(item, reading, draft, drafts, theatre, at) for at, draft in enumerate(drafts))
    return tuple(claim for claim in told if claim is not None)


def _claim(  # noqa: PLR0917 - one draft and its surroundings
    item: RawItem, reading: Reading, draft: Draft, drafts: list[Draft], theatre: Theatre, at: int
) -> Claim | None:
    start, end = _evidence(reading, draft)
    evidence = reading.document[start:end]
    if not evidence.strip():
        return None
    low, high = _denied_count(draft, drafts) if draft.figure.kind == "none" else (draft.low, draft.high)
    place = theatre.places[draft.place] if draft.place is not None else None
    speaker = draft.speaker
    named = reading.words(speaker.first, speaker.last) if speaker else None
    owner = None if speaker else publisher(item.source.name, theatre)
    party = theatre.parties[speaker.party].name if speaker and speaker.party is not None else named
    return Claim(
        id=stable_id("claim", item.id, str(at)),
        outcome=draft.outcome,
        min=low,
        max=high,
        force=draft.force,
        part=draft.part,
        total=draft.total,
        background=draft.day is not None and item.when.date() - draft.day > OLD,
        place=None if draft.total or place is None else place.name,
        governorate=None if draft.total or place is None else place.governorate,
        date=None if draft.total else draft.day,
        cause=draft.cause,
        role=draft.figure.role or None,
        stance=published(draft.stance, owner, draft.force),
        attributed_to=named,
        party=owner.name if owner else party,
        names=tuple(reading.words(first, last) for first, last in draft.figure.names),
        evidence=evidence,
        start=start,
        end=end,
        confidence=round(_confidence(draft), 3),
        spans=_spans(reading, draft),
    )


def _evidence(reading: Reading, draft: Draft) -> tuple[int, int]:
    sentence = reading.sentences[draft.figure.sentence]
    return sentence.start, sentence.end


def _denied_count(draft: Draft, drafts: list[Draft]) -> tuple[int | None, int | None]:
    """Return the count of the claim that a denial without a number denies, when the document states it."""
    for other in drafts:
        if (
            other is not draft
            and other.outcome == draft.outcome
            and other.force == draft.force
            and other.stance != "denied"
        ):
            return other.low, other.high
    return None, None


def _confidence(draft: Draft) -> float:
    force = next((trace.chance for trace in draft.traces if trace.name == "force"), 0.6)
    stance = next((trace.chance for trace in draft.traces if trace.name == "stance"), 0.8)
    return min(1.0, max(0.0, draft.chance * (0.5 + force / 2) * (0.8 + stance / 5)))


def _spans(reading: Reading, draft: Draft) -> tuple[Span, ...]:
    spans = []
    for trace in draft.traces:
        start, end = reading.span(trace.first, trace.last)
        spans.append(Span(field=trace.name, start=start, end=end, rule=f"{trace.rule} ({trace.chance:.2f})"))
    return tuple(spans)
