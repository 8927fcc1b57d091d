"""Which channels Telegram asked to leave alone, and whether it means the whole account (pure)."""

from __future__ import annotations

FEW = 3
"""So many channels under a flood wait at once mean the account: the others are then left alone too."""


class Floods:
    """Flood waits of channels. One channel's wait is its own; ``now`` and ``until`` are seconds of one clock."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}

    def note(self, channel: int, until: float) -> None:
        """Remember that *channel* is not to be asked before *until*."""
        self._until[channel] = until

    def pause(self, channel: int, now: float) -> float:
        """Return for how many seconds *channel* is not to be asked."""
        self._until = {one: until for one, until in self._until.items() if until > now}
        own = self._until.get(channel, now)
        all_waits = sorted(self._until.values(), reverse=True)
        account = all_waits[FEW - 1] if len(all_waits) >= FEW else now
        return max(own, account) - now
