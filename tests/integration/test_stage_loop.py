"""The stage loop on a real log: what it promises to handlers, and to those who stop it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from shared.codec import decode, encode
from shared.errors import ConfigurationError, Reject, Retry
from shared.eventlog import MAX_RECORD_BYTES, Record
from shared.messages import RawItem, TaggedItem
from shared.stage import Output, TooManyRejects
from tests.support.log_under_test import until
from tests.support.stage_world import NOW, QUICK, StageWorld, raw_item, stage_world, tagged_item

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[StageWorld]:
    async with stage_world(f"sqlite:///{tmp_path}/log.db") as made:
        yield made


async def _until_out(world: StageWorld, ids: set[str]) -> None:
    async def out() -> bool:
        return set(await world.came_out()) >= ids

    await until(out, f"{ids} came out")


def _count(status: str) -> float:
    return REGISTRY.get_sample_value("claimwatch_items_total", {"stage": "test", "status": status}) or 0.0


async def test_outputs_are_events_that_carry_the_trace_on(world: StageWorld) -> None:
    await world.say(raw_item(0, key="a"), trace=TRACE)
    before = _count("handled")
    async with world.running(world.tag):
        await _until_out(world, {"a-0"})
    (record,) = await world.held(world.tagged.name)
    assert record.key == "a"
    assert decode(TaggedItem, record.value, record.headers).item == raw_item(0, key="a")
    assert dict(record.headers) == {
        "ce_specversion": "1.0",
        "ce_id": "a-0",
        "ce_type": "claimwatch.item.tagged.v1",
        "ce_source": "claimwatch/test",
        "ce_time": "2016-02-03T12:00:00+00:00",
        "content-type": "application/json",
        "traceparent": TRACE,
    }
    assert await world.uncommitted() == 0
    assert _count("handled") == before + 1


@pytest.mark.parametrize("given", ["", "00-xyz", f"00-{'0' * 32}-b7ad6b7169203331-01"])
async def test_a_trace_begins_where_there_is_none_to_carry(world: StageWorld, given: str) -> None:
    value, headers = encode(raw_item(0), source="test", time=NOW)
    await world.log.append(world.raw.name, "k", value, {**headers, "traceparent": given})
    async with world.running(world.tag):
        await _until_out(world, {"k-0"})
    (record,) = await world.held(world.tagged.name)
    assert record.headers["traceparent"].startswith("00-")
    assert record.headers["traceparent"] != given
    assert len(record.headers["traceparent"]) == 55


async def test_a_retry_is_tried_again_in_order_while_other_keys_go_on(world: StageWorld) -> None:
    await world.say(raw_item(0, key="a"), raw_item(1, key="a"), raw_item(0, key="b"))
    repaired = asyncio.Event()
    seen: list[str] = []

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        seen.append(item.id)
        if item.item == "a" and not repaired.is_set():
            raise Retry("the database is away")
        return await world.tag(item, record)

    async with world.running(handle):
        await _until_out(world, {"b-0"})
        await until(lambda: seen.count("a-0") >= 3, "the first is tried again")
        assert "a-1" not in seen
        repaired.set()
        await _until_out(world, {"a-0", "a-1"})
    assert [each for each in await world.came_out() if each.startswith("a")] == ["a-0", "a-1"]


async def test_a_reject_is_dead_lettered_with_its_story_and_the_rest_goes_on(world: StageWorld) -> None:
    await world.say(raw_item(0, key="a"), raw_item(1, key="a"), raw_item(2, key="a"), trace=TRACE)
    failed = []

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        if item.version == 2 and not failed:
            failed.append(item)
            raise Retry("not yet")
        if item.version == 2:
            raise Reject("no such thing")
        return await world.tag(item, record)

    async with world.running(handle):
        await _until_out(world, {"a-0", "a-2"})
    original = next(record for record in await world.held(world.raw.name) if record.headers["ce_id"] == "a-1")
    (letter,) = await world.held(world.raw.dead_letters)
    assert (letter.key, letter.value) == ("a", original.value)
    assert original.headers.items() <= letter.headers.items()
    story = {name: text for name, text in letter.headers.items() if name.startswith("dlq-")}
    assert story.pop("dlq-version") != "unknown"
    assert story == {
        "dlq-stage": "test",
        "dlq-topic": world.raw.name,
        "dlq-partition": str(original.partition),
        "dlq-offset": str(original.offset),
        "dlq-error": "no such thing",
        "dlq-attempts": "2",
        "dlq-time": NOW.isoformat(),
    }
    assert await world.uncommitted() == 0


async def test_what_cannot_be_read_is_dead_lettered_and_nothing_else_stops(world: StageWorld) -> None:
    value, good = encode(raw_item(0), source="test", time=NOW)
    bad = {
        "broken JSON": (b"{", good),
        "not UTF-8": (b'{"id": "\xff\xfe"}', good),
        "deep": (b"[" * 100_000, good),
        "empty": (b"", good),
        "a later version": (value, {**good, "ce_type": "claimwatch.item.raw.v9"}),
        "no type": (value, {}),
        "another specification": (value, {**good, "ce_specversion": "9.0"}),
        "another content": (value, {**good, "content-type": "text/html"}),
        "a missing field": (b'{"id": "x"}', good),
        "NUL and controls": (b"\x00\x01\x1b[2J", {**good, "ce_type": "\x1b[2J\udcff"}),
    }
    for content, headers in bad.values():
        await world.log.append(world.raw.name, "k", content, headers)
        await world.say(raw_item(len(content), key="k"))
    async with world.running(world.tag, replace(QUICK, most_rejected=0.9)):
        await until(lambda: _came(world, len({len(content) for content, _ in bad.values()})), "the good ones came out")
    letters = await world.held(world.raw.dead_letters)
    assert {record.value for record in letters} == {content for content, _ in bad.values()}
    assert all(record.headers["dlq-error"].isprintable() for record in letters)
    assert await world.uncommitted() == 0


async def _came(world: StageWorld, count: int) -> bool:
    return len(await world.came_out()) == count


async def test_an_output_too_large_for_its_topic_is_a_reject_of_the_input(world: StageWorld) -> None:
    await world.say(raw_item(0), raw_item(1))

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        large = item.model_copy(update={"text": "x" * MAX_RECORD_BYTES}) if item.version == 1 else item
        return [Output(world.tagged, tagged_item(large))]

    async with world.running(handle):
        await _until_out(world, {"k-1"})
    (letter,) = await world.held(world.raw.dead_letters)
    assert "too large" in letter.headers["dlq-error"]


async def test_a_stage_that_rejects_most_of_what_it_reads_stops(world: StageWorld) -> None:
    await world.say(*(raw_item(number, key=str(number)) for number in range(100)))

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        raise Reject("this release is broken")

    with pytest.raises(TooManyRejects, match="this release is broken"):
        async with world.running(handle, replace(QUICK, fewest=10)) as task:
            await asyncio.wait([task])
    assert len(await world.held(world.raw.dead_letters)) < 20
    assert await world.uncommitted() > 80


@pytest.mark.parametrize("error", [ValueError("a bug"), ConfigurationError("key", "is wrong", "Mend it")])
async def test_any_other_error_stops_the_stage_and_the_record_comes_again(world: StageWorld, error: Exception) -> None:
    await world.say(raw_item(0, key="a"), raw_item(1, key="a"), raw_item(2, key="a"))

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        if item.version == 2:
            raise error
        return await world.tag(item, record)

    with pytest.raises(type(error)) as caught:
        async with world.running(handle) as task:
            await asyncio.wait([task])
    assert world.raw.name in "".join(caught.value.__notes__)
    assert await world.came_out() == ["a-0"]
    assert await world.uncommitted() == 2
    async with world.running(world.tag):
        await _until_out(world, {"a-0", "a-1", "a-2"})
    assert await world.held(world.raw.dead_letters) == []


async def test_a_stop_lets_the_record_in_hand_finish_and_commits_it(world: StageWorld) -> None:
    await world.say(raw_item(0))
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        begun.set()
        await may_end.wait()
        return await world.tag(item, record)

    async with world.running(handle) as task:
        await begun.wait()
        world.stop.set()
        await asyncio.sleep(0.1)
        assert not task.done()
        may_end.set()
    assert await world.came_out() == ["k-0"]
    assert await world.uncommitted() == 0


async def test_a_stop_does_not_wait_for_what_was_put_off(world: StageWorld) -> None:
    await world.say(raw_item(0), raw_item(1))
    tried = asyncio.Event()

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        tried.set()
        raise Retry("come back in an hour", after=3600)

    async with asyncio.timeout(20):
        async with world.running(handle):
            await tried.wait()
    assert await world.uncommitted() == 2


async def test_a_record_in_hand_for_too_long_is_let_go_and_comes_again(world: StageWorld) -> None:
    await world.say(raw_item(0))
    begun = asyncio.Event()

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        begun.set()
        await asyncio.Event().wait()
        return []

    async with world.running(handle, replace(QUICK, drain=0.1)):
        await begun.wait()
    assert await world.uncommitted() == 1


async def test_keys_are_handled_at_the_same_time_but_only_so_many(world: StageWorld) -> None:
    await world.say(*(raw_item(0, key=str(number)) for number in range(30)))
    working, most = 0, 0
    full = asyncio.Event()

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        nonlocal working, most
        working += 1
        most = max(most, working)
        if working == 4:
            full.set()
        await full.wait()
        await asyncio.sleep(0.002)
        working -= 1
        return await world.tag(item, record)

    async with world.running(handle, replace(QUICK, concurrency=4)):
        await _until_out(world, {f"{number}-0" for number in range(30)})
    assert most == 4


async def test_a_slow_record_holds_the_commit_back_but_not_the_work(world: StageWorld) -> None:
    """A commit over an unfinished record would lose it in a crash."""
    async with stage_world(f"{_url(world)}", partitions=1) as narrow:
        await narrow.say(raw_item(0, key="slow"), *(raw_item(0, key=str(number)) for number in range(5)))
        blocked = asyncio.Event()

        async def handle(item: RawItem, record: Record) -> Sequence[Output]:
            if item.item == "slow":
                await blocked.wait()
            return await narrow.tag(item, record)

        async with narrow.running(handle, replace(QUICK, drain=0.2)):
            await _until_out(narrow, {f"{number}-0" for number in range(5)})
        assert await narrow.uncommitted() == 6


def _url(world: StageWorld) -> str:
    path = world.log.address.path  # type: ignore[attr-defined]
    return f"sqlite:///{path}"


async def test_lag_is_shown_while_it_runs_and_not_after(world: StageWorld) -> None:
    labels = {"stage": "test", "topic": world.raw.name, "partition": "0"}

    def shown() -> bool:
        return REGISTRY.get_sample_value("claimwatch_lag_records", labels) is not None

    async with world.running(world.tag):
        await until(shown, "the lag is shown")
    assert not shown()


async def test_a_missing_topic_is_a_configuration_error(world: StageWorld) -> None:
    world.raw = replace(world.raw, name="missing")
    with pytest.raises(ConfigurationError, match="missing"):
        async with world.running(world.tag) as task:
            await asyncio.wait([task])
