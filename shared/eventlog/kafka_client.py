"""What every use of the Kafka client library shares: settings, records, errors made ours, a patient end."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, errors
from aiokafka.admin import AIOKafkaAdminClient

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
    return Retry(f"{address} cannot be used now: {type(error).__name__}: {error}")


def record_of(found: Any) -> Record:
    """Return what the library fetched as a record; bytes that are not UTF-8 survive in key and headers."""
    key = (found.key or b"").decode("utf-8", "surrogateescape")
    headers = {name: (text or b"").decode("utf-8", "surrogateescape") for name, text in found.headers}
    moment = datetime.fromtimestamp(max(0, found.timestamp) / 1000, UTC)
    return Record(found.topic, found.partition, found.offset, key, found.value or b"", headers, moment)


async def stop_client(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Close a client of the library; one whose broker is away is not waited for long."""
    with suppress(*UNAVAILABLE):
        await asyncio.wait_for(client.stop(), _STOP_SECONDS)


async def stop_admin(admin: AIOKafkaAdminClient) -> None:
    """Close an administration client, whether it ever reached a broker or not."""
    with suppress(*UNAVAILABLE):
        await asyncio.wait_for(admin.close(), _STOP_SECONDS)
