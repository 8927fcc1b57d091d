"""Does together what is asked for at the same time: a transaction for fifty costs little more than one for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST = 200
"""Most that is done at once; each further one would only keep the others waiting."""


class Grouped(Generic[Asked, Answer]):
    """Hands what is asked while the last group is being worked on to *work*, which answers each in the same order.

    When *work* raises, everybody in the group is told so. What was asked is done even if the asker stops waiting.

    For *linger* seconds a group waits for further members, but only while the last one had several: who asks alone is
    answered at once.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, linger: float = 0.0) -> None:
        self._work = work
        self._linger = linger
        self._busy = False
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._working: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer to *asked*; raises what the work raised."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if self._working is None:
            self._working = asyncio.create_task(self._go_on())
        return await future

    async def _go_on(self) -> None:
        try:
            while self._waiting:
                if self._linger and self._busy and len(self._waiting) < MOST:
                    await asyncio.sleep(self._linger)
                self._busy = len(self._waiting) > 1
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._answer(group)
        finally:
            self._working = None

    async def _answer(self, group: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([asked for asked, _ in group])
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)
