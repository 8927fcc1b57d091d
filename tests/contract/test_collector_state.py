"""What the collector remembers, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.collector.farewell import Farewell
from services.collector.health_state import HealthState
from services.collector.identity import Known, Names
from services.collector.intents import Intent, meant
from services.collector.novelty import Novelty, Recent, Remembered, find_deletion, find_novelty
from services.collector.pages import Pages
from services.collector.recall import Question
from services.collector.rereading import Page
from services.collector.sources import Entry
from services.collector.state import Conclusion, SourceState, State, to_touch
from tests.support.databases import Database, database

__all__ = ["database"]

NOW = datetime(2016, 2, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def remembered(key: str, text: str = "1 was killed", known: Remembered | None = None) -> Remembered:
    novelty = find_novelty("feed", Entry(key, f"https://e.org/{key}", "Título", text, published_at=NOW), known)
    assert novelty
    return novelty.remembered


async def keep(state: State, *items: Remembered, at: datetime = NOW) -> None:
    async with state.saving() as saving:
        await saving.items("feed", items, at)


async def test_an_unknown_source_has_an_empty_memory(database: Database) -> None:
    assert await State(database.connect()).load("feed") == SourceState("feed")


async def test_a_source_comes_back_as_it_was_saved(database: Database) -> None:
    saved = SourceState(
        "feed",
        cursor={"etag": 'W/"é"'},
        failures=3,
        last_look_at=NOW,
        last_ok_at=NOW - timedelta(days=1),
        last_new_at=NOW - timedelta(days=2),
        last_error="e.org: gone",
        last_error_at=NOW,
        next_due_at=LATER,
        notes=("malformed",),
    )
    state = State(database.connect())
    for one in (SourceState("feed"), saved, SourceState("another")):
        await state.conclude(Conclusion(one, NOW))
    assert await State(database.connect()).load("feed") == saved
    assert [one.source for one in await State(database.connect()).every()] == ["another", "feed"]


def versions(count: int) -> list[Novelty]:
    """Return so many versions of one item, whose text and names are hard to keep."""
    found: list[Novelty] = []
    for number in range(count):
        known = found[-1].remembered if found else None
        entry = Entry("a\x00", "https://e.org/ü", "Título", f"{number} were killed", NOW, LATER, notes=("malformed",))
        novelty = find_novelty("feed", entry, known)
        assert novelty
        lately = (Recent("0f", NOW, returned=True),)
        found.append(replace(novelty, remembered=replace(novelty.remembered, link="l", story="s", recent=lately)))
    return found


async def mean(state: State, intents: Sequence[Intent], at: datetime = NOW) -> None:
    await state.conclude(Conclusion(SourceState("feed"), at, meant=intents))


async def test_what_is_meant_is_remembered_with_it_and_comes_back_in_its_order(database: Database) -> None:
    state = State(database.connect())
    first, second, third = versions(3)
    early, late = meant([second, first], NOW), meant([third], LATER, whole=True)
    await mean(state, late, LATER)
    await mean(state, early)
    assert await State(database.connect()).outstanding("feed") == [*early, *late]
    assert await state.outstanding("another") == []
    known = await state.known([first.remembered.item])
    assert known == {first.remembered.item: replace(third.remembered, last_seen_at=LATER)}


async def test_a_source_says_whether_anything_of_it_is_outstanding(database: Database) -> None:
    state, (novelty,) = State(database.connect()), versions(1)
    await state.conclude(Conclusion(SourceState("another"), NOW))
    await mean(state, meant([novelty], NOW))
    assert [(one.source, one.outstanding) for one in await state.every()] == [("another", False), ("feed", True)]
    assert (await state.load("feed")).outstanding
    taken = [await state.take(source, NOW, LATER) for source in ("feed", "another")]
    assert [one and one.outstanding for one in taken] == [True, False]
    await state.settle([novelty.remembered.version_id])
    assert not (await state.load("feed")).outstanding


async def test_a_source_whose_versions_are_to_be_appended_stays_with_its_collector(database: Database) -> None:
    state = State(database.connect())
    assert await state.take("feed", NOW, LATER)
    await mean(state, meant(versions(1), NOW))
    assert await state.take("feed", NOW, LATER) is None


async def test_a_version_stays_as_it_was_meant_first_until_it_is_crossed_out(database: Database) -> None:
    state, novelties = State(database.connect()), versions(2)
    first, second = meant(novelties, NOW)
    await mean(state, [first, second])
    await mean(state, meant([replace(novelties[0], entry=Entry("a", None, None, "otherwise"))], NOW))
    assert await state.outstanding("feed") == [first, second]
    await state.settle([second.id])
    assert await state.outstanding("feed") == [first]


async def test_an_articles_text_is_written_down_with_its_page_unless_the_version_is_out(database: Database) -> None:
    state = State(database.connect())
    first, second = meant(versions(2), NOW)
    await mean(state, [first])
    page = Page(first.novelty.remembered.item, "feed", "https://e.org/", {}, NOW, NOW)
    read = [
        replace(one, novelty=replace(one.novelty, entry=replace(one.novelty.entry, text="All of it")), whole=True)
        for one in (first, second)
    ]
    await asyncio.gather(state.complete(read[0], page), state.complete(read[1], None))
    assert await state.outstanding("feed") == [read[0]]
    assert await Pages(database.connect()).due("feed", LATER, 9) == [page]


async def test_what_was_meant_for_a_source_that_nobody_reads_is_forgotten(database: Database) -> None:
    state = State(database.connect())
    await mean(state, meant(versions(1), NOW))
    await state.prune(NOW)
    assert await state.outstanding("feed")
    await state.prune(LATER)
    assert await state.outstanding("feed") == []


async def test_items_come_back_and_a_newer_version_takes_their_place(database: Database) -> None:
    state = State(database.connect())
    first, other = remembered("a"), remembered("b")
    await keep(state, first, other)
    second = remembered("a", "4 were killed", first)
    await keep(state, second, at=LATER)
    known = await State(database.connect()).known([first.item, other.item, "never-seen"])
    assert known == {
        first.item: replace(second, last_seen_at=LATER),
        other.item: replace(other, last_seen_at=NOW),
    }


async def test_a_collector_that_is_behind_does_not_take_a_version_back(database: Database) -> None:
    state = State(database.connect())
    first = remembered("a")
    deletion = find_deletion(first)
    assert deletion
    await keep(state, deletion.remembered)
    await keep(state, first)
    assert (await state.known([first.item]))[first.item].deleted


async def test_many_items_at_once(database: Database) -> None:
    state = State(database.connect())
    items = [remembered(str(number)) for number in range(1_700)]
    await keep(state, *items)
    assert len(await state.known([one.item for one in items])) == 1_700


async def save_and_fail(state: State, item: Remembered) -> None:
    async with state.saving() as saving:
        await saving.items("feed", [item], NOW)
        await saving.conclusions([Conclusion(SourceState("feed", failures=9), NOW)])
        raise LookupError


async def test_nothing_of_a_block_that_fails_is_kept(database: Database) -> None:
    state, item = State(database.connect()), remembered("a")
    with pytest.raises(LookupError):
        await save_and_fail(state, item)
    assert await state.known([item.item]) == {}
    assert (await state.load("feed")).failures == 0


async def test_one_collector_at_a_time_has_a_source(database: Database) -> None:
    states = [State(database.connect()) for _ in range(8)]
    won = await asyncio.gather(*(state.take("feed", NOW, LATER) for state in states))
    assert sum(one is not None for one in won) == 1
    assert await states[0].take("another", NOW, LATER)
    assert await states[0].take("feed", LATER, LATER + timedelta(minutes=1))


async def test_many_sources_taken_and_kept_at_once_keep_their_own_memory(database: Database) -> None:
    state, other = State(database.connect()), State(database.connect())
    names = [f"feed{number}" for number in range(300)]
    taken = await asyncio.gather(*(state.take(name, NOW, LATER) for name in names))
    assert taken == [SourceState(name) for name in names]
    assert await asyncio.gather(*(other.take(name, NOW, LATER) for name in names)) == [None] * 300
    saved = [SourceState(name, {"etag": name}, failures=number) for number, name in enumerate(names)]
    await asyncio.gather(*(state.conclude(Conclusion(one, NOW)) for one in saved))
    assert await asyncio.gather(*(other.take(name, NOW, LATER) for name in names)) == saved


async def test_two_that_ask_at_once_for_one_source_do_not_both_get_it(database: Database) -> None:
    state = State(database.connect())
    won = await asyncio.gather(*(state.take("feed", NOW, LATER) for _ in range(3)))
    assert sum(one is not None for one in won) == 1


async def test_saving_a_source_lets_the_next_collector_have_it(database: Database) -> None:
    state = State(database.connect())
    assert await state.take("feed", NOW, LATER)
    await state.extend("feed", LATER)
    assert not await state.take("feed", NOW, LATER)
    await state.conclude(Conclusion(SourceState("feed", failures=1), NOW))
    assert await state.take("feed", NOW, LATER)
    assert (await state.load("feed")).failures == 1


async def test_a_late_renewal_does_not_take_a_source_back(database: Database) -> None:
    state = State(database.connect())
    assert await state.take("feed", NOW, LATER)
    await state.conclude(Conclusion(SourceState("feed"), NOW))
    await state.extend("feed", LATER)
    assert await state.take("feed", NOW, LATER)


async def test_items_no_longer_shown_are_forgotten_in_time(database: Database) -> None:
    state = State(database.connect())
    old, shown = remembered("old"), remembered("shown")
    await keep(state, old, shown)
    soon, long_after = NOW + timedelta(hours=1), NOW + timedelta(days=2)
    known = (await state.known([old.item, shown.item])).values()
    assert to_touch(known, soon) == []
    assert set(to_touch(known, long_after)) == {old.item, shown.item}
    await state.conclude(Conclusion(SourceState("feed"), long_after, stale=[shown.item]))
    assert await state.prune(NOW + timedelta(days=1)) == 1
    assert set(await state.known([old.item, shown.item])) == {shown.item}


async def test_what_a_source_showed_last_is_remembered_while_it_says_that_nothing_changed(database: Database) -> None:
    state = State(database.connect())
    dropped, lasting, latest = remembered("dropped"), remembered("lasting"), remembered("latest")
    await keep(state, dropped, at=NOW - timedelta(days=4))
    await keep(state, lasting, at=NOW - timedelta(days=2))
    await keep(state, latest)
    year_after = NOW + timedelta(days=365)
    await state.conclude(Conclusion(SourceState("feed", last_ok_at=year_after), NOW))
    assert await state.prune(year_after - timedelta(days=180)) == 1
    items = [one.item for one in (dropped, lasting, latest)]
    assert set(await state.known(items)) == {lasting.item, latest.item}
    assert await state.prune(year_after + timedelta(days=1)) == 2, "nobody reads it any more"


async def test_rhythm_farewell_and_identity_of_a_source_come_back(database: Database) -> None:
    saved = SourceState("feed", interval=156.25, farewell=Farewell(NOW, 3), identity="link")
    await State(database.connect()).conclude(Conclusion(saved, NOW))
    assert await State(database.connect()).load("feed") == saved
    await State(database.connect()).conclude(Conclusion(replace(saved, farewell=None), NOW))
    assert (await State(database.connect()).load("feed")).farewell is None


async def test_items_are_found_by_their_names_within_their_source(database: Database) -> None:
    state = State(database.connect())
    old, new, other = (
        replace(remembered(key), link="l", story=key, recent=(Recent("0123", NOW, returned=key == "new"),))
        for key in ("old", "new", "other")
    )
    await keep(state, old)
    await keep(state, new, at=LATER)
    async with state.saving() as saving:
        await saving.items("another", [other], LATER)
    asked = [Names("l", "old"), Names("unknown", "other"), Names(None, None)]
    names = [(f"strange-{place}", one) for place, one in enumerate(asked)]
    found, elsewhere, nothing = await asyncio.gather(
        state.recall(Question("feed", names=names)),
        state.recall(Question("another", names=names)),
        state.recall(Question("feed", items=[old.item], names=[(old.item, Names("l", "old"))])),
    )
    assert found.known.links == {"l": replace(new, last_seen_at=LATER)}, "of several the latest"
    assert found.known.stories == {"old": replace(old, last_seen_at=NOW)}
    assert elsewhere.known.links == {"l": replace(other, last_seen_at=LATER)}
    assert set(elsewhere.known.stories) == {"other"}
    assert nothing.known == Known({old.item: replace(old, last_seen_at=NOW)}), "a known item is not looked for by name"


async def test_pauses_and_activity_last_until_their_latest_end(database: Database) -> None:
    state = State(database.connect())
    await state.pause("e.org", LATER)
    await state.pause("e.org", NOW)
    await state.activate({"feed": LATER, "another": NOW + timedelta(days=1)})
    await state.activate({"feed": NOW})
    again = State(database.connect())
    assert await again.pauses(NOW) == {"e.org": LATER}
    assert await again.pauses(LATER) == {}
    assert await again.activities(NOW) == {"feed": LATER, "another": NOW + timedelta(days=1)}
    assert set(await again.activities(LATER)) == {"another"}
    assert await again.expire(NOW) == 0
    assert await again.expire(LATER) == 2
    assert await again.pauses(NOW) == {}
    assert set(await again.activities(NOW)) == {"another"}


async def test_looks_that_end_at_once_keep_each_its_own(database: Database) -> None:
    state, names = State(database.connect()), [f"feed{number}" for number in range(30)]
    found = {
        name: find_novelty(name, Entry("a", f"https://e.org/{name}", name, "1 was killed"), None) for name in names
    }
    intents = {
        name: meant([novelty] if novelty and number % 2 else [], NOW)
        for number, (name, novelty) in enumerate(found.items())
    }
    for name in names:
        assert await state.take(name, NOW, LATER)
    await asyncio.gather(
        *(
            state.conclude(
                Conclusion(
                    SourceState(name, failures=number),
                    NOW,
                    lambda vitals, number=number: vitals.model_copy(update={"shown": number}),  # type: ignore[misc]
                    intents[name],
                )
            )
            for number, name in enumerate(names)
        )
    )
    assert [(await state.load(name)).failures for name in names] == list(range(30))
    vitals = await HealthState(database.connect()).vitals()
    assert {name: vitals[name].shown for name in names[1:]} == {
        name: number for number, name in enumerate(names) if number
    }
    assert {name: await state.outstanding(name) for name in names} == intents
    taken = [await state.take(name, NOW, LATER) for name in names]
    assert [one is None for one in taken] == [number % 2 == 1 for number in range(30)], "held until all is appended"
