"""A channel for tests that delivers to a list, and does what receivers do: refuse, hang, answer late."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

from services.alerter.channels import Delivery, Receipt, Telling

Reaction = Callable[[Delivery], Awaitable[Receipt]]


class Receiver:
    """Takes every delivery; ``answer_next`` lines up other reactions, one for each attempt to come."""

    def __init__(self) -> None:
        self.seen: list[Delivery] = []
        self.taken: list[Delivery] = []
        self.told: list[Telling] = []
        self.closed = False
        self._reactions: deque[Reaction] = deque()
        self._changed = asyncio.Condition()
        self._under_way: defaultdict[str, int] = defaultdict(int)

    def raise_next(self, *errors: Exception) -> None:
        """Meet the next attempts with *errors*, in turn."""
        for error in errors:
            self._reactions.append(lambda _delivery, error=error: _raise(error))

    def hang_next(self) -> asyncio.Event:
        """Give the next attempt no answer until the event that is returned is set."""
        answer = asyncio.Event()

        async def hang(delivery: Delivery) -> Receipt:
            await answer.wait()
            return await self._take(delivery)

        self._reactions.append(hang)
        return answer

    def do_next(self, act: Callable[[], Awaitable[None]]) -> None:
        """Take the next delivery, then *act* before answering."""

        async def take_and_act(delivery: Delivery) -> Receipt:
            receipt = await self._take(delivery)
            await act()
            return receipt

        self._reactions.append(take_and_act)

    async def send(self, delivery: Delivery) -> Receipt:
        """Take the delivery, or do what was lined up."""
        incident = delivery.alert.incident
        assert self._under_way[incident] == 0, "two deliveries of one incident at a time"
        self._under_way[incident] += 1
        try:
            self.seen.append(delivery)
            async with self._changed:
                self._changed.notify_all()
            return await (self._reactions.popleft() if self._reactions else self._take)(delivery)
        finally:
            self._under_way[incident] -= 1

    async def tell(self, telling: Telling) -> Receipt:
        """Take the notice."""
        self.told.append(telling)
        async with self._changed:
            self._changed.notify_all()
        return Receipt(thread=telling.thread or f"thread of {telling.id}")

    async def wait_to_be_told(self, number: int) -> None:
        """Return when so many notices were taken."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.told) >= number)

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    async def wait_for(self, taken: int = 0, *, seen: int = 0) -> None:
        """Return when so many deliveries were taken, and so many attempts seen."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.taken) >= taken and len(self.seen) >= seen)

    async def _take(self, delivery: Delivery) -> Receipt:
        self.taken.append(delivery)
        async with self._changed:
            self._changed.notify_all()
        return Receipt(thread=delivery.thread or f"thread of {delivery.id}")


async def _raise(error: Exception) -> Receipt:
    raise error
