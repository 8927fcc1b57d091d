"""A consumer in a Kafka group, as the subscription wants it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition, errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from shared.eventlog import Record
from shared.eventlog.address import KafkaAddress
from shared.eventlog.kafka_client import (
    UNAVAILABLE,
    connection_settings,
    consumer,
    explained,
    record_of,
    stop_admin,
    stop_consumer,
    translated,
)
from shared.eventlog.kafka_subscription import Rebalanced
from shared.eventlog.watchdog import Standing

_A_DAY_MS = 86_400_000
_MOVED_AWAY = (
    errors.CommitFailedError,
    errors.IllegalStateError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.RebalanceInProgressError,
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MemberName:
    """Who joins which group on which topic; *group_instance* stays the same through restarts, if given."""

    topic: str
    group: str
    client: str
    group_instance: str | None = None


class KafkaReader:
    """One consumer in a group, with the library's errors made ours."""

    def __init__(self, address: KafkaAddress, name: MemberName) -> None:
        options = address.options
        self._address = address
        self._topic = name.topic
        self._group = name.group
        self._client = f"{name.client}-{uuid4().hex[:8]}"
        self._consumer = consumer(
            address,
            name.group,
            client_id=self._client,
            group_instance_id=name.group_instance,
            session_timeout_ms=options.session_ms,
            heartbeat_interval_ms=max(100, options.session_ms // 7),
            rebalance_timeout_ms=max(options.session_ms, int(options.drain * 2000)),
            # Handling may wait for a database for hours; whether anything moves is our own watchdog's business.
            max_poll_interval_ms=_A_DAY_MS,
            # Not the sticky one: the library keeps its memory in the class, so two members in a process mix theirs.
            partition_assignment_strategy=(RangePartitionAssignor,),
        )

    @classmethod
    async def joined(cls, address: KafkaAddress, name: MemberName, watcher: Rebalanced) -> KafkaReader:
        """Return a reader that is a member of its group. Raises ``Retry`` and ``ConfigurationError``."""
        reader = cls(address, name)
        reader._consumer.subscribe([name.topic], listener=_Listener(watcher))
        try:
            await reader._consumer.start()
        except UNAVAILABLE as error:
            await reader.stop()
            raise await explained(error, address) from error
        except BaseException:
            await reader.stop()
            raise
        return reader

    async def poll(self, seconds: float, limit: int) -> list[Record]:
        """Return the next records; see ``Reader``."""
        try:
            batch = await self._consumer.getmany(timeout_ms=int(seconds * 1000), max_records=limit)
        except (errors.KafkaError, errors.ConsumerStoppedError) as error:
            raise translated(error, self._address) from error
        return [record_of(found) for records in batch.values() for found in records]

    async def commit(self, partition: int, after: int) -> bool:
        """Move the group's offset; see ``Reader``."""
        place = TopicPartition(self._topic, partition)
        try:
            # The library tries for ever while the broker is away; the caller wants to hear of it.
            await asyncio.wait_for(self._consumer.commit({place: after}), self._address.options.request_ms / 1000)
        except (*_MOVED_AWAY, errors.ConsumerStoppedError):
            return False
        except UNAVAILABLE as error:
            raise translated(error, self._address) from error
        return True

    async def standing(self) -> Standing:
        """Return where the consumer stands; see ``Reader``."""
        try:
            ends = await self._consumer.end_offsets(sorted(self._consumer.assignment()))
            positions = {place: await self._position(place) for place in ends}
            member = bool(ends) or await self._listed()
        except UNAVAILABLE as error:
            raise translated(error, self._address) from error
        held = {place.partition: position for place, position in positions.items() if position is not None}
        return Standing(held, {place.partition: end for place, end in ends.items()}, member)

    async def _position(self, place: TopicPartition) -> int | None:
        """Return the next offset to read; None when the partition has moved away since it was asked for."""
        try:
            position: int = await self._consumer.position(place)
        except errors.IllegalStateError:
            return None
        return position

    async def stop(self) -> None:
        """Leave the group; see ``Reader``."""
        await stop_consumer(self._consumer)

    async def _listed(self) -> bool:
        """Ask the group whether this consumer is in it: one without partitions may be spare, or lost."""
        admin = AIOKafkaAdminClient(**connection_settings(self._address), client_id=f"{self._client}-look")
        try:
            await admin.start()
            answers = await admin.describe_consumer_groups([self._group])
        finally:
            await stop_admin(admin)
        members = [member for answer in answers for group in answer.groups for member in group[5]]
        return any(member[1] == self._client for member in members)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells a subscription what the group decided."""

    def __init__(self, watcher: Rebalanced) -> None:
        self._watcher = watcher

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the subscription finish what is in hand; nothing is in hand on the first join."""
        if revoked:
            await self._watcher.revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Let the subscription begin anew."""
        log.debug("partitions assigned", partitions=sorted(place.partition for place in assigned))
        self._watcher.assigned()
