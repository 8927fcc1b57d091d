"""A source's rhythm, learned from when it published: what is usual, and from when on its silence is not."""

from __future__ import annotations

import gc
import random
import weakref
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from services.collector.rhythm import FEWEST, LEAST, MOST_LEARNED, Learned, learn, moment_of, slot_of

MONDAY = datetime(2016, 2, 1, tzinfo=UTC)


def slots(moments: list[datetime]) -> tuple[int, ...]:
    return tuple(sorted({slot_of(moment) for moment in moments}))


def at_random(per_hour: dict[int, float], days: int, seed: int, *, weekend: float = 1.0) -> list[datetime]:
    """Return moments of a source that publishes *per_hour* items in each hour of the day, *weekend* as many then."""
    draw = random.Random(seed)
    found: list[datetime] = []
    for hour in range(24 * days):
        start = MONDAY + timedelta(hours=hour)
        rate = per_hour[start.hour] * (weekend if start.weekday() >= 5 else 1.0)
        at = draw.expovariate(rate) if rate else 2.0
        while at < 1.0:
            found.append(start + timedelta(hours=at))
            at += draw.expovariate(rate)
    return found


NEWSROOM = {hour: 4.0 if 6 <= hour < 20 else 0.05 for hour in range(24)}
EVEN = dict.fromkeys(range(24), 0.5)


def test_a_slot_is_found_again() -> None:
    moment = MONDAY + timedelta(hours=5, minutes=37)
    assert moment_of(slot_of(moment)) == MONDAY + timedelta(hours=5, minutes=30)


@pytest.mark.parametrize(
    "moments",
    [
        [],
        [MONDAY + timedelta(days=day) for day in range(FEWEST - 1)],
        [MONDAY + timedelta(minutes=10 * number) for number in range(100)],  # a busy feed's first look: one day
    ],
)
def test_too_little_is_known_to_judge(moments: list[datetime]) -> None:
    assert learn(slots(moments)) is None


def test_a_source_is_learned_again_only_once_it_published() -> None:
    moments = [MONDAY + timedelta(hours=hour) for hour in range(24 * 30)]
    hourly = slots(moments)
    slower = (*hourly, hourly[-1] + 36)
    memory = Learned()
    first = memory.of("a", hourly)
    assert first is memory.of("a", slots(moments))
    assert memory.of("b", slower) == memory.of("a", slower) == learn(slower) != first


def test_of_a_source_only_the_last_rhythm_is_kept() -> None:
    hourly = slots([MONDAY + timedelta(hours=hour) for hour in range(24 * 30)])
    memory = Learned()
    kept = weakref.ref(held) if (held := memory.of("a", hourly)) else None
    del held
    assert kept
    assert kept() is not None
    memory.of("a", hourly[1:])
    gc.collect()
    assert kept() is None


def test_of_so_many_sources_those_are_kept_that_were_asked_for_last() -> None:
    hourly = slots([MONDAY + timedelta(hours=hour) for hour in range(24 * 30)])
    memory = Learned()
    first = memory.of("first", hourly)
    for number in range(MOST_LEARNED - 1):
        memory.of(str(number), ())
    assert memory.of("first", hourly) is first
    for number in range(MOST_LEARNED - 1):
        memory.of(f"new {number}", ())
    assert len(memory) == MOST_LEARNED
    assert memory.of("first", hourly) is first, "it was asked for after the others"


def test_a_clockwork_source_is_overdue_after_a_few_of_its_gaps() -> None:
    rhythm = learn(slots([MONDAY + timedelta(hours=hour) for hour in range(24 * 30)]))
    assert rhythm
    assert rhythm.gap == timedelta(hours=1)
    waited = rhythm.overdue_at(MONDAY) - MONDAY
    assert timedelta(hours=2) <= waited <= timedelta(hours=4)


def test_the_least_patience_holds_for_the_busiest() -> None:
    rhythm = learn(slots([MONDAY + timedelta(minutes=10 * number) for number in range(600)]))
    assert rhythm
    assert rhythm.overdue_at(MONDAY) - MONDAY == LEAST


def test_a_night_is_no_silence_and_a_morning_is() -> None:
    rhythm = learn(slots(at_random(NEWSROOM, 30, seed=1)))
    assert rhythm
    evening = MONDAY + timedelta(days=35, hours=20)
    assert rhythm.overdue_at(evening) > evening + timedelta(hours=10, minutes=30)  # not before work begins
    morning = MONDAY + timedelta(days=35, hours=8)
    assert rhythm.overdue_at(morning) < morning + timedelta(hours=6)


def test_a_weekend_is_no_silence_once_three_were_seen() -> None:
    rhythm = learn(slots(at_random(dict.fromkeys(range(24), 0.5), 40, seed=2, weekend=0.0)))
    assert rhythm
    friday_night = MONDAY + timedelta(days=4, hours=23, minutes=30)
    assert rhythm.overdue_at(friday_night) > MONDAY + timedelta(days=6, hours=12)
    wednesday = MONDAY + timedelta(days=2, hours=12)
    assert rhythm.overdue_at(wednesday) < wednesday + timedelta(hours=24)


def test_one_outage_of_the_past_excuses_none_that_follow() -> None:
    moments = at_random(EVEN, 40, seed=3)
    lost = [moment for moment in moments if not MONDAY + timedelta(days=10) < moment < MONDAY + timedelta(days=14)]
    usual, after_outage = learn(slots(moments)), learn(slots(lost))
    assert usual
    assert after_outage
    assert after_outage.overdue_at(MONDAY) - MONDAY < 1.5 * (usual.overdue_at(MONDAY) - MONDAY)


@pytest.mark.parametrize("rates", [NEWSROOM, EVEN, dict.fromkeys(range(24), 0.05)], ids=["newsroom", "even", "rare"])
def test_healthy_sources_are_seldom_suspected_and_dead_ones_found(rates: dict[int, float]) -> None:
    """Twenty sources of each kind, sixty days learned, thirty more watched."""
    false_alarms, waits = 0, []
    for seed in range(20):
        moments = at_random(rates, 90, seed)
        border = MONDAY + timedelta(days=60)
        rhythm = learn(slots([moment for moment in moments if moment < border])[-600:])
        assert rhythm
        later = [moment for moment in moments if moment >= border]
        false_alarms += sum(rhythm.overdue_at(one) < other for one, other in pairwise(later))
        waits.append((rhythm.overdue_at(later[-1]) - later[-1]) / rhythm.gap)
    assert false_alarms <= 3  # in 600 days of watching
    assert max(waits) < 70  # gaps; most of a night counts as one


@pytest.mark.parametrize("hours", [0, 1, 13.7, 167, 168, 169, 500.25])
def test_active_time_agrees_with_the_end_it_leads_to(hours: float) -> None:
    rhythm = learn(slots(at_random(NEWSROOM, 30, seed=4)))
    assert rhythm
    start = MONDAY + timedelta(days=3, hours=hours)
    due = rhythm.overdue_at(start)
    if due - start > LEAST:
        assert rhythm.active(start, due) == pytest.approx(rhythm.patience, rel=0.001)


def test_active_time_adds_up_over_a_week() -> None:
    rhythm = learn(slots(at_random(NEWSROOM, 30, seed=5)))
    assert rhythm
    start = MONDAY + timedelta(days=2, hours=3.5)
    whole = rhythm.active(start, start + timedelta(days=17, hours=5))
    parts = [rhythm.active(start + timedelta(hours=n), start + timedelta(hours=n + 1)) for n in range(17 * 24 + 5)]
    assert whole == pytest.approx(sum(parts))
