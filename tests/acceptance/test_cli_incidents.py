"""``claimwatch incidents`` and ``claimwatch rebuild`` on a small ledger and the log it came from."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.alerter.store import Store
from services.alerter.track import track
from shared.database import create_engine
from shared.eventlog.opening import create_topics, open_log
from shared.messages import TaggedItem
from shared.migrations import upgrade
from shared.stage import publish
from shared.topics import INCIDENTS, TAGGED, TOPICS
from tests.support.command import claimwatch
from tests.support.telling import DAY, NOON, tell

ADVISER = tell("ministry", stance="confirmed", party="Russian Defence Ministry")
GENERALS = tell("agency", min=24, max=None, stance="alleged", party="opposition")
FORTY = timedelta(days=40)
TURKS = tell("turks", force="TR", place="Afrin", governorate="Aleppo", date=DAY + FORTY, at=NOON + FORTY)


async def begin(directory: Path) -> None:
    """Leave a database and a log behind, as ``claimwatch run`` does."""
    database, log = f"sqlite:///{directory / 'claimwatch.db'}", f"sqlite:///{directory / 'claimwatch-log.db'}"
    await upgrade(database)
    await create_topics(log, TOPICS)
    engine, opened = create_engine(database), await open_log(log, client="test")
    for item in (ADVISER, GENERALS, TURKS):
        await publish(opened, TAGGED, item, source="test", time=item.item.seen_at)
        await track(item, Store(engine), item.item.seen_at)
    await opened.close()
    await engine.dispose()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    asyncio.run(begin(tmp_path))
    return tmp_path


def rows(*arguments: str, directory: Path) -> list[dict[str, Any]]:
    done = claimwatch(*arguments, "--json", directory=directory)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def claim_of(item: TaggedItem) -> str:
    return item.claims[0].id


def test_an_incident_is_shown_with_its_grade_its_accounts_and_why_each_claim_is_there(ledger: Path) -> None:
    turks, russians = rows("incidents", "list", directory=ledger)
    assert (turks["grade"], russians["grade"]) == ("weak", "contested")
    shown = claimwatch("incidents", "show", russians["id"], directory=ledger).stdout
    assert "grade: contested: Russian forces: Russian Defence Ministry" in shown
    assert "own side 1 (1), opposing side at least 24 (1)" in shown
    assert "nothing on record fits" in shown
    assert "the same place (+2.2)" in shown
    (acled,) = rows("incidents", "show", russians["id"], "--view", "acled", directory=ledger)
    assert [(f["min"], f["max"]) for f in acled["figures"]] == [(1, 12)]
    entries = rows("incidents", "history", russians["id"], directory=ledger)
    assert [entry["kind"] for entry in entries] == ["new", "conflict", "grade"]
    assert rows("incidents", "review", directory=ledger) == []
    wrong = claimwatch("incidents", "show", russians["id"], "--view", "ours", directory=ledger)
    assert (wrong.returncode, "strict, acled, airwars" in wrong.stderr) == (1, True)


async def said_last(directory: Path) -> list[tuple[str, str]]:
    log = await open_log(f"sqlite:///{directory / 'claimwatch-log.db'}", client="test")
    found = [json.loads(record.value) async for record in log.read(INCIDENTS.name)]
    await log.close()
    return [(one["id"], one["status"]) for one in found]


def test_an_analyst_merges_and_splits_and_a_rebuild_does_it_again(ledger: Path) -> None:
    turks, russians = rows("incidents", "list", directory=ledger)
    reason = ("--reason", "told by the desk", "--by", "Ada")
    done = claimwatch("incidents", "merge", turks["id"], russians["id"], *reason, directory=ledger)
    assert done.returncode == 0, done.stderr
    assert f"{turks['id']}\tmerged into {russians['id']}" in done.stdout
    assert sorted(asyncio.run(said_last(ledger))) == sorted([(russians["id"], "open"), (turks["id"], "merged")])
    again = claimwatch("incidents", "merge", turks["id"], russians["id"], *reason, directory=ledger)
    assert again.returncode == 1
    claimwatch("incidents", "split", claim_of(GENERALS), *reason, directory=ledger)
    parts = {frozenset(s["item"] for s in one["statements"]) for one in rows("incidents", "list", directory=ledger)}
    assert parts == {frozenset({"ministry", "turks"}), frozenset({"agency"})}
    (compared,) = rows("rebuild", "--dry-run", directory=ledger)
    assert compared == {"claims": 3, "merged": [], "split": [], "gained": [], "lost": []}
    target = f"sqlite:///{ledger / 'new.db'}"
    assert claimwatch("rebuild", "--into", target, directory=ledger).stdout == "3 items decided about anew\n"
    moved = {"CLAIMWATCH_DATABASE": target}
    listed = claimwatch("incidents", "list", "--json", directory=ledger, variables=moved).stdout
    assert {json.loads(line)["id"] for line in listed.splitlines()} == {
        one["id"] for one in rows("incidents", "list", directory=ledger)
    }
    refused = claimwatch("rebuild", "--into", target, directory=ledger)
    assert "holds a ledger already" in refused.stderr


def test_a_dry_run_shows_what_another_rule_would_change_and_changes_nothing(ledger: Path) -> None:
    (ledger / "strict.toml").write_text("[alerter.ledger]\nlink_bar = 50.0\n")
    before = rows("incidents", "list", directory=ledger)
    done = claimwatch("rebuild", "--dry-run", "--config", "strict.toml", directory=ledger)
    assert done.returncode == 0, done.stderr
    assert f"would be several incidents: {before[1]['id']}" in done.stdout
    assert "would be raised:     new: Russian forces" in done.stdout
    assert "would not be raised: conflict:" in done.stdout
    assert rows("incidents", "list", directory=ledger) == before
