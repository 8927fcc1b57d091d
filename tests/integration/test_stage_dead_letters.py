"""Dead letters on both logs: written by a stage, listed, put back, dropped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from shared.dead_letters import AlreadyHandled, DeadLetter, drop, letters, replay
from shared.errors import Reject
from shared.eventlog import Record
from shared.messages import RawItem
from shared.stage import Output
from tests.support.log_under_test import until
from tests.support.stage_world import StageWorld, raw_item, stage_world


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StageWorld]:
    if request.param == "kafka":
        url = f"kafka://{request.getfixturevalue('kafka').bootstrap}?session_ms=1500&fetch_wait_ms=10"
    else:
        url = f"sqlite:///{tmp_path}/log.db"
    async with stage_world(url) as made:
        yield made


async def _refuse(item: RawItem, record: Record) -> Sequence[Output]:
    raise Reject(f"cannot read {item.id}")


async def _rejected(world: StageWorld, *items: RawItem) -> list[DeadLetter]:
    """Let a stage reject *items*, and return the letters that wait."""
    before = len(await letters(world.log, world.raw))
    await world.say(*items)
    async with world.running(_refuse):
        await until(lambda: _letters(world, before + len(items)), "all were dead-lettered")
    return [letter for letter in await letters(world.log, world.raw) if letter.state == "waiting"]


async def _letters(world: StageWorld, count: int) -> bool:
    return len(await letters(world.log, world.raw)) == count


async def test_letters_are_listed_with_their_story(world: StageWorld) -> None:
    found = await _rejected(world, raw_item(0, key="a"), raw_item(1, key="b"))
    assert sorted((each.stage, each.topic, each.key, each.error, each.state) for each in found) == [
        ("test", world.raw.name, "a", "cannot read a-0", "waiting"),
        ("test", world.raw.name, "b", "cannot read b-1", "waiting"),
    ]
    assert len({each.id for each in found}) == 2


async def test_a_letter_put_back_is_handled_and_not_put_back_twice(world: StageWorld) -> None:
    (letter,) = await _rejected(world, raw_item(0))
    await replay(world.log, letter)
    async with world.running(world.tag):
        await until(lambda: _came(world, ["k-0"]), "the letter's item came out")
    (after,) = await letters(world.log, world.raw)
    assert (after.id, after.state) == (letter.id, "replayed")
    with pytest.raises(AlreadyHandled, match=letter.id):
        await replay(world.log, after)
    with pytest.raises(AlreadyHandled):
        await drop(world.log, after)
    await replay(world.log, after, force=True)
    assert len(await world.held(world.raw.name)) == 3


async def test_a_letter_that_comes_back_too_often_is_put_back_no_more(world: StageWorld) -> None:
    (letter,) = await _rejected(world, raw_item(0))
    for expected in (1, 2, 3):
        await replay(world.log, letter)
        (letter,) = await _again(world, expected + 1)
        assert letter.replays == expected
    with pytest.raises(AlreadyHandled, match="3 times"):
        await replay(world.log, letter)


async def _again(world: StageWorld, count: int) -> list[DeadLetter]:
    async with world.running(_refuse):
        await until(lambda: _letters(world, count), "it came back")
    return [letter for letter in await letters(world.log, world.raw) if letter.state == "waiting"]


async def test_a_dropped_letter_stays_dropped(world: StageWorld) -> None:
    (letter,) = await _rejected(world, raw_item(0))
    await drop(world.log, letter)
    (after,) = await letters(world.log, world.raw)
    assert after.state == "dropped"
    with pytest.raises(AlreadyHandled):
        await replay(world.log, after)


async def _came(world: StageWorld, ids: list[str]) -> bool:
    return await world.came_out() == ids
