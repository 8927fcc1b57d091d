"""Collector, classifier and alerter as three processes on Kafka and PostgreSQL say what one process on files says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kafka_broker import KafkaBroker
from tests.support.postgres_server import PostgresServer
from tests.support.storyline import SIGNING_KEY, Outcome, Place, free_port, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]


async def _tell(place: Place, expected: Outcome | None = None) -> Outcome:
    async with world(place) as told:
        outcome = await told.play(expected)
        for service in told.running.values():
            assert service.stop() == 0, service.log[-3000:]
    return outcome


async def test_the_same_alerts_as_in_one_process(tmp_path: Path, kafka: KafkaBroker, postgres: PostgresServer) -> None:
    site_port = free_port()
    embedded = await _tell(Place.in_files(tmp_path / "one", site_port, free_port()))
    servers = (f"kafka://{kafka.bootstrap}", await postgres.create_database())
    spread = await _tell(Place(tmp_path / "three", *servers, ("collect", "classify", "alert"), site_port), embedded)

    assert {kind for _, kind, _, _ in embedded.story} >= {"new", "conflict", "correction"}
    assert list(spread.raw) == list(embedded.raw)
    assert spread.handled == embedded.handled
    assert {i: t.claims for i, t in spread.tagged.items()} == {i: t.claims for i, t in embedded.tagged.items()}
    assert sorted(spread.story) == sorted(embedded.story)
    assert [(a.id, a.kind, a.incident) for a in spread.alerts] == [(a.id, a.kind, a.incident) for a in embedded.alerts]
    assert [(i.id, i.headline, i.figures) for i in spread.incidents] == [
        (i.id, i.headline, i.figures) for i in embedded.incidents
    ]
    for outcome in (embedded, spread):
        assert len(outcome.post_ids) == len(set(outcome.post_ids)) == len(outcome.alerts)
        assert len(outcome.mail_ids) == len(set(outcome.mail_ids)) == len(outcome.alerts)
        assert all(post.is_signed_with(SIGNING_KEY) for post in outcome.posts)
    assert sorted(spread.post_ids) == sorted(embedded.post_ids)
    assert sorted(spread.mail_ids) == sorted(embedded.mail_ids)
