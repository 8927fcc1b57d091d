"""How many versions of one item are published, when its text will not rest. Pure.

Every true edit is a version. But some pages count views in their text, and some outlets serve two states of one text in
turn from two machines. Past a day's measure versions are only put off, and the text that stands when the next may come
is published: what an item says at last is never lost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.collector.novelty import Novelty, Recent, Remembered

DAY = timedelta(days=1)
EDITS = 24
"""Versions of one item within a day (the measure of lemon24/reader, issue 225)."""
RETURNS = 3
"""How often within a day an item may go back to a text it had before; then it is flapping, not being corrected."""
SLOWLY = timedelta(hours=1)
"""The least time between two versions of an item that is past either measure."""
FREQUENT = "frequent-edits"
"""The note of a version that was put off."""


def admitted(novelty: Novelty, known: Remembered | None, now: datetime) -> Novelty | None:
    """Return *novelty* with the item's recent versions, or None when it has to wait, given what is *known*."""
    recent = _lately(known, now)
    if novelty.change == "edited" and recent and _restless(novelty, recent):
        if now - recent[-1].at < SLOWLY:
            return None
        entry = novelty.entry
        novelty = replace(novelty, entry=replace(entry, notes=(*entry.notes, FREQUENT)))
    returned = any(one.hash == _short(novelty) for one in recent)
    latest = Recent(_short(novelty), now, returned=returned)
    return replace(novelty, remembered=replace(novelty.remembered, recent=(*recent, latest)))


def _lately(known: Remembered | None, now: datetime) -> tuple[Recent, ...]:
    return tuple(one for one in known.recent if now - one.at < DAY) if known else ()


def _restless(novelty: Novelty, recent: tuple[Recent, ...]) -> bool:
    if len(recent) >= EDITS:
        return True
    returning = any(one.hash == _short(novelty) for one in recent)
    return returning and sum(one.returned for one in recent) >= RETURNS


def _short(novelty: Novelty) -> str:
    return novelty.remembered.hash[:16]
