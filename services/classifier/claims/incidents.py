"""Pure: what claims of one incident share. A day or a place said of one victim holds for those beside them."""

from __future__ import annotations

from itertools import pairwise

from services.classifier.claims.drafting import Draft
from services.classifier.reading import Reading


def share(reading: Reading, drafts: list[Draft]) -> None:
    """Give each draft of the document's main incident the day, the place and the cause its neighbours state."""
    told = [draft for draft in drafts if not draft.total and not _old(reading, draft)]
    days = {draft.day for draft in told if draft.day}
    places = [draft.place for draft in told if draft.place is not None]
    for draft in told:
        if draft.day is None and len(days) == 1 and not _own_time(reading, draft):
            draft.day = next(iter(days))
        if draft.place is None and places:
            draft.place = max(set(places), key=lambda place: (places.count(place), -places.index(place)))
    for before, draft in pairwise(told):
        beside = before.figure.sentence == draft.figure.sentence and before.place == draft.place
        if beside and draft.cause is None and "denied" not in {draft.stance, before.stance}:
            draft.cause = before.cause


def _old(reading: Reading, draft: Draft) -> bool:
    """Return whether the sentence speaks of the past: "last December", "in November", "earlier"."""
    sentence = reading.sentences[draft.figure.sentence]
    return bool(reading.find("past", sentence.first, sentence.last))


def _own_time(reading: Reading, draft: Draft) -> bool:
    sentence = reading.sentences[draft.figure.sentence]
    return bool(reading.find("month", sentence.first, sentence.last))
