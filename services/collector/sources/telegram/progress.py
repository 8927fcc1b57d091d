"""How far a channel's preview has been read: the newest known post, gaps still to fill, the re-reading sweep (pure).

A page shows about twenty posts and leads only backwards. So newer posts are read first, what lies between them and the
last known post is a gap, and gaps are filled page by page, over several looks when they are long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.collector.sources import Cursor

OF_THE_ACCOUNT = ("channel", "access_hash", "name")
"""What an account knows of a channel; looking its name up again is the dearest request there is."""

Gap = tuple[int, int]
"""Ids strictly between the two have not been read yet."""


@dataclass(frozen=True)
class Progress:
    """``last`` is the newest id seen; ``gaps`` newest first; ``sweep`` the id below which re-reading goes on.

    ``doubted`` is the newest id of a look that ended below ``last``: one stale page is not yet a deletion. ``start`` is
    the oldest id of the channel's first page, if a look ever came so far.
    """

    last: int = 0
    gaps: tuple[Gap, ...] = ()
    sweep: int | None = None
    doubted: int | None = None
    start: int | None = None

    @classmethod
    def load(cls, cursor: Cursor) -> Progress:
        """Read back what :meth:`dump` wrote; an empty cursor is a channel never read."""
        pairs = [pair.split("-") for pair in cursor.get("gaps", "").split(",") if pair]
        return cls(
            last=int(cursor.get("last", "0")),
            gaps=tuple((int(low), int(high)) for low, high in pairs),
            sweep=int(cursor["sweep"]) if "sweep" in cursor else None,
            doubted=int(cursor["doubted"]) if "doubted" in cursor else None,
            start=int(cursor["start"]) if "start" in cursor else None,
        )

    def dump(self) -> dict[str, str]:
        """Return the cursor."""
        cursor = {"last": str(self.last)}
        if self.gaps:
            cursor["gaps"] = ",".join(f"{low}-{high}" for low, high in self.gaps)
        for name, value in (("sweep", self.sweep), ("doubted", self.doubted), ("start", self.start)):
            if value is not None:
                cursor[name] = str(value)
        return cursor

    @property
    def before(self) -> int | None:
        """The id whose older neighbours are to be read next, None when no gap is left."""
        return self.gaps[0][1] if self.gaps else None

    @property
    def contiguous(self) -> int:
        """The newest id up to which nothing is missing."""
        return min([self.last, *(low for low, _ in self.gaps)])

    def after_newest(self, oldest: int, newest: int, *, first: int, end: bool) -> Progress:
        """Return the progress once the newest page, from *oldest* to *newest*, is read.

        A channel never read before is read *first* ids back, unless *end* says that nothing is older. A page that ends
        below ``last`` is doubted once, then believed.
        """
        known = self.last or (oldest if end else max(0, newest - first))
        # The page fills what of a gap it shows.
        gaps = tuple((low, min(high, oldest)) for low, high in self.gaps if low + 1 < oldest)
        gaps = ((known, oldest), *gaps) if oldest > known + 1 else gaps
        if newest >= self.last:
            return replace(self, last=newest, gaps=gaps, doubted=None)
        if self.doubted is None:
            return replace(self, doubted=newest)
        return replace(self, last=newest, doubted=None)

    def after_older(self, before: int, oldest: int | None) -> Progress:
        """Return the progress once the page below *before* is read down to *oldest*; None: nothing older exists."""
        (low, _), *rest = self.gaps
        if oldest is None or oldest >= before or oldest <= low + 1:
            return replace(self, gaps=tuple(rest))
        return replace(self, gaps=((low, oldest), *rest))

    def swept(self, oldest: int, *, reread: int, end: bool) -> Progress:
        """Return the progress once posts down to *oldest* were read again; a sweep ends *reread* ids below ``last``."""
        done = end or oldest <= self.last - reread
        return replace(self, sweep=None if done else oldest)

    def showing(self, posts: Iterable[int]) -> Progress:
        """Return the progress with which the next look reads *posts* once more, as gaps."""
        wanted = sorted([*self.gaps, *((post - 1, post + 1) for post in posts)], reverse=True)
        gaps: list[Gap] = []
        for low, high in wanted:
            if gaps and high > gaps[-1][0]:
                gaps[-1] = (min(low, gaps[-1][0]), max(high, gaps[-1][1]))
            else:
                gaps.append((low, high))
        return replace(self, gaps=tuple(gaps))


def kept(cursor: Cursor) -> dict[str, str]:
    """Return what a preview carries through its cursor for the account that may read the channel again."""
    return {key: cursor[key] for key in OF_THE_ACCOUNT if key in cursor}
