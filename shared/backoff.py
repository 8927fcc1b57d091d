"""How long to wait before the same thing is tried again; pure."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_DOUBLINGS = 30


@dataclass(frozen=True)
class Backoff:
    """Waits that double from *first* to *longest* seconds, each shortened by chance so that waiters spread out."""

    first: float = 0.5
    longest: float = 60.0

    def pause(self, attempt: int, *, after: float | None, chance: float) -> float:
        """Return the seconds to wait after failed *attempt* (1, 2, …).

        *chance* is a random number from 0 to 1: the wait lies between half of the full one and all of it. *after* is
        what the other side asked for; the wait is never shorter, whatever ``longest`` says.
        """
        full = min(self.longest, self.first * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS))
        return max(full * (0.5 + chance / 2), after or 0.0)
