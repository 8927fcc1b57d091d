"""Pure: one decision out of two readers' claims. The first one's certainty is never overruled, its silence may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.classifier.second_reader.validation import Verdict
from services.classifier.settings import ClassifierSettings
from shared.messages import Claim, TaggedItem

PLACES = 3
"""Decimal places that confidences are kept with."""


def combine(tagged: TaggedItem, verdict: Verdict, settings: ClassifierSettings) -> TaggedItem:
    """Return *tagged* with the accepted claims of *verdict* taken in.

    ======================================  ==================================================================
    the first reader has                    then
    ======================================  ==================================================================
    the same claim, in doubt                it keeps its place and gains confidence: two readers agree
    the same claim, sure                    it stays as it is
    another reading of that figure, sure    the first reader's stands
    another reading of that figure, doubt   the second reader's takes its place
    nothing about that figure               the claim is added
    ======================================  ==================================================================

    No claim is ever taken away because the second reader is silent about it: a text that talked it into silence would
    hide a claim. What is added or replaced carries the second reader's name; one of the item's reasons counts it all.
    """
    claims = list(tagged.claims)
    done: Counter[str] = Counter()
    settled: set[int] = set()
    others = []
    for claim in verdict.accepted:
        at = next((i for i, own in enumerate(tagged.claims) if _agree(own, claim)), None)
        if at is None:
            others.append(claim)
            continue
        settled.add(at)
        claims[at] = _supported(claims[at], claim, settings)
        done["agreed"] += 1
    for claim in others:
        at = _rival(tagged.claims, claim, settled, settings)
        if at is None:
            claims.append(claim)
            done["added"] += 1
        elif _sure(tagged.claims[at], settings):
            done["overruled"] += 1
        else:
            settled.add(at)
            claims[at] = claim
            done["replaced"] += 1
    return _decided(tagged, claims, _account(done, verdict, settings), settings)


def _agree(own: Claim, other: Claim) -> bool:
    """Whether both say the same: outcome, force, denied or not, and numbers that can both be right."""
    return (
        (own.outcome, own.force, _denied(own)) == (other.outcome, other.force, _denied(other))
        and (own.min is None or other.max is None or own.min <= other.max)
        and (other.min is None or own.max is None or other.min <= own.max)
    )


def _rival(claims: Sequence[Claim], other: Claim, settled: set[int], settings: ClassifierSettings) -> int | None:
    """Return the claim that reads *other*'s figure differently, best one of the same outcome; None when there is none.

    A denial beside a sure claim of the same figure is none: a text may report what somebody denies.
    """
    found = [
        i
        for i, own in enumerate(claims)
        if i not in settled
        and _overlap(_figure(own), _figure(other))
        and (_denied(own) == _denied(other) or not _sure(own, settings))
    ]
    return min(found, key=lambda i: claims[i].outcome != other.outcome, default=None)


def _supported(own: Claim, other: Claim, settings: ClassifierSettings) -> Claim:
    """Return *own* with the confidence of two readers who came to it independently, if it was in doubt."""
    if _sure(own, settings):
        return own
    together = 1 - (1 - own.confidence) * (1 - other.confidence)
    return own.model_copy(update={"confidence": round(together, PLACES)})


def _decided(tagged: TaggedItem, claims: list[Claim], reason: str, settings: ClassifierSettings) -> TaggedItem:
    """Return the item with *claims*, relevant as soon as there is one, its score never on the wrong side of that."""
    relevant = tagged.relevant or bool(claims)
    update: dict[str, object] = {"claims": tuple(claims), "reasons": (*tagged.reasons, reason)}
    if relevant and not tagged.relevant:
        best = max(claim.confidence for claim in claims)
        update |= {"relevant": True, "read": True, "score": max(tagged.score, settings.threshold, best)}
    return tagged.model_copy(update=update)


def _account(done: Counter[str], verdict: Verdict, settings: ClassifierSettings) -> str:
    """Say in one line what came of the second reader's claims."""
    said = [f"{number} {what}" for what, number in sorted(done.items())]
    said += [f"{number} dropped ({reason})" for reason, number in sorted(verdict.dropped.items())]
    return f"second reader {settings.second_reader.model}: {', '.join(said) or 'no claims'}"


def _figure(claim: Claim) -> tuple[int, int]:
    """Return where the number of *claim* stands, or its whole evidence."""
    span = next((span for span in claim.spans if span.field == "count"), None)
    return (span.start, span.end) if span else (claim.start, claim.end)


def _overlap(left: tuple[int, int], right: tuple[int, int]) -> bool:
    return left[0] < right[1] and right[0] < left[1]


def _sure(claim: Claim, settings: ClassifierSettings) -> bool:
    return claim.confidence >= settings.second_reader.unsure


def _denied(claim: Claim) -> bool:
    return claim.stance == "denied"
