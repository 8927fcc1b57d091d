from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.alerter.bundling import BundlingSettings, Join, Queue, Send, bundle, digest, place
from shared.messages import Alert
from tests.support.statements import Ledger, at_least, claim, raw

NOW = datetime(2020, 2, 27, 20, tzinfo=UTC)
SETTINGS = BundlingSettings(window=20, storm_limit=3, storm_span=600)
SOON = timedelta(seconds=5)
SCENE = {"date": "2020-02-27", "governorate": "Idlib", "cause": "airstrike"}


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        (Queue(), Send(NOW)),
        (Queue(lead="m"), Join("m")),
        (Queue(last=NOW - SOON), Send(NOW - SOON + timedelta(seconds=20))),
        (Queue(last=NOW - timedelta(minutes=5)), Send(NOW)),
        (Queue(recent=2), Send(NOW)),
        (Queue(recent=3), Send(NOW + timedelta(seconds=600), digest=True)),
        (Queue(recent=3, digest="d"), Join("d")),
        (Queue(recent=3, digest="d", lead="m"), Join("d")),
    ],
)
def test_which_message_an_alert_goes_into(queue: Queue, expected: Send | Join) -> None:
    assert place(queue, NOW, SETTINGS) == expected


@pytest.mark.parametrize("settings", [None, BundlingSettings(window=0, storm_limit=0)])
def test_without_a_window_and_a_limit_every_alert_comes_alone(settings: BundlingSettings | None) -> None:
    assert place(Queue(lead="m", last=NOW, recent=999), NOW, settings) == Send(NOW)


def told() -> list[Alert]:
    """Return a new incident, and two conflicts that came soon after."""
    book = Ledger()
    book.read(raw("2020-02-27T20:00", outlet="One"), claim(9, force="TR", attributed_to="Ankara", **SCENE))
    book.read(raw("2020-02-27T20:00", outlet="Two"), at_least(34, "TR", attributed_to="SOHR", **SCENE))
    book.read(raw("2020-02-27T20:01", outlet="Three"), claim(60, force="TR", attributed_to="a channel", **SCENE))
    return book.alerts


def test_alerts_on_one_incident_become_one_with_every_claim_and_conflict_once() -> None:
    alerts = told()
    one = bundle(alerts)
    assert [alert.kind for alert in alerts] == ["new", "conflict", "conflict"]
    assert (one.id, one.kind, one.headline) == (alerts[0].id, "new", alerts[-1].headline)
    assert [s.voice for s in one.statements] == ["Turkish authorities", "SOHR", "a channel"]
    assert len(one.conflicts) == sum(len(alert.conflicts) for alert in alerts)
    assert all(alert.summary in one.summary for alert in alerts)
    assert bundle(alerts[:1]) == alerts[0]


def test_a_digest_names_every_incident_once_and_counts_what_it_leaves_out() -> None:
    book = Ledger()
    for number in range(15):
        day = (NOW + timedelta(days=40 * number)).date().isoformat()
        book.read(raw(f"{day}T20:00"), claim(number + 1, force="TR", date=day))
    assert len(book.incidents) == 15
    one = digest([*book.alerts, book.alerts[0]])
    assert one.headline == "Many alerts at once: 16 on 15 incidents"
    assert one.summary.count("new: ") == 12
    assert one.summary.endswith("; and 3 more")
