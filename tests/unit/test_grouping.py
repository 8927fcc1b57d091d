"""What is asked for at the same time is done together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.errors import Retry
from shared.grouping import MOST, Grouped


class Doubling:
    """Work that can be held up, and fails on zero."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go_on = asyncio.Event()

    async def work(self, asked: Sequence[int]) -> list[int]:
        self.groups.append(list(asked))
        await self.go_on.wait()
        if 0 in asked:
            raise Retry("zero")
        return [2 * one for one in asked]


async def test_what_comes_during_the_work_is_done_together_next() -> None:
    doubling = Doubling()
    grouped = Grouped(doubling.work)
    tasks = [asyncio.create_task(grouped.ask(1))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(grouped.ask(number)) for number in range(2, 2 + MOST + 1)]
    await asyncio.sleep(0)
    doubling.go_on.set()
    assert await asyncio.gather(*tasks) == [2 * number for number in range(1, 2 + MOST + 1)]
    assert [len(group) for group in doubling.groups] == [1, MOST, 1]


async def test_a_failure_is_told_to_everybody_in_the_group_and_to_nobody_else() -> None:
    doubling = Doubling()
    doubling.go_on.set()
    grouped = Grouped(doubling.work)
    answers = await asyncio.gather(grouped.ask(0), grouped.ask(1), return_exceptions=True)
    assert all(isinstance(answer, Retry) for answer in answers)
    assert await grouped.ask(3) == 6


async def test_who_stops_waiting_does_not_hold_up_the_others() -> None:
    doubling = Doubling()
    grouped = Grouped(doubling.work)
    impatient, patient = (asyncio.create_task(grouped.ask(number)) for number in (1, 2))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    doubling.go_on.set()
    assert await patient == 4
    assert doubling.groups == [[1, 2]]


async def test_a_group_is_kept_open_for_others_while_there_are_some_and_for_nobody_else() -> None:
    doubling = Doubling()
    doubling.go_on.set()
    grouped = Grouped(doubling.work, linger=30.0)
    assert await grouped.ask(1) == 2, "who is alone does not wait"
    assert list(await asyncio.gather(grouped.ask(1), grouped.ask(2))) == [2, 4]
    asked = [asyncio.create_task(grouped.ask(number)) for number in range(MOST - 1)]
    for _ in range(10):  # turns of the loop; a group that did not wait would need two
        await asyncio.sleep(0)
    assert len(doubling.groups) == 2, "the third group waits for others"
    for one in asked:
        one.cancel()
