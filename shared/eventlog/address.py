"""The address of an event log, taken apart: ``sqlite:///PATH`` or ``kafka://HOST:PORT[,HOST:PORT]``, with options.

The options stand behind a question mark. No error here shows them: a password may be among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote

from pydantic import Field, ValidationError, model_validator

from shared.errors import ConfigurationError
from shared.settings import Secret, Section

_HOST = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$")
_FORMS = "Write sqlite:///PATH or kafka://HOST:PORT[,HOST:PORT]"


class SqliteOptions(Section):
    """What may follow ``sqlite:///PATH?``; times in seconds."""

    lease: float = Field(6.0, ge=0.2, le=300, description="How long a member that was killed keeps its partitions")
    poll: float = Field(0.05, ge=0.005, le=5, description="How often to look for what other processes appended")
    prefetch: int = Field(100, ge=1, le=10_000, description="Most records read ahead of their handling")


class KafkaOptions(Section):
    """What may follow ``kafka://HOST:PORT?``; times in milliseconds where the name says so."""

    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    username: str | None = None
    password: Secret | None = None
    password_file: Path | None = Field(None, description="File that holds the password; better than the address")
    cafile: Path | None = Field(None, description="Certificates to trust instead of the system's")
    certfile: Path | None = Field(None, description="Own certificate, where the broker asks for one")
    keyfile: Path | None = Field(None, description="Key of the own certificate")
    session_ms: int = Field(20_000, ge=500, description="Silence after which a member counts as gone")
    fetch_wait_ms: int = Field(50, ge=1, le=50, description="Longest a fetch waits for a first record at the broker")
    request_ms: int = Field(20_000, ge=1_000, description="Longest wait for the answer to one request")
    replication: int | None = Field(None, ge=1, description="Copies of new topics; else 3, or as many as brokers")
    prefetch: int = Field(100, ge=1, le=10_000, description="Most records read ahead of their handling")
    drain: float = Field(5.0, ge=0, le=60, description="Seconds to finish what is in hand when partitions move away")
    stuck: float = Field(60.0, ge=1, description="Seconds without movement, with records waiting, that are too many")

    @model_validator(mode="after")
    def _consistent(self) -> KafkaOptions:
        secret = self.password is not None or self.password_file is not None
        if self.security.startswith("SASL") and not (self.username and secret):
            raise ValueError("SASL needs username and password_file")
        if not self.security.startswith("SASL") and (self.username or secret):
            raise ValueError("username and password are used only with security=SASL_SSL or SASL_PLAINTEXT")
        if not self.security.endswith("SSL") and (self.cafile or self.certfile or self.keyfile):
            raise ValueError("certificates are used only with security=SSL or SASL_SSL")
        return self


@dataclass(frozen=True)
class SqliteAddress:
    """Where the embedded log is, and how it behaves."""

    path: Path
    options: SqliteOptions


@dataclass(frozen=True)
class KafkaAddress:
    """The brokers to ask first, and how to talk to them."""

    brokers: tuple[str, ...]
    options: KafkaOptions

    def __str__(self) -> str:
        return "Kafka at " + ",".join(self.brokers)


Address = SqliteAddress | KafkaAddress


def parse(url: str) -> Address:
    """Return *url* taken apart.

    Raises:
        ConfigurationError: another kind of address, no path, no port, or an option that is unknown or wrong.

    """
    scheme, found, rest = url.partition("://")
    place, _, query = rest.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if found and scheme == "sqlite":
        return SqliteAddress(_path(place), _sqlite_options(given))
    if found and scheme == "kafka":
        return KafkaAddress(_brokers(place), _kafka_options(given))
    raise ConfigurationError("log", "this is not the address of an event log", _FORMS)


def _path(place: str) -> Path:
    path = unquote(place.removeprefix("/"))
    if not place.startswith("/") or path in {"", ":memory:"}:
        raise ConfigurationError(
            "log", "the address names no file", "Write sqlite:///PATH, or sqlite:////ABSOLUTE/PATH"
        )
    return Path(path)


def _brokers(place: str) -> tuple[str, ...]:
    brokers = tuple(part.strip() for part in place.rstrip("/").split(","))
    if "@" in place:
        raise ConfigurationError(
            "log", "a user and password stand before the host", "Use ?security=SASL_SSL&username=…&password_file=…"
        )
    for broker in brokers:
        if not _HOST.match(broker):
            raise ConfigurationError("log", f"{broker or 'nothing'} is not HOST:PORT", _FORMS)
    return brokers


def _sqlite_options(given: Mapping[str, str]) -> SqliteOptions:
    try:
        return SqliteOptions.model_validate(given)
    except ValidationError as error:
        raise _refused(error, tuple(SqliteOptions.model_fields)) from None


def _kafka_options(given: Mapping[str, str]) -> KafkaOptions:
    try:
        return KafkaOptions.model_validate(given)
    except ValidationError as error:
        raise _refused(error, tuple(KafkaOptions.model_fields)) from None


def _refused(error: ValidationError, known: tuple[str, ...]) -> ConfigurationError:
    """Say which option is wrong without showing any value."""
    fault = error.errors(include_input=False, include_url=False)[0]
    name = str(fault["loc"][0]) if fault["loc"] else "the options together"
    return ConfigurationError(f"log ({name})", fault["msg"], f"Known options: {', '.join(known)}")
