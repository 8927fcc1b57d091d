"""The pure parts of the stage loop: waits, progress, too many rejects."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import Backoff
from shared.eventlog import Record
from shared.progress import Progress
from shared.rejects import Rejects, TooManyRejects


def _record(offset: int, partition: int = 0) -> Record:
    return Record("t", partition, offset, "k", b"", {}, datetime(2016, 2, 3, tzinfo=UTC))


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(first=1, longest=10)
    assert [backoff.pause(attempt, after=None, chance=1) for attempt in (1, 2, 3, 4, 5, 1000)] == [1, 2, 4, 8, 10, 10]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_chance_shortens_a_wait_by_half_at_most(attempt: int, chance: float) -> None:
    backoff = Backoff(first=0.5, longest=60)
    full = backoff.pause(attempt, after=None, chance=1)
    assert full / 2 <= backoff.pause(attempt, after=None, chance=chance) <= full <= 60


def test_a_wait_is_never_shorter_than_asked_for() -> None:
    assert Backoff(first=1, longest=10).pause(1, after=90, chance=0) == 90


def test_a_commit_moves_only_over_finished_records() -> None:
    progress = Progress()
    first, second, third = (progress.begin(_record(offset)) for offset in range(3))
    progress.finish(second)
    assert progress.take_committable() == []
    progress.finish(first)
    assert progress.take_committable() == [second.record]
    progress.finish(third)
    assert progress.take_committable() == [third.record]
    assert progress.take_committable() == []


def test_partitions_progress_apart() -> None:
    progress = Progress()
    progress.begin(_record(0, partition=0))
    progress.finish(progress.begin(_record(5, partition=1)))
    assert [record.partition for record in progress.take_committable()] == [1]


@given(st.permutations(range(12)))
def test_whatever_the_order_of_finishing_every_record_is_committed_once_all_are_done(order: list[int]) -> None:
    progress = Progress()
    handed = [progress.begin(_record(offset)) for offset in range(12)]
    last = -1
    for count, number in enumerate(order, 1):
        progress.finish(handed[number])
        for record in progress.take_committable():
            assert set(range(record.offset + 1)) <= set(order[:count])
            assert record.offset > last
            last = record.offset
    assert last == 11


def test_a_record_handed_out_again_holds_the_commit_until_both_are_done() -> None:
    progress = Progress()
    first = progress.begin(_record(5))
    progress.finish(progress.begin(_record(5)))
    assert progress.take_committable() == []
    progress.finish(first)
    assert [record.offset for record in progress.take_committable()] == [5]


def _after(*outcomes: bool) -> Rejects:
    rejects = Rejects(window=10, fewest=4, most=0.5)
    for rejected in outcomes:
        rejects.note(rejected=rejected)
    return rejects


@pytest.mark.parametrize("outcomes", [(), (True, True), (False, False, True), (True, True, *[False] * 8)])
def test_a_few_rejects_are_borne(outcomes: tuple[bool, ...]) -> None:
    _after(*outcomes).refuse_another("classifier", "broken")


@pytest.mark.parametrize("outcomes", [(True, True, True), (False, True, True), (*[False] * 90, *[True] * 6)])
def test_when_most_of_the_window_was_rejected_it_is_over(outcomes: tuple[bool, ...]) -> None:
    with pytest.raises(TooManyRejects, match=r"classifier stopped: .* broken"):
        _after(*outcomes).refuse_another("classifier", "broken")
