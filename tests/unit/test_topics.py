"""The table of topics, and what is planned from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import ConfigurationError
from shared.eventlog.plan import Drift, TopicPlan, planned, report
from shared.topics import ALERTS, DLQ_KEPT, INCIDENTS, RAW, TAGGED, TOPICS, topic_named


def test_every_topic_has_a_name_a_type_and_a_dead_letter_topic_of_its_own() -> None:
    names = [topic.name for topic in TOPICS] + [topic.dead_letters for topic in TOPICS]
    assert len(set(names)) == len(names) == 2 * len({topic.message for topic in TOPICS})


@pytest.mark.parametrize("topic", [RAW, TAGGED, INCIDENTS, ALERTS])
def test_a_topic_is_found_by_its_name_or_its_dead_letters(topic: object) -> None:
    assert topic_named(topic.name) is topic  # type: ignore[attr-defined]
    assert topic_named(topic.dead_letters) is topic  # type: ignore[attr-defined]


def test_a_misspelt_topic_gets_a_suggestion() -> None:
    with pytest.raises(ConfigurationError, match=r"Did you mean items\.raw\?"):
        topic_named("item.raw")


def test_a_plan_has_every_topic_and_its_dead_letters() -> None:
    plans = {plan.name: plan for plan in planned(TOPICS)}
    assert len(plans) == 2 * len(TOPICS)
    assert plans["incidents"].compacted
    assert plans["incidents.dlq"] == TopicPlan("incidents.dlq", 3, DLQ_KEPT, compacted=False)


def test_a_report_tells_what_is_missing_there_and_different() -> None:
    plans = [
        TopicPlan("a", 12, timedelta(days=7), compacted=False),
        TopicPlan("b", 12, None, compacted=True),
        TopicPlan("c", 3, timedelta(days=1), compacted=False),
    ]
    found = {"a": TopicPlan("a", 6, timedelta(days=3), compacted=False), "b": plans[1]}
    result = report(plans, found)
    assert (result.created, result.existing) == (("c",), ("a", "b"))
    assert result.drift == (Drift("a", "partitions", "12", "6"), Drift("a", "kept", "7 days", "3 days"))
