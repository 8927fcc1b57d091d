"""What every database behind the store must keep to; SQLite and PostgreSQL pass the same tests."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, product

import pytest
from sqlalchemy.exc import IntegrityError

from services.alerter import ledger
from services.alerter.incident import stand
from services.alerter.keeping import keep
from services.alerter.ledger import Decision, Query, Window, keys
from services.alerter.outbox import Outbox
from services.alerter.policy import PolicySettings, decide_alerts
from services.alerter.store import Address, Routed, Stale, Store, Tracked, Verdict
from services.alerter.track import track
from shared.database import writing
from shared.errors import Retry
from shared.messages import Alert, Incident, Statement, TaggedItem
from tests.support.databases import Database, database
from tests.support.telling import DAY, NOON, tell

__all__ = ["database"]

LATER = NOON + timedelta(days=90)
EVERYONE = (Address("desk", "email"), Address("room", "slack"))


def to_everyone(_alert: Alert, _incident: Incident) -> Sequence[Address]:
    return EVERYONE


async def put(store: Store, tagged: TaggedItem) -> Tracked:
    """Handle one item, with its alerts going to everyone."""
    return await track(tagged, store, tagged.item.seen_at, route=to_everyone)


async def known_to(store: Store, tagged: TaggedItem) -> list[Incident]:
    query = ledger.query(tagged)
    assert query is not None
    return await store.candidates(query)


def partition(incidents: Iterable[Incident]) -> set[frozenset[str]]:
    """Return which claims stand together, whatever the incidents are called."""
    return {frozenset(s.claim.id for s in incident.statements) for incident in incidents}


async def test_an_incident_comes_back_whole(database: Database) -> None:
    made = await put(Store(database.connect()), tell("a", names=("Иван Петров",)))
    await put(Store(database.connect()), tell("b", min=4, max=4, stance="alleged"))
    await put(Store(database.connect()), tell("c", force="TR", place="Afrin", governorate="Aleppo"))
    store = Store(database.connect())
    (kept,) = [one for one in await store.incidents() if one.id == made.incidents[0].id]
    assert kept.id == made.incidents[0].id
    assert kept.revision == 2
    assert [s.item for s in kept.statements] == ["a", "b"]
    assert kept.statements[0].claim == tell("a", names=("Иван Петров",)).claims[0]
    assert stand(kept.id, kept.statements).figures == kept.figures
    assert kept == await store.incident(kept.id)


async def test_text_that_hates_databases_comes_back_as_it_was(database: Database) -> None:
    place = "a\0b'; DROP TABLE incidents; -- \u202e \U0001f4a5"
    names = ("x" * 5000, "Иван\0Петров", "'; --")
    await put(Store(database.connect()), tell("a", place=place, names=names))
    (kept,) = await known_to(Store(database.connect()), tell("b", names=names, date=None))
    assert kept.statements[0].claim.place == place
    assert kept.statements[0].claim.names == names


async def test_an_item_is_handled_once_and_says_the_same_again(database: Database) -> None:
    first = await put(Store(database.connect()), tell())
    again = await put(Store(database.connect()), tell())
    assert (again.incidents, again.alerts, dict(again.links)) == (first.incidents, first.alerts, dict(first.links))
    assert (first.repeated, again.repeated) == (False, True)
    assert first.addressed == {"desk", "room"}
    assert again.addressed == frozenset()
    assert await Outbox(database.connect()).counts() == {("desk", "pending"): 1, ("room", "pending"): 1}


async def test_what_was_handled_is_known(database: Database) -> None:
    store = Store(database.connect())
    assert not await store.handled(tell().item.id)
    assert await store.outputs(tell().item.id) is None
    kept = await put(store, tell())
    assert await store.handled(tell().item.id)
    assert await store.outputs(tell().item.id) == replace(kept, addressed=frozenset(), repeated=True)
    assert await store.totals() == {"incidents": 1, "alerts": 1, "items": 1}


async def test_an_item_that_changes_nothing_leaves_nothing(database: Database) -> None:
    store = Store(database.connect())
    await put(store, tell(claims=0))
    await put(store, tell(version=2, change="edited", claims=0))
    assert await store.totals() == {"incidents": 0, "alerts": 0, "items": 0}


async def test_an_item_handled_again_shows_its_incident_as_it_stands_now(database: Database) -> None:
    store = Store(database.connect())
    await put(store, tell("a"))
    latest = await put(store, tell("b", min=4, max=4))
    assert (await put(store, tell("a"))).incidents == latest.incidents


async def test_everything_is_kept_or_nothing(database: Database) -> None:
    store = Store(database.connect())
    tagged = tell()
    query = ledger.query(tagged)
    assert query is not None
    decision = ledger.decide(tagged, [], NOON)
    (alert,) = decide_alerts(decision, tagged, NOON, PolicySettings())
    broken = alert.model_copy(update={"id": "another", "incident": "nowhere"})
    verdict = Verdict(decision, [Routed(alert, EVERYONE), Routed(broken, EVERYONE)])
    with pytest.raises(IntegrityError):
        await store.handle(tagged, query, lambda _: verdict, NOON)
    assert await store.totals() == {"incidents": 0, "alerts": 0, "items": 0}
    assert await Outbox(database.connect()).counts() == {}
    assert not (await put(store, tagged)).repeated


async def test_no_one_writes_over_a_state_they_did_not_know(database: Database) -> None:
    engine = database.connect()
    store = Store(engine)
    (first,) = (await put(store, tell("a"))).incidents
    (second,) = (await put(store, tell("b", min=4, max=4))).incidents
    mine = first.model_copy(update={"revision": 2, "headline": "mine"})

    async def write(known: dict[str, Incident]) -> None:
        async with writing(engine) as connection:
            await keep(connection, [mine], known)

    with pytest.raises(Stale):
        await write({first.id: first})
    with pytest.raises(Stale):
        await write({})
    with pytest.raises(ValueError, match="kept its revision"):
        await write({first.id: second})
    assert await store.incident(first.id) == second


async def test_a_stale_decision_is_made_again_from_what_is_there_now(database: Database) -> None:
    store, seen = Store(database.connect()), []

    def overtaken_once(tagged: TaggedItem, known: Sequence[Incident], now: datetime) -> Decision:
        seen.append(len(known))
        if len(seen) == 1:
            raise Stale
        return ledger.decide(tagged, known, now)

    kept = await track(tell(), store, NOON, decide=overtaken_once)
    assert seen == [0, 0]
    assert len(kept.incidents) == 1

    def always_overtaken(_tagged: TaggedItem, _known: Sequence[Incident], _now: datetime) -> Decision:
        raise Stale

    with pytest.raises(Retry):
        await track(tell("b"), store, NOON, decide=always_overtaken)


async def test_an_alert_already_kept_is_dropped_with_its_deliveries(database: Database) -> None:
    store = Store(database.connect())
    first = await put(store, tell("a"))
    tagged = tell("b", min=4, max=4)
    query = ledger.query(tagged)
    assert query is not None
    same = [Routed(alert, (*EVERYONE, Address("late", "console"))) for alert in first.alerts]
    kept = await store.handle(tagged, query, lambda known: Verdict(ledger.decide(tagged, known, NOON), same), NOON)
    assert len(kept.incidents) == 1
    assert kept.alerts == ()
    assert kept.addressed == frozenset()
    assert await Outbox(database.connect()).counts() == {("desk", "pending"): 1, ("room", "pending"): 1}


async def test_a_suppressed_alert_is_kept_but_goes_to_nobody(database: Database) -> None:
    store = Store(database.connect())
    kept = await track(tell(), store, NOON, route=to_everyone, settings=PolicySettings(live=False))
    assert [alert.suppressed for alert in await store.alerts()] == ["replay"]
    assert kept.addressed == frozenset()
    assert await Outbox(database.connect()).counts() == {}


async def test_an_edit_moves_the_incident_in_every_index(database: Database) -> None:
    store = Store(database.connect())
    await put(store, tell("a"))
    later = DAY + timedelta(days=60)
    await put(store, tell("a", version=2, change="edited", date=later))
    query = Query("none", frozenset({"RU"}), (Window(later, later),))
    assert [one.date for one in await store.candidates(query)] == [later]
    assert await store.candidates(Query("none", frozenset({"RU"}), (Window(DAY, DAY),))) == []


async def test_a_merged_incident_leads_to_the_one_it_was_merged_into(database: Database) -> None:
    store = Store(database.connect())
    first = (await put(store, tell("a"))).incidents[0]
    second = (
        await put(store, tell("b", force="TR", date=DAY + timedelta(days=90), at=LATER, place="Afrin"))
    ).incidents[0]
    assert first.id != second.id
    joined = stand(first.id, [*first.statements, *second.statements], first)
    gone = second.model_copy(update={"status": "merged", "merged_into": first.id, "revision": second.revision + 1})
    tagged = tell("c", date=None)
    query = Query("c", frozenset({"RU", "TR"}), (Window(DAY, DAY + timedelta(days=99)),))
    await store.handle(tagged, query, lambda _: Verdict(Decision((joined, gone), (), {})), NOON)
    assert await store.resolve(second.id) == first.id
    assert await store.resolve(first.id) == first.id
    fresh = Store(database.connect())
    assert await fresh.incident(second.id) == joined
    assert await fresh.candidates(query) == [joined]
    assert await fresh.candidates(Query("b", frozenset(), ())) == [joined]
    assert await fresh.incident("nothing") is None


async def test_reading_pages_through_incidents_and_alerts_latest_first(database: Database) -> None:
    store = Store(database.connect())
    for number, force in enumerate(("RU", "TR", "HZB", "IR")):
        day = timedelta(days=40 * number)
        await put(store, tell(force, force=force, at=NOON + day, date=DAY + day))
    newest = await store.incidents(2)
    assert [one.figures[0].force for one in newest] == ["IR", "HZB"]
    rest = await store.incidents(9, before=newest[-1].last_seen_at)
    assert [one.figures[0].force for one in rest] == ["TR", "RU"]
    assert [alert.item for alert in await store.alerts(3)] == ["IR", "HZB", "TR"]
    assert [alert.item for alert in await store.alerts(incident=rest[0].id)] == ["TR"]


async def test_candidates_are_exactly_those_the_query_describes(database: Database) -> None:
    chance = random.Random(7)
    store = Store(database.connect())
    everything: list[Incident] = []
    for number in range(60):
        grown = _random_incident(chance, number)
        begun = stand(grown.id, grown.statements[:1])
        for step, incident in enumerate([begun, grown.model_copy(update={"revision": 2})][: chance.choice([1, 2])]):
            tagged, verdict = tell(f"filler {number}", version=step + 1), Verdict(Decision((incident,), (), {}))
            query = Query(begun.statements[0].item, frozenset(), ())
            await store.handle(tagged, query, lambda _, kept=verdict: kept, NOON)
        everything.append(incident)
    for _ in range(60):
        query = _random_query(chance, everything)
        found = await store.candidates(query)
        assert {one.id for one in found} == _answers(query, everything), query
        assert all(one in everything for one in found)


def _random_incident(chance: random.Random, number: int) -> Incident:
    said = [
        tell(
            f"item {chance.randrange(40)} of {number}",
            at=NOON + timedelta(hours=chance.randrange(24 * 30), seconds=number),
            force=chance.choice(["RU", "SY", "TR"]),
            date=chance.choice([None, DAY + timedelta(days=chance.randrange(30))]),
            min=(count := chance.randrange(1, 4)),
            max=count,
            names=chance.choice([(), ("Ivan Petrov",), ("Oleg Sidorov", "Ivan Petrov")]),
        )
        for _ in range(chance.randrange(1, 5))
    ]
    told = list({each.item.item: each for each in said}.values())
    return stand(f"incident {number}", [_statement(each) for each in told])


def _statement(tagged: TaggedItem) -> Statement:
    item = tagged.item
    return Statement(
        claim=tagged.claims[0],
        item=item.item,
        version=item.id,
        source=item.source,
        published_at=item.published_at,
        seen_at=item.seen_at,
        voice=item.source.id,
    )


def _random_query(chance: random.Random, incidents: Sequence[Incident]) -> Query:
    since = [DAY + timedelta(days=chance.randrange(30)) for _ in range(chance.randrange(3))]
    marks = sorted(set(chain.from_iterable(keys(one).marks for one in incidents)))
    return Query(
        item=chance.choice([s.item for one in incidents for s in one.statements]),
        forces=frozenset(chance.sample(["RU", "SY", "TR"], chance.randrange(3))),
        windows=tuple(Window(day, day + timedelta(days=chance.randrange(9))) for day in since),
        marks=frozenset(chance.sample(marks, chance.randrange(4))),
        limit=chance.randrange(1, 6),
        beside=chance.randrange(1, 6),
        famous=chance.randrange(1, 6),
        near=frozenset(chance.sample(["RU", "SY", "TR"], chance.randrange(2))),
    )


def _answers(query: Query, incidents: Sequence[Incident]) -> set[str]:
    """Return the ids that answer *query*, by its own words and in the slowest way."""
    found = {one.id for one in incidents if query.item in keys(one).items}
    sides = ((query.forces, query.limit), (query.near, query.beside))
    for window, (side, limit) in product(query.windows, sides):
        near = [one for one in incidents if keys(one).forces & side]
        near = [one for one in near if window.since <= keys(one).day <= window.until]
        found |= {one.id for one in sorted(near, key=lambda one: one.last_seen_at, reverse=True)[:limit]}
    for mark in query.marks:
        marked = [one for one in incidents if mark in keys(one).marks]
        best = sorted(marked, key=lambda one: (keys(one).weight, one.last_seen_at), reverse=True)
        found |= {one.id for one in best[: query.famous]}
    return found


async def test_many_alerters_on_one_event_make_one_incident_and_one_alert(database: Database) -> None:
    stores = [Store(database.connect()) for _ in range(4)]
    items = [tell(f"item {number}", source="one agency") for number in range(24)]
    await asyncio.gather(*(put(stores[number % 4], item) for number, item in enumerate(items)))
    store = Store(database.connect())
    (incident,) = await store.incidents()
    assert {s.item for s in incident.statements} == {item.item.item for item in items}
    assert incident.revision == len(items)
    assert [alert.kind for alert in await store.alerts(99)].count("new") == 1


async def test_interleaved_alerters_come_to_the_same_incidents_as_one(database: Database) -> None:
    forces, days = ("RU", "TR", "IR"), (0, 40, 80)
    items = [
        tell(f"{force} {day} {copy}", force=force, date=DAY + timedelta(days=day), at=NOON + timedelta(days=day))
        for copy in range(3)
        for force in forces
        for day in days
    ]
    stores = [Store(database.connect()) for _ in range(3)]
    queue = iter(items)

    async def work(store: Store) -> None:
        for item in queue:  # each takes the next one while the others are still busy
            await put(store, item)
            await put(store, item)  # and every item comes twice

    await asyncio.gather(*(work(store) for store in stores))
    expected = {
        frozenset(c.id for item in items if (item.claims[0].force, item.claims[0].date) == about for c in item.claims)
        for about in {(item.claims[0].force, item.claims[0].date) for item in items}
    }
    assert partition(await stores[0].incidents(99)) == expected
    alerts = await stores[0].alerts(999)
    assert len(alerts) == len({alert.id for alert in alerts})
    counts = await Outbox(database.connect()).counts()
    sent_to_each = len([alert for alert in alerts if not alert.suppressed])
    assert counts == {("desk", "pending"): sent_to_each, ("room", "pending"): sent_to_each}
