"""The one table of topics: message type, key, retention. Services name an input and an output, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.messages import Alert, Incident, Message, RawItem, TaggedItem

DLQ_SUFFIX = ".dlq"


@dataclass(frozen=True)
class Topic:
    """A stream of one message type.

    ``kept`` is how long a record stays; ``compacted`` keeps the last record of each key for ever.
    """

    name: str
    message: type[Message]
    key: Callable[[Any], str]
    kept: timedelta | None
    compacted: bool = False
    partitions: int = 12

    @property
    def dead_letters(self) -> str:
        """Name of the topic that holds what could not be read from this one."""
        return self.name + DLQ_SUFFIX


RAW = Topic("items.raw", RawItem, lambda message: message.item, timedelta(days=7))
TAGGED = Topic("items.tagged", TaggedItem, lambda message: message.item.item, timedelta(days=30))
INCIDENTS = Topic("incidents", Incident, lambda message: message.id, None, compacted=True)
ALERTS = Topic("alerts", Alert, lambda message: message.incident, timedelta(days=90))

TOPICS: tuple[Topic, ...] = (RAW, TAGGED, INCIDENTS, ALERTS)
DLQ_KEPT = timedelta(days=30)
DLQ_PARTITIONS = 3
