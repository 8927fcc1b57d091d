"""The contract with downstream teams, generated: JSON Schema for each message type, AsyncAPI 3 for all topics. Pure.

The files under ``docs/schemas`` are these functions' output; a test fails when they differ.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from shared.messages import Message
from shared.topics import DLQ_KEPT, DLQ_PARTITIONS, TOPICS, Topic

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI = "asyncapi.json"
ID = "urn:claimwatch:schema:"

HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "description": "The message's id; an incident's is followed by /REVISION"},
        "ce_type": {"type": "string", "description": "Type and version of the value"},
        "ce_source": {"type": "string", "description": "claimwatch/SERVICE"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context, carried on unchanged"},
    },
}
"""CloudEvents 1.0, Kafka protocol binding, binary mode: the attributes as record headers."""


def message_types() -> dict[str, type[Message]]:
    """Return every message type that travels on a topic, by its name and version."""
    return {topic.message.TYPE: topic.message for topic in TOPICS}  # type: ignore[attr-defined]


def json_schema(name: str, message: type[Message]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the value of a *message* of type *name*."""
    schema = message.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": f"{ID}{name}", **schema, "title": name}


def files(version: str) -> dict[str, str]:
    """Return the contract as files by name, for claimwatch *version*."""
    documents = {f"{name}.json": json_schema(name, message) for name, message in message_types().items()}
    documents[ASYNCAPI] = asyncapi(version)
    return {name: render(document) for name, document in documents.items()}


def render(document: dict[str, Any]) -> str:
    """Return *document* in the one form in which it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def asyncapi(version: str) -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of every topic, dead letters included.

    Operations say what claimwatch itself does (``send``), as AsyncAPI means them; a subscriber does the opposite.
    """
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for topic in TOPICS:
        channels[topic.name] = _channel(topic)
        channels[topic.dead_letters] = _dead_letter_channel(topic)
        for name in (topic.name, topic.dead_letters):
            operations[f"send.{name}"] = {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "claimwatch",
            "version": version,
            "description": "Claims about military casualties in Syria: items read, incidents, and alerts.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": {name: _message(name, message) for name, message in message_types().items()}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    name = topic.message.TYPE  # type: ignore[attr-defined]
    return {
        "address": topic.name,
        "description": _retention_in_words(topic.kept),
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": _kafka(topic.partitions, topic.kept, compacted=topic.compacted)},
    }


def _dead_letter_channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.dead_letters,
        "description": f"What could not be read from {topic.name}: the original bytes, with the story in the headers.",
        "messages": {
            "letter": {
                "name": "letter",
                "contentType": "application/octet-stream",
                "summary": "The original key and value; headers that begin with dlq- say who rejected it, when and why",
            }
        },
        "bindings": {"kafka": _kafka(DLQ_PARTITIONS, DLQ_KEPT, compacted=False)},
    }


def _message(name: str, message: type[Message]) -> dict[str, Any]:
    summary = (message.__doc__ or "").strip().splitlines()[0]
    return {
        "name": name,
        "summary": summary,
        "contentType": "application/json",
        "headers": HEADERS,
        "payload": {"$ref": f"./{name}.json"},
        "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": "0.5.0"}},
    }


def _kafka(partitions: int, kept: timedelta | None, *, compacted: bool) -> dict[str, Any]:
    retention = -1 if kept is None else int(kept.total_seconds() * 1000)
    return {
        "partitions": partitions,
        "topicConfiguration": {
            "cleanup.policy": ["compact"] if compacted else ["delete"],
            "retention.ms": retention,
        },
        "bindingVersion": "0.5.0",
    }


def _retention_in_words(kept: timedelta | None) -> str:
    return (
        "The last record of each key is kept for ever." if kept is None else f"Records are kept for {kept.days} days."
    )
