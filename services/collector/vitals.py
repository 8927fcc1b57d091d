"""What is kept of each source's looks to judge its health: when items came, how much was shown, what failed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Self

from pydantic import BaseModel, ConfigDict

from services.collector.rhythm import slot_of
from services.collector.sources import Entry, Trouble

KEPT = 600
"""Slots of arrivals kept: four days of a source that never pauses, months of an ordinary one."""
OLDEST = timedelta(days=365)
"""An arrival longer ago says nothing of today's rhythm."""
SIZES = 15
"""Looks whose number of entries is kept."""
AHEAD = timedelta(hours=1)


class Vitals(BaseModel):
    """One source's health record.

    ``arrivals`` are the slots in which items were published, ``last_item_at`` the last moment of these;
    ``last_news_at`` is when a look last brought something that an earlier one had not. ``sizes`` are how many entries
    the last looks showed; ``shown`` and ``undated`` speak of the last one. ``repaired`` counts looks whose charset was
    put right, ``truncations`` those between which items may have been missed.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    arrivals: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    last_item_at: datetime | None = None
    last_news_at: datetime | None = None
    shown: int = 0
    undated: int = 0
    repaired: int = 0
    truncations: int = 0
    truncated_at: datetime | None = None
    trouble: Trouble | None = None
    troubled_since: datetime | None = None

    @property
    def heard_at(self) -> datetime | None:
        """When the source last had something to say."""
        return max(filter(None, (self.last_item_at, self.last_news_at)), default=None)

    @property
    def undated_share(self) -> float | None:
        """The share of the last look's entries that had no usable date; None when nothing was ever shown."""
        return self.undated / self.shown if self.shown else None

    @property
    def usual_size(self) -> float:
        """How many entries a look usually shows; 0 when it is not known yet."""
        return median(self.sizes) if self.sizes else 0

    def failed(self, trouble: Trouble, now: datetime) -> Self:
        """Return the record after a look that failed."""
        if trouble == self.trouble:
            return self
        # What fails in another way has not recovered in between.
        return self.model_copy(update={"trouble": trouble, "troubled_since": self.troubled_since or now})

    def recovered(self) -> Self:
        """Return the record after a look that worked."""
        return self.model_copy(update={"trouble": None, "troubled_since": None}) if self.trouble else self

    def looked(self, sight: Sight, now: datetime) -> Self:
        """Return the record after a look that worked and showed *sight*."""
        if not sight.shown:
            return self.recovered()
        moments = [moment for moment in sight.moments if now - OLDEST <= moment <= now + AHEAD]
        slots = sorted({*self.arrivals, *map(slot_of, moments)})[-KEPT:]
        missed = is_truncated(self, sight)
        return self.model_copy(
            update={
                "arrivals": tuple(slots),
                "sizes": (*self.sizes, sight.shown)[-SIZES:],
                "last_item_at": max([*moments, *filter(None, [self.last_item_at])], default=None),
                "last_news_at": now if sight.news and not sight.first else self.last_news_at,
                "shown": sight.shown,
                "undated": sight.undated,
                "repaired": self.repaired + sight.repaired,
                "truncations": self.truncations + missed,
                "truncated_at": now if missed else self.truncated_at,
                "trouble": None,
                "troubled_since": None,
            }
        )


@dataclass(frozen=True)
class Sight:
    """What one look showed.

    ``news`` is how many versions it brought, ``shown`` the entries, ``known`` those seen before; ``moments`` are when
    items were published. ``first``: the source was never seen before, so that its news may be old. ``complete``: the
    source itself sees to it that nothing is missed between two looks.
    """

    news: int = 0
    shown: int = 0
    known: int = 0
    undated: int = 0
    repaired: bool = False
    first: bool = False
    complete: bool = False
    moments: tuple[datetime, ...] = ()


def see(
    entries: Collection[Entry], known: int, changes: Iterable[str], now: datetime, *, first: bool, complete: bool
) -> Sight:
    """Return what a look showed: its *entries*, of which *known* were seen before, and what *changes* it brought."""
    counted = Counter(changes)
    living = [entry for entry in entries if not entry.deleted]
    dated = [entry.published_at for entry in living if entry.published_at]
    new_and_undated = counted["new"] > 0 and len(dated) < len(living) and not first
    return Sight(
        news=sum(counted.values()),
        shown=len(living),
        known=known,
        undated=len(living) - len(dated),
        repaired=any(note.startswith("charset-repaired") for entry in living for note in entry.notes),
        first=first,
        complete=complete,
        moments=(*dated, *((now,) if new_and_undated else ())),
    )


def is_truncated(vitals: Vitals, sight: Sight) -> bool:
    """Whether items may have come and gone unseen: as many entries as always, and not one of them known.

    A feed keeps so many entries and drops the rest. While one of a look's entries was there at the look before, none
    was dropped in between.
    """
    return bool(vitals.sizes) and not sight.complete and not sight.known and sight.shown >= vitals.usual_size
