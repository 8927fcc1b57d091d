"""Pure: which items the second reader is asked about."""

from __future__ import annotations

from services.classifier.settings import ClassifierSettings
from shared.messages import TaggedItem

PLACES = 4
"""Decimal places that scores are kept with; without rounding 0.65 would lie more than 0.15 away from 0.5."""


def asks(tagged: TaggedItem, settings: ClassifierSettings) -> bool:
    """Whether a second opinion on *tagged* is worth its price.

    It is when the score lies near the threshold on either side, or a claim's confidence is low; and for an item that
    nobody could read, if the operator wants that. A score of 0 says that the gate stayed shut: no doubt there.
    """
    second = settings.second_reader
    if tagged.item.change == "deleted" or not tagged.item.document.strip():
        return False
    if not tagged.read:
        return second.unread
    if any(claim.confidence < second.unsure for claim in tagged.claims):
        return True
    return tagged.score > 0 and round(abs(tagged.score - settings.threshold), PLACES) <= second.margin
