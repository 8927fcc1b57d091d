"""What is particular to Kafka: topics and their settings, rights, a cluster that is not there, restarts."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, Retry
from shared.eventlog.opening import check_log, create_topics, open_log
from shared.eventlog.plan import Drift
from tests.support.kafka_broker import PASSWORD, USER, KafkaBroker
from tests.support.log_under_test import fresh_topic, take

pytestmark = pytest.mark.kafka


@pytest.fixture
def url(kafka: KafkaBroker) -> str:
    return f"kafka://{kafka.bootstrap}?session_ms=1500&fetch_wait_ms=10&request_ms=3000"


async def test_topics_are_created_once_with_their_dead_letters(url: str) -> None:
    topic, compacted = fresh_topic(partitions=5), fresh_topic(kept=None, compacted=True)
    wanted = (topic.name, compacted.name, topic.dead_letters, compacted.dead_letters)
    dry = await create_topics(url, [topic, compacted], dry_run=True)
    made = await create_topics(url, [topic, compacted])
    again = await create_topics(url, [topic, compacted])
    assert dry.created == made.created == wanted
    assert again.created == ()
    assert again.existing == wanted
    assert again.drift == ()


async def test_a_topic_that_differs_from_its_plan_is_reported_and_left_alone(url: str) -> None:
    topic = fresh_topic(partitions=3, kept=timedelta(days=1))
    await create_topics(url, [topic])
    changed = replace(topic, partitions=6, kept=None, compacted=True)
    for _ in range(2):
        result = await create_topics(url, [changed])
        assert result.drift == (
            Drift(topic.name, "partitions", "6", "3"),
            Drift(topic.name, "kept", "for ever", "1 days"),
            Drift(topic.name, "compacted", "true", "false"),
        )


async def test_a_cluster_that_answers_passes_the_check(url: str) -> None:
    await check_log(url)


@pytest.mark.parametrize("act", [check_log, lambda url: open_log(url, client="t"), lambda url: create_topics(url, [])])
async def test_a_cluster_that_is_not_there_is_said_to_be_so(act: object) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Retry, match=f"Kafka at {place} cannot be used now"):
            await act(f"kafka://{place}?request_ms=1000")  # type: ignore[operator]


async def test_a_user_with_the_right_password_gets_in(kafka: KafkaBroker, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    guarded = f"kafka://{kafka.guarded}?security=SASL_PLAINTEXT&username={USER}&password_file={secret}&session_ms=1500"
    topic = fresh_topic()
    await check_log(guarded)
    await create_topics(guarded, [topic])
    log = await open_log(guarded, client="t")
    await log.append(topic.name, "k", b"v", {})
    async with log.subscribe(topic.name, "g") as subscription:
        assert [record.value for record in await take(subscription, 1)] == [b"v"]
    await log.close()


@pytest.mark.parametrize("act", [check_log, lambda url: open_log(url, client="t")])
async def test_a_wrong_password_is_a_configuration_error_that_does_not_show_it(kafka: KafkaBroker, act: object) -> None:
    guarded = f"kafka://{kafka.guarded}?security=SASL_PLAINTEXT&username={USER}&password=hunter2&request_ms=3000"
    with pytest.raises(ConfigurationError, match="refuses us") as caught:
        await act(guarded)  # type: ignore[operator]
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__!r}"


async def test_a_password_file_that_is_missing_is_named(kafka: KafkaBroker) -> None:
    with pytest.raises(ConfigurationError, match="/nowhere/password"):
        await check_log(
            f"kafka://{kafka.guarded}?security=SASL_PLAINTEXT&username={USER}&password_file=/nowhere/password"
        )


async def test_a_producer_cut_off_from_its_broker_says_later_and_then_works_again(url: str, kafka: KafkaBroker) -> None:
    topic = fresh_topic(partitions=1)
    await create_topics(url, [topic])
    log = await open_log(url, client="t")
    await log.append(topic.name, "k", b"before", {})
    await asyncio.to_thread(kafka.kill)
    with pytest.raises(Retry, match="cannot be used now"):
        await log.append(topic.name, "k", b"during", {})
    await asyncio.to_thread(kafka.start)
    await log.append(topic.name, "k", b"after", {})
    values = [record.value async for record in log.read(topic.name)]
    await log.close()
    assert [values[0], values[-1]] == [b"before", b"after"]


async def test_a_named_member_gets_its_partitions_back_after_a_restart(url: str) -> None:
    topic = fresh_topic(partitions=2)
    await create_topics(url, [topic])
    for value in (b"1", b"2"):
        log = await open_log(url, client="t", group_instance="claimwatch-0")
        await log.append(topic.name, "k", value, {})
        async with log.subscribe(topic.name, "g") as subscription:
            (record,) = await take(subscription, 1, commit=True)
        assert record.value == value
        await log.close()
