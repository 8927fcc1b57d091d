"""A whole stream through the ledger: repeated, shuffled within the hour, and against labels where they are at hand."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerter.policy import PolicySettings
from services.alerter.store import Tracked
from services.documents import Document
from services.evaluation import Table, evaluate
from services.replay import read_from_labels, result
from shared.messages import Alert, TaggedItem
from tests.support.statements import Ledger, claim, raw, tagged

LABELLED = Path(__file__).parents[3] / "shared" / "eval"
REPLAY = PolicySettings(live=False)
BEGIN = datetime(2016, 3, 1, 8, tzinfo=UTC)
PLACES = [("Palmyra", "Homs"), ("Salma", "Latakia"), ("Azaz", "Aleppo"), ("Nawa", "Daraa"), ("Tabqa", "Raqqa")]
SIDES = {"RU": "Russian Defence Ministry", "SY": "Syrian authorities", "TR": "Turkish authorities", "SDF": "SDF"}


def made_up(seed: int) -> list[TaggedItem]:
    """Return reports on twelve incidents, each told by its own side, a monitor and two outlets within the hour."""
    chance = random.Random(seed)
    items = []
    for number in range(12):
        place, governorate = PLACES[number % len(PLACES)]
        force = list(SIDES)[number % len(SIDES)]
        day = BEGIN + timedelta(days=13 * number)
        count = chance.randrange(1, 40)
        scene: dict[str, Any] = {
            "force": force, "place": place, "governorate": governorate, "date": day.date(),
            "cause": chance.choice(["mortar", "mine", "airstrike", "smallarms"]),
        }  # fmt: skip
        for minute, (outlet, party, told) in enumerate(
            [
                ("Wire", SIDES[force], count),
                ("Daily", "SOHR", count + 5),
                ("Copy", SIDES[force], count),
                ("Post", None, count),
            ]
        ):
            item = raw((day + timedelta(minutes=14 * minute)).isoformat()[:16], outlet)
            items.append(tagged(item, claim(told, party=party, attributed_to=party, **scene)))
    return items


def told(items: Sequence[TaggedItem], book: Ledger) -> list[Alert]:
    return [alert for item in items for alert in book.take(item, REPLAY)]


def groups(book: Ledger) -> set[frozenset[str]]:
    """Return which items stand together, whatever the incidents are called."""
    return {frozenset(s.item for s in one.statements) for one in book.incidents.values() if one.status == "open"}


def shuffled(items: Sequence[TaggedItem], seed: int) -> list[TaggedItem]:
    hours: dict[datetime, list[TaggedItem]] = defaultdict(list)
    for item in items:
        hours[item.item.when.replace(minute=0)].append(item)
    chance = random.Random(seed)
    return [item for _, hour in sorted(hours.items()) for item in chance.sample(hour, len(hour))]


def again(item: TaggedItem) -> TaggedItem:
    """Return the same report under other ids, as a second feed of the same outlet has it."""
    copy = item.item.model_copy(update={"id": f"{item.item.id} again", "item": f"{item.item.item} again"})
    claims = tuple(said.model_copy(update={"id": f"{said.id} again"}) for said in item.claims)
    return item.model_copy(update={"item": copy, "claims": claims})


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_stream_a_second_time_raises_no_alert(seed: int) -> None:
    items, book = made_up(seed), Ledger()
    first = told(items, book)
    assert [alert.kind for alert in first].count("new") == 12
    assert "conflict" in {alert.kind for alert in first}
    before = dict(book.incidents)
    assert told(items, book) == []
    assert book.incidents == before


@pytest.mark.parametrize("seed", range(3))
def test_the_same_reports_under_other_ids_raise_no_alert(seed: int) -> None:
    items, book = made_up(seed), Ledger()
    told(items, book)
    voices = {one.id: one.voices for one in book.incidents.values()}
    assert told([again(item) for item in items], book) == []
    assert {one.id: one.voices for one in book.incidents.values()} == voices


@pytest.mark.parametrize("seed", range(5))
def test_shuffling_within_an_hour_changes_no_incident(seed: int) -> None:
    items = made_up(0)
    one, other = Ledger(), Ledger()
    told(items, one)
    told(shuffled(items, seed), other)
    assert groups(one) == groups(other)
    assert len(groups(one)) == 12


def labelled(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    docs, gold = (
        [json.loads(line) for line in (LABELLED / f"{name}.{kind}.jsonl").read_bytes().splitlines()]
        for kind in ("docs", "gold")
    )
    return docs, gold


def stream(name: str) -> list[TaggedItem]:
    docs, gold = labelled(name)
    read = read_from_labels(gold)
    documents = sorted((Document.model_validate(one) for one in docs), key=lambda one: one.published_at)
    return [read(document) for document in documents]


def measured(name: str) -> Table:
    docs, gold = labelled(name)
    book, results = Ledger(), []
    read = read_from_labels(gold)
    for document in sorted((Document.model_validate(one) for one in docs), key=lambda one: one.published_at):
        item = read(document)
        decision = book.decide(item)
        alerts = tuple(book.take(item, REPLAY))
        results.append(result(document, item, Tracked(decision.incidents, alerts, decision.links)))
    return evaluate(docs, gold, results)


beside = pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled sets are not beside this repository")


@beside
@pytest.mark.parametrize(
    ("name", "linking", "new", "conflict"), [("stories-dev", 0.92, 0.92, 0.85), ("fakes-dev", 0.85, 0.95, 0.0)]
)
def test_the_ledger_alone_reaches_what_it_must(name: str, linking: float, new: float, conflict: float) -> None:
    table = measured(name)
    assert (table.linking.f1 >= linking, table.new.f1 >= new, table.conflict.f1 >= conflict) == (True, True, True)


@beside
@pytest.mark.parametrize("name", ["stories-dev", "fakes-dev"])
def test_labelled_streams_may_be_repeated_and_shuffled(name: str) -> None:
    items = stream(name)
    one = Ledger()
    told(items, one)
    assert told(items, one) == []
    for seed in range(3):
        other = Ledger()
        told(shuffled(items, seed), other)
        assert groups(one) == groups(other)
