"""The event log on Apache Kafka; this file and its ``kafka_*`` neighbours are the only ones that import the client.

At least once: offsets are committed explicitly and only for what is finished; the producer waits for all replicas; no
transactions, no topics made by accident. What the library lacks is added around it: a producer that is made anew after
a fatal error, and (``kafka_subscription``) a watch over consumers that stop moving.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, errors

from shared.clock import Clock, SystemClock
from shared.errors import ConfigurationError, Reject, Retry
from shared.eventlog import LETTER_BYTES, MAX_RECORD_BYTES, Record, Subscription, refuse_oversize
from shared.eventlog.address import KafkaAddress
from shared.eventlog.kafka_client import (
    REFUSED,
    UNAVAILABLE,
    abandon_producer,
    connection_settings,
    consumer,
    explained,
    record_of,
    stop_producer,
    translated,
)
from shared.eventlog.kafka_reader import KafkaReader, MemberName
from shared.eventlog.kafka_subscription import KafkaSubscription, Rebalanced
from shared.partition import key_bytes

LARGEST_REQUEST = MAX_RECORD_BYTES + 2 * LETTER_BYTES
"""Largest record batch: a dead letter of the largest record, and what the format itself takes."""

_LINGER_MS = 2

_BROKEN_PRODUCER = (
    errors.OutOfOrderSequenceNumber,
    errors.UnknownProducerId,
    errors.InvalidProducerEpoch,
    errors.InvalidProducerIdMapping,
    errors.ProducerFenced,
    errors.ProducerClosed,
)
"""The idempotent producer cannot go on after these (the library cannot renew its epoch): it is made anew, once."""

_TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError, errors.RecordTooLargeError)
log = structlog.get_logger(__name__)


async def open_kafka(address: KafkaAddress, *, client: str, group_instance: str | None = None) -> KafkaLog:
    """Return a log that has reached its brokers. Raises ``Retry`` and ``ConfigurationError``."""
    kafka = KafkaLog(address, client=client, group_instance=group_instance)
    await kafka.reach()
    return kafka


class KafkaLog:
    """Topics on a Kafka cluster."""

    def __init__(
        self, address: KafkaAddress, *, client: str, group_instance: str | None = None, clock: Clock | None = None
    ) -> None:
        self.address = address
        self._client = client
        self._group_instance = group_instance
        self._clock = clock or SystemClock()
        self._producer: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()
        self._known: set[str] = set()
        self._retiring: set[asyncio.Task[None]] = set()
        self._subscriptions: set[KafkaSubscription] = set()

    async def reach(self) -> None:
        """Connect. Raises ``Retry`` and ``ConfigurationError``."""
        await self._live_producer()

    async def append(self, topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Append one record; see the port."""
        refuse_oversize(topic, key, value, headers)
        await self._require(topic)
        wire = [(name, text.encode("utf-8", "surrogateescape")) for name, text in headers.items()]
        try:
            await self._send(topic, key, value, wire)
        except _BROKEN_PRODUCER:
            await self._send_anew(topic, key, value, wire)

    async def _send(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Send once, and wait until all replicas have it."""
        producer = await self._live_producer()
        try:
            # An idempotent producer never gives up by itself; the caller wants to hear of it.
            sending = producer.send_and_wait(topic, value, key_bytes(key), headers=headers)
            await asyncio.wait_for(sending, self.address.options.request_ms / 1000)
        except _TOO_LARGE as error:
            raise Reject(f"{topic} at {self.address} takes no record of {len(value)} bytes") from error
        except _BROKEN_PRODUCER:
            self._retire(producer)
            raise
        except UNAVAILABLE as error:
            if not isinstance(error, REFUSED):
                self._retire(producer)
            raise translated(error, self.address) from error

    async def _send_anew(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Send with a new producer in the place of one that broke."""
        log.warning("producer made anew", topic=topic)
        try:
            await self._send(topic, key, value, headers)
        except _BROKEN_PRODUCER as error:
            raise Retry(f"{self.address}: two producers broke in a row: {type(error).__name__}") from error

    def subscribe(self, topic: str, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Join *group* on *topic*; see the port."""
        return self._joined(topic, group)

    @asynccontextmanager
    async def _joined(self, topic: str, group: str) -> AsyncIterator[Subscription]:
        await self._require(topic)

        name = MemberName(topic, group, self._client, self._group_instance)

        async def open_reader(watcher: Rebalanced) -> KafkaReader:
            return await KafkaReader.joined(self.address, name, watcher)

        subscription = KafkaSubscription(open_reader, f"{group} on {topic}", self.address.options, self._clock)
        self._subscriptions.add(subscription)
        try:
            await subscription.start()
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            await subscription.close()

    async def read(self, topic: str) -> AsyncIterator[Record]:
        """Yield every record that *topic* holds now; see the port."""
        places = [TopicPartition(topic, number) for number in await self._partitions(topic)]
        reading = consumer(self.address, None)
        try:
            async for record in _read_all(reading, places):
                yield record
        except UNAVAILABLE as error:
            raise translated(error, self.address) from error
        finally:
            await reading.stop()

    async def close(self) -> None:
        """Close every subscription, flush, and let every connection go."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        if self._producer is not None:
            await stop_producer(self._producer)
            self._producer = None
        if self._retiring:
            await asyncio.wait(self._retiring)

    async def _live_producer(self) -> AIOKafkaProducer:
        async with self._making:
            if self._producer is None:
                self._producer = await self._new_producer()
            return self._producer

    async def _new_producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **connection_settings(self.address),
            client_id=self._client,
            acks="all",
            enable_idempotence=True,
            linger_ms=_LINGER_MS,
            max_request_size=LARGEST_REQUEST,
        )
        try:
            await producer.start()
        except UNAVAILABLE as error:
            await producer.stop()
            raise await explained(error, self.address) from error
        return producer

    def _retire(self, producer: AIOKafkaProducer) -> None:
        """Stop using *producer* now and give it up aside; others may have done so already."""
        if producer is self._producer:
            self._producer = None
            task = asyncio.create_task(abandon_producer(producer), name="Kafka producer is given up")
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    async def _require(self, topic: str) -> None:
        """Raise ``ConfigurationError`` when there is no such topic, at once instead of after the request's time."""
        if topic not in self._known:
            await self._partitions(topic)
            self._known.add(topic)

    async def _partitions(self, topic: str) -> list[int]:
        """Return the partitions of *topic*. Raises ``ConfigurationError`` and ``Retry``."""
        producer = await self._live_producer()
        try:
            metadata = await producer.client.fetch_all_metadata()
        except UNAVAILABLE as error:
            raise translated(error, self.address) from error
        partitions = metadata.partitions_for_topic(topic)
        if not partitions:
            raise ConfigurationError(
                "log", f"there is no topic {topic} at {self.address}", "Create the topics first: claimwatch topics"
            )
        return sorted(partitions)


async def _read_all(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> AsyncIterator[Record]:
    """Yield what is between the present beginning and end of every partition."""
    await consumer.start()
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    for place, start in (await consumer.beginning_offsets(places)).items():
        consumer.seek(place, start)
    left = {place for place in places if await consumer.position(place) < ends[place]}
    while left:
        batch = await consumer.getmany(*left, timeout_ms=1000)
        for records in batch.values():
            for found in records:
                yield record_of(found)
        # Positions pass gaps too, which compaction leaves at the end of a partition.
        left = {place for place in left if await consumer.position(place) < ends[place]}
