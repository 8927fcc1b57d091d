"""Structured logs: JSON in a pipe, readable on a terminal, third parties included, secrets never.

Every line goes to standard error, so that standard output carries only what a command is asked for.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor
from structlog.typing import WrappedLogger as Logger

from shared.settings import LoggingSettings

HIDDEN = "***"
SECRET_KEY = re.compile(
    r"(^|[_.-])(token|secret|password|passwd|authorization|cookie|api_hash|session|signing_key|api_key)$", re.IGNORECASE
)
SECRET_TEXT = re.compile(
    r"(?<=://)[^/@\s]+(?=@)"  # user and password of an address
    r"|xox[a-z]-[\w-]+"  # Slack tokens
    r"|(?<=hooks\.slack\.com/)[\w/]+"  # a Slack incoming webhook is its path
    r"|whsec_[\w+/=]+"  # Standard Webhooks signing keys
    r"|(?<=[Bb]earer )[\w.~+/=-]+"
)
QUIET = ("aiokafka", "alembic", "asyncio", "httpcore", "httpx", "sqlalchemy", "telethon", "trafilatura", "uvicorn")
"""Libraries whose ordinary lines are noise, and some of which print whole addresses."""

Event = MutableMapping[str, Any]


class _CurrentStderr:
    """Whatever standard error is when a line is written; a live screen puts itself in its place."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(settings: LoggingSettings, *, service: str, terminal: bool, quiet: bool = False) -> None:
    """Send every log line of this process through one pipe; *terminal* says whether a person reads it.

    *service* stands in each line unless a task has bound its own (``structlog.contextvars``). *quiet* leaves out what
    is not at least a warning: a live screen tells the rest.
    """
    readable = terminal if settings.format == "auto" else settings.format == "console"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _name_service(service),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_CurrentStderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                *_renderers(readable=readable, colours=terminal),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    root.setLevel(max(level, logging.WARNING) if quiet else level)
    logging.captureWarnings(capture=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def redact(_logger: Logger, _method: str, event: Event) -> Event:
    """Hide what must never be read in a log: values of secret keys, and secrets inside any text."""
    for key, value in event.items():
        event[key] = _without_secrets(key, value)
    return event


def _without_secrets(key: str, value: Any) -> Any:
    if SECRET_KEY.search(key):
        return HIDDEN
    if isinstance(value, str):
        return SECRET_TEXT.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {str(inner): _without_secrets(str(inner), one) for inner, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets("", one) for one in value]
    if isinstance(value, bool | int | float | None):
        return value
    return SECRET_TEXT.sub(HIDDEN, str(value))


def _name_service(service: str) -> Callable[[Logger, str, Event], Event]:
    def name(_logger: Logger, _method: str, event: Event) -> Event:
        event.setdefault("service", service)
        return event

    return name


def _renderers(*, readable: bool, colours: bool) -> list[Processor]:
    if readable:
        return [structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=0)]
    return [structlog.processors.EventRenamer("event"), structlog.processors.JSONRenderer(ensure_ascii=False)]
