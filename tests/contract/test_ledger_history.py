"""What every database must remember of the ledger's changes, reviews and rulings."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from services.alerter.rulings import Ruling, Unfit
from services.alerter.store import Store, Tracked
from services.alerter.track import track
from shared.messages import TaggedItem
from tests.support.databases import Database, database
from tests.support.telling import DAY, NOON, tell

__all__ = ["database"]

LATER = NOON + timedelta(days=40)


async def put(store: Store, tagged: TaggedItem) -> Tracked:
    return await track(tagged, store, tagged.item.seen_at)


def order(kind: Literal["merge", "split", "accept"], *claims: str, reason: str = "as the ministry told us") -> Ruling:
    return Ruling(kind=kind, claims=claims, reason=reason, actor="analyst", at=LATER)


def elsewhere(item: str) -> TaggedItem:
    """Return an item about another loss, forty days later."""
    return tell(item, force="TR", place="Afrin", governorate="Aleppo", date=DAY + timedelta(days=40), at=LATER)


async def test_every_change_is_written_down_with_its_reason_and_the_claim_that_caused_it(database: Database) -> None:
    store = Store(database.connect())
    first, second = tell("a"), tell("b", min=4, max=4)
    incident = (await put(store, first)).incidents[0].id
    await put(store, second)
    await put(store, second)
    found = await Store(database.connect()).history(incident)
    assert [(entry.kind, entry.revision, entry.version) for entry in found] == [
        ("new", 1, first.item.id),
        ("conflict", 2, second.item.id),
        ("grade", 2, second.item.id),
    ]
    assert [entry.claims for entry in found] == [(first.claims[0].id,), *[(second.claims[0].id,)] * 2]
    assert "1 killed" in found[1].reason
    assert found[2].reason.startswith("Graded contested, after weak")
    assert await store.history(incident, limit=1) == found[-1:]
    assert {entry.actor for entry in found} == {None}


async def test_a_repeat_is_written_down_too(database: Database) -> None:
    store = Store(database.connect())
    incident = (await put(store, tell("a", source="agency"))).incidents[0].id
    await put(store, tell("b", source="agency"))
    assert [entry.kind for entry in await store.history(incident)] == ["new", "repeat"]


async def test_an_analyst_merges_two_incidents_and_both_ids_lead_to_one(database: Database) -> None:
    store = Store(database.connect())
    one, other = tell("a"), elsewhere("b")
    first, second = (await put(store, one)).incidents[0], (await put(store, other)).incidents[0]
    decision = await store.rule(order("merge", other.claims[0].id, one.claims[0].id))
    assert {incident.id for incident in decision.incidents} == {first.id, second.id}
    fresh = Store(database.connect())
    merged = await fresh.incident(second.id)
    assert merged == await fresh.incident(first.id)
    assert merged is not None
    assert {s.item for s in merged.statements} == {"a", "b"}
    (entry,) = [entry for entry in await fresh.history(first.id) if entry.kind == "merged"]
    assert (entry.actor, entry.version) == ("analyst", None)
    assert entry.reason.endswith("into this one: as the ministry told us")
    assert [ruling.kind for ruling in await fresh.rulings()] == ["merge"]


async def test_an_analyst_splits_an_incident_and_later_claims_find_their_part(database: Database) -> None:
    store = Store(database.connect())
    one, other = tell("a"), tell("b", min=4, max=4, cause="mine")
    whole = (await put(store, one)).incidents[0]
    assert (await put(store, other)).incidents[0].id == whole.id
    rest, new = (await store.rule(order("split", other.claims[0].id))).incidents
    assert {s.item for s in new.statements} == {"b"}
    again = await put(store, tell("c", min=4, max=4, cause="mine"))
    assert [incident.id for incident in again.incidents] == [new.id]
    kept = await store.incident(rest.id)
    assert kept is not None
    assert [s.item for s in kept.statements] == ["a"]
    assert kept.apart == (new.id,)


async def test_an_order_that_makes_no_sense_changes_nothing(database: Database) -> None:
    store = Store(database.connect())
    one = tell("a")
    incident = (await put(store, one)).incidents[0]
    for wrong in (
        order("merge", one.claims[0].id),
        order("split", one.claims[0].id),
        order("split", "no such claim"),
        order("accept", "no such claim"),
    ):
        with pytest.raises(Unfit):
            await store.rule(wrong)
    assert await store.incident(incident.id) == incident
    assert await store.rulings() == []


async def test_a_doubtful_claim_waits_for_review_until_somebody_accepts_it(database: Database) -> None:
    store = Store(database.connect())
    await put(store, tell("a", min=3, max=3, force="SY", place="Palmyra", governorate="Homs", cause="mine"))
    await put(store, tell("b", min=8, max=8, force="SY", place="Saraqib", governorate="Idlib", cause="airstrike"))
    doubtful = tell("c", min=5, max=5, force="SY", place=None, governorate=None, cause=None)
    await put(store, doubtful)
    (waiting,) = await store.reviews()
    assert waiting.claim == doubtful.claims[0].id
    assert "fits nearly as well" in waiting.reason
    await store.rule(order("accept", waiting.claim))
    assert await store.reviews() == []
    kept = await store.incident(waiting.incident)
    assert kept is not None
    assert doubtful.claims[0].id in {s.claim.id for s in kept.statements}
    assert {s.review for s in kept.statements} == {None}
    assert [entry.kind for entry in await store.history(kept.id)][-1] == "accepted"
