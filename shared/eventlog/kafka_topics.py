"""Topics of a Kafka cluster: which there are, how they are kept, and making those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.errors import ConfigurationError, Retry
from shared.eventlog.address import KafkaAddress
from shared.eventlog.kafka import LARGEST_REQUEST
from shared.eventlog.kafka_client import UNAVAILABLE, connection_settings, explained, stop_admin, translated
from shared.eventlog.plan import TopicPlan, TopicReport, report

_MOST_COPIES = 3
_VISIBLE_TRIES = 100
_BETWEEN_TRIES = 0.1


async def create_topics(address: KafkaAddress, plans: Sequence[TopicPlan], *, dry_run: bool) -> TopicReport:
    """Create what is missing of *plans*; see ``opening.create_topics``."""
    async with _admin(address) as admin:
        found = await _found(admin, {plan.name for plan in plans})
        result = report(plans, found)
        if result.created and not dry_run:
            await _create(admin, address, [plan for plan in plans if plan.name in result.created])
        return result


async def check(address: KafkaAddress) -> None:
    """Return when the cluster answers and lets us in; see ``opening.check_log``."""
    async with _admin(address) as admin:
        await admin.describe_cluster()


@asynccontextmanager
async def _admin(address: KafkaAddress) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection_settings(address), client_id="claimwatch-topics")
    try:
        try:
            await admin.start()
        except UNAVAILABLE as error:
            raise await explained(error, address) from error
        yield admin
    except UNAVAILABLE as error:
        raise translated(error, address) from error
    finally:
        await stop_admin(admin)


async def _create(admin: AIOKafkaAdminClient, address: KafkaAddress, plans: Sequence[TopicPlan]) -> None:
    brokers = (await admin.describe_cluster())["brokers"]
    copies = address.options.replication or min(_MOST_COPIES, len(brokers))
    wanted = [NewTopic(plan.name, plan.partitions, copies, topic_configs=topic_settings(plan)) for plan in plans]
    answer = await admin.create_topics(wanted)
    for name, code, message in ((each[0], each[1], each[2]) for each in answer.topic_errors):
        kind = errors.for_code(code)
        if kind in (errors.NoError, errors.TopicAlreadyExistsError):
            continue
        raise ConfigurationError(
            "log", f"{address} does not create topic {name}: {message or kind.__name__}", "Ask its operator"
        )
    await _visible(admin, address, {plan.name for plan in plans})


async def _visible(admin: AIOKafkaAdminClient, address: KafkaAddress, names: set[str]) -> None:
    """Wait until the brokers know of the topics that the controller has made."""
    for _ in range(_VISIBLE_TRIES):
        if names <= set(await admin.list_topics()):
            return
        await asyncio.sleep(_BETWEEN_TRIES)
    raise Retry(f"{address} made the topics but does not list them yet")


def topic_settings(plan: TopicPlan) -> dict[str, str]:
    """Return how Kafka is told to keep a topic."""
    size = {"max.message.bytes": str(LARGEST_REQUEST)}
    if plan.compacted:
        return size | {"cleanup.policy": "compact"}
    kept = -1 if plan.kept is None else int(plan.kept.total_seconds() * 1000)
    return size | {"cleanup.policy": "delete", "retention.ms": str(kept)}


async def _found(admin: AIOKafkaAdminClient, names: set[str]) -> dict[str, TopicPlan]:
    """Return those of *names* that exist, as they are."""
    existing = sorted(names & set(await admin.list_topics()))
    if not existing:
        return {}
    partitions = {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics(existing)}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in existing]
    answers = await admin.describe_configs(asked)
    kept = {each[3]: _settings(each[4]) for answer in answers for each in answer.resources}
    return {name: _plan(name, partitions[name], kept.get(name, {})) for name in existing}


def _settings(entries: Iterable[Any]) -> dict[str, str]:
    return {entry[0]: entry[1] for entry in entries}


def _plan(name: str, partitions: int, settings: dict[str, str]) -> TopicPlan:
    milliseconds = int(settings.get("retention.ms", "-1"))
    compacted = "compact" in settings.get("cleanup.policy", "delete")
    kept = None if milliseconds < 0 or compacted else timedelta(milliseconds=milliseconds)
    return TopicPlan(name, partitions, kept, compacted)
