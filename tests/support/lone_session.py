"""A session that no other process knows."""

from __future__ import annotations

from collections.abc import Callable


class LoneSession:
    """Held whenever it is asked for; ``end`` takes it away, as a lease that ran out does."""

    def __init__(self) -> None:
        self.held = False
        self._lost: Callable[[], None] = lambda: None
        self._names_pause = 0.0

    def end(self) -> None:
        """Let another process have it."""
        self.held = False
        self._lost()

    async def hold(self, lost: Callable[[], None]) -> None:
        self.held, self._lost = True, lost

    async def release(self) -> None:
        self.held = False

    async def names_pause(self) -> float:
        return self._names_pause

    async def pause_names(self, seconds: float) -> None:
        self._names_pause = seconds
