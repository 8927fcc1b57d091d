"""What every use of the Kafka client library shares: settings, records, errors made ours, a patient end."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, errors
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn

from shared.errors import ClaimwatchError, ConfigurationError, Retry
from shared.eventlog import Record
from shared.eventlog.address import KafkaAddress

UNAVAILABLE = (errors.KafkaError, TimeoutError, OSError)
"""What the library raises when it cannot do what it was asked."""

REFUSED = (
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)

_STOP_SECONDS = 10


def connection_settings(address: KafkaAddress) -> dict[str, Any]:
    """Return what every client of the library is told: brokers, time limits, and how to prove who we are.

    Raises:
        ConfigurationError: a certificate or the password's file cannot be read.

    """
    options = address.options
    settings: dict[str, Any] = {
        "bootstrap_servers": list(address.brokers),
        "request_timeout_ms": options.request_ms,
        "security_protocol": options.security,
    }
    try:
        if options.security.endswith("SSL"):
            settings["ssl_context"] = ssl.create_default_context(cafile=options.cafile)
            if options.certfile:
                settings["ssl_context"].load_cert_chain(options.certfile, options.keyfile)
        if options.security.startswith("SASL"):
            given = options.password.get_secret_value() if options.password else ""
            read = options.password_file.read_text().strip() if options.password_file else given
            settings |= {
                "sasl_mechanism": options.mechanism,
                "sasl_plain_username": options.username,
                "sasl_plain_password": read,
            }
    except OSError as error:
        raise ConfigurationError(
            "log", f"{error.filename or 'a certificate'} cannot be used: {error.strerror or error}", "Check the file"
        ) from error
    return settings


def consumer(address: KafkaAddress, group: str | None, **more: Any) -> AIOKafkaConsumer:
    """Return a consumer that commits nothing by itself and starts a new group at the oldest record."""
    return AIOKafkaConsumer(
        **connection_settings(address),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=address.options.fetch_wait_ms,
        **more,
    )


def translated(error: Exception, address: KafkaAddress) -> ClaimwatchError:
    """Return what callers of the log are told of an error of the client library."""
    if isinstance(error, REFUSED):
        return ConfigurationError("log", f"{address} refuses us ({type(error).__name__})", "Check user and rights")
    if isinstance(error, ssl.SSLError):
        return ConfigurationError("log", f"{address} is not trusted: {error.reason}", "Check cafile and the host name")
    name = type(error).__name__
    return Retry(f"{address} cannot be used now: {name}: {str(error).removeprefix(name + ': ') or 'no answer in time'}")


async def explained(error: Exception, address: KafkaAddress) -> ClaimwatchError:
    """Return what callers are told when a client could not start.

    Starting says only that no broker could be reached, whatever the reason; so each is asked once more, by itself.
    """
    if address.options.security != "PLAINTEXT":
        for broker in address.brokers:
            refusal = await _refusal(broker, address)
            if refusal is not None:
                return translated(refusal, address)
    return translated(error, address)


async def _refusal(broker: str, address: KafkaAddress) -> Exception | None:
    """Return why one broker does not let us in, if that, and not the way to it, is the trouble."""
    host, _, port = broker.rpartition(":")
    settings = connection_settings(address)
    del settings["bootstrap_servers"]
    try:
        connection = await create_conn(host.strip("[]"), int(port), **settings)
    except (*REFUSED, ssl.SSLError) as error:
        return error
    except UNAVAILABLE as error:
        cause = error.__cause__ or error.__context__
        return cause if isinstance(cause, ssl.SSLError) else None
    connection.close()
    return None


def record_of(found: Any) -> Record:
    """Return what the library fetched as a record; bytes that are not UTF-8 survive in key and headers."""
    key = (found.key or b"").decode("utf-8", "surrogateescape")
    headers = {name: (text or b"").decode("utf-8", "surrogateescape") for name, text in found.headers}
    moment = datetime.fromtimestamp(max(0, found.timestamp) / 1000, UTC)
    return Record(found.topic, found.partition, found.offset, key, found.value or b"", headers, moment)


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer; one whose broker is away is not waited for long."""
    with suppress(*UNAVAILABLE):
        await asyncio.wait_for(consumer.stop(), _STOP_SECONDS)


async def stop_producer(producer: AIOKafkaProducer) -> None:
    """Send what is still waiting, then close; when that takes too long, give it up."""
    try:
        await asyncio.wait_for(producer.flush(), _STOP_SECONDS)
    except UNAVAILABLE:
        await abandon_producer(producer)
    else:
        await producer.stop()


async def abandon_producer(producer: AIOKafkaProducer) -> None:
    """Close a producer without sending what it still holds, and tell all who wait for it.

    The library offers no such thing: its ``stop`` sends for as long as it takes, and a record it was given up for
    would come after the one that was appended in its place. Hence the private names.
    """
    await producer._sender.close()  # noqa: SLF001 - see above
    producer._message_accumulator.fail_all(errors.KafkaConnectionError("the producer was given up"))  # noqa: SLF001
    with suppress(*UNAVAILABLE):
        await asyncio.wait_for(producer.stop(), _STOP_SECONDS)


async def stop_admin(admin: AIOKafkaAdminClient) -> None:
    """Close an administration client, whether it ever reached a broker or not."""
    with suppress(*UNAVAILABLE):
        await asyncio.wait_for(admin.close(), _STOP_SECONDS)
