"""Pure: one claim once. Headline and body, and the same said twice by the same, are one claim.

A headline that gives no number ("Officers' car hit a mine") has none to disagree about with the body, and one that says
"terrorists" means those whose side the body names.
"""

from __future__ import annotations

from dataclasses import replace

from services.classifier.claims.drafting import Draft
from services.classifier.claims.forces import OPEN
from services.classifier.claims.numbers import plain_numbers
from services.classifier.reading import Reading
from services.classifier.text import fold

HALF = 0.5
ENDLESS = float("inf")


def merge(reading: Reading, drafts: list[Draft]) -> list[Draft]:
    """Return *drafts* with each claim once: as the body tells it, else the headline; what only one says is kept."""
    kept: list[Draft] = []
    for draft in sorted(drafts, key=lambda draft: (_in_headline(reading, draft), draft.figure.first)):
        twin = next((other for other in kept if _same(reading, other, draft)), None)
        if twin is None:
            kept.append(draft)
        else:
            _fill(twin, draft)
    return sorted(kept, key=lambda draft: draft.figure.first)


def _in_headline(reading: Reading, draft: Draft) -> bool:
    return draft.figure.first < reading.headline_last


def _same(reading: Reading, kept: Draft, draft: Draft) -> bool:
    """Return whether *draft* states the claim that *kept* does, which stands before it or in the body."""
    titled = _in_headline(reading, draft)
    if kept.outcome != draft.outcome or (kept.stance == "denied") != (draft.stance == "denied"):
        return False
    if kept.force != draft.force and not (titled and draft.force == OPEN and _same_range(kept, draft)):
        return False
    if kept.total != draft.total and not titled:
        return False
    equal = _same_range(kept, draft)
    if _in_headline(reading, kept):
        return equal
    if titled:
        return equal or _overlap(kept, draft) or not plain_numbers(reading, draft.figure.first, draft.figure.last)
    apart = kept.day is not None and draft.day is not None and kept.day != draft.day
    return equal and not apart and same_voice(reading, kept, draft)


def _same_range(left: Draft, right: Draft) -> bool:
    return (left.low, left.high) == (right.low, right.high)


def same_voice(reading: Reading, left: Draft, right: Draft) -> bool:
    """Return whether the same one says both: one party, or words that half agree, or the outlet itself."""
    a, b = left.speaker, right.speaker
    if a is None or b is None:
        return a is b
    if a.party is not None and b.party is not None:
        return a.party == b.party
    mine, theirs = (set(fold(reading.words(one.first, one.last)).split()) for one in (a, b))
    return len(mine & theirs) >= HALF * min(len(mine), len(theirs))


def _overlap(left: Draft, right: Draft) -> bool:
    return (left.low or 0) <= _top(right) and (right.low or 0) <= _top(left)


def _top(draft: Draft) -> float:
    return ENDLESS if draft.high is None else draft.high


def _fill(kept: Draft, other: Draft) -> None:
    """Give *kept* what only *other*, the same claim told again, says."""
    if kept.place is None and kept.governorate is None:
        kept.place, kept.governorate = other.place, other.governorate
    kept.day = kept.day or other.day
    kept.cause = kept.cause or other.cause
    kept.perpetrator = kept.perpetrator or other.perpetrator
    told = {trace.name for trace in kept.traces}
    kept.traces += [trace for trace in other.traces if trace.name in {"place", "date", "cause"} - told]
    if not kept.figure.names and other.figure.names:
        kept.figure = replace(kept.figure, names=other.figure.names)
