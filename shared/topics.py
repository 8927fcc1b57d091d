"""The one table of topics: message type, key, retention. Services name an input and an output, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from shared.errors import ConfigurationError
from shared.messages import Alert, Incident, Message, RawItem, TaggedItem
from shared.notices import Notice

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
NOTICES = Topic("notices", Notice, lambda message: message.subject, timedelta(days=30), partitions=3)

TOPICS: tuple[Topic, ...] = (RAW, TAGGED, INCIDENTS, ALERTS, NOTICES)
DLQ_KEPT = timedelta(days=30)
DLQ_PARTITIONS = 3


def topic_named(name: str) -> Topic:
    """Return the topic called *name*, or whose dead-letter topic is called so.

    Raises:
        ConfigurationError: there is none; the nearest name is suggested.

    """
    wanted = name.removesuffix(DLQ_SUFFIX)
    for topic in TOPICS:
        if topic.name == wanted:
            return topic
    names = [topic.name for topic in TOPICS]
    near = get_close_matches(wanted, names, n=1)
    fix = f"Did you mean {near[0]}?" if near else f"Topics: {', '.join(names)}"
    raise ConfigurationError("topic", f"there is no topic {name!r}", fix)
