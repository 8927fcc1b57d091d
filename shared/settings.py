"""What every service's settings are made of: a checked, frozen value that is passed in, never looked up."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Secret = SecretStr
"""A value that never shows in logs, errors or ``repr``; read it with ``get_secret_value()`` where it is used."""


class Section(BaseModel):
    """One table of the configuration file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LoggingSettings(Section):
    """How the services speak of themselves."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least important message shown")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: readable on a terminal, JSON in a pipe"
    )


class HttpSettings(Section):
    """The listener for health and metrics."""

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 inside a container")
    port: int = Field(0, ge=0, le=65535, description="0: no listener")


class SharedSettings(Section):
    """What every service needs."""

    log: str = Field("sqlite:///claimwatch-log.db", description="sqlite:///PATH, or kafka://HOST:PORT[,HOST:PORT]")
    database: str = Field("sqlite:///claimwatch.db", description="sqlite:///PATH, or postgresql://USER@HOST/NAME")
    database_password: Secret | None = Field(None, description="Kept apart from the address so that it is never shown")
    logging: LoggingSettings = LoggingSettings()
    http: HttpSettings = HttpSettings()
