"""When to stop instead of rejecting on: a bad release would otherwise empty a topic into its dead letters; pure."""

from __future__ import annotations

from collections import deque

from shared.errors import ClaimwatchError


class TooManyRejects(ClaimwatchError):
    """Most of what a stage read lately was rejected: the fault is more likely here than in every message."""


class Rejects:
    """The outcomes of the last *window* records; no verdict before *fewest* of them are known."""

    def __init__(self, window: int, fewest: int, most: float) -> None:
        self._outcomes: deque[bool] = deque(maxlen=window)
        self._fewest = fewest
        self._most = most

    def note(self, *, rejected: bool) -> None:
        """Remember what became of one record."""
        self._outcomes.append(rejected)

    def refuse_another(self, stage: str, reason: str) -> None:
        """Raise ``TooManyRejects`` when one reject more would be too many."""
        seen, rejected = len(self._outcomes) + 1, sum(self._outcomes) + 1
        if seen >= self._fewest and rejected > self._most * seen:
            raise TooManyRejects(
                f"{stage} stopped: {rejected} of its last {seen} records were rejected, the last because: {reason}. "
                "Nothing is lost: correct the cause and start again; what was rejected can be put back"
            )
