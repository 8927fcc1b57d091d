"""Messages to bytes and back: JSON values, CloudEvents 1.0 headers in binary mode.

Follows the CloudEvents Kafka protocol binding 1.0.2, section 3.2: ``datacontenttype`` is the header ``content-type``,
every other attribute a header with the prefix ``ce_``, UTF-8. The trace parent goes under its own W3C name, as tracing
libraries for Kafka read it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.clock import aware
from shared.errors import Reject
from shared.messages import Message

Headers = Mapping[str, str]
M = TypeVar("M", bound=Message)

SPECVERSION = "1.0"
CONTENT_TYPE = "application/json"
_LONGEST_SHOWN = 100
_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")


def encode(message: Any, *, source: str, time: datetime, trace: str | None = None) -> tuple[bytes, dict[str, str]]:
    """Return the value and the headers of *message*; *source* is the service that says it, *time* when (aware).

    *trace* is a W3C ``traceparent``, carried on unchanged.
    """
    headers = {
        "ce_specversion": SPECVERSION,
        "ce_id": message.id if "revision" not in type(message).model_fields else f"{message.id}/{message.revision}",
        "ce_type": message.TYPE,
        "ce_source": f"claimwatch/{source}",
        "ce_time": aware(time).isoformat(),
        "content-type": CONTENT_TYPE,
    }
    if trace:
        headers["traceparent"] = trace
    return message.model_dump_json().encode(), headers


def decode(kind: type[M], value: bytes, headers: Headers) -> M:
    """Return the message in *value*.

    Raises:
        Reject: not a CloudEvent of version 1, another type or version than *kind*, not JSON, or a field that breaks
            its rule. The reason never shows the value itself: it is hostile, and may be long.

    """
    _check_headers(kind.TYPE, headers)  # type: ignore[attr-defined]
    try:
        return kind.model_validate_json(value)
    except ValidationError as error:
        raise Reject(f"not a valid {headers['ce_type']}: {_first_fault(error)}") from error


def _check_headers(expected: str, headers: Headers) -> None:
    """Refuse what says of itself that it is something else."""
    found = headers.get("ce_type")
    if found is None:
        raise Reject(f"no ce_type header; expected {expected}")
    if found != expected:
        raise Reject(f"message type {_shown(found)} is unknown here; this version reads {expected}")
    specversion = headers.get("ce_specversion", "")
    if not specversion.startswith("1."):
        raise Reject(f"ce_specversion {_shown(specversion)} is unknown here; this version reads {SPECVERSION}")
    content = headers.get("content-type", CONTENT_TYPE).partition(";")[0].strip().lower()
    if content != CONTENT_TYPE:
        raise Reject(f"content-type {_shown(content)} is unknown here; this version reads {CONTENT_TYPE}")


def traced(headers: Headers) -> str | None:
    """Return the trace parent of *headers*, if it has one that is well formed (W3C Trace Context, version 00)."""
    found = headers.get("traceparent", "")
    return found if _TRACEPARENT.match(found) else None


def new_trace() -> str:
    """Return a new trace parent: sampled, with random ids."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _shown(text: str) -> str:
    """Return hostile *text* fit for a log line: short, quoted, nothing unprintable."""
    return ascii(text[:_LONGEST_SHOWN])


def _first_fault(error: ValidationError) -> str:
    """Name the first wrong field and what is wrong, without the hostile value itself."""
    fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(step) for step in fault["loc"]) or "the whole value"
    return f"{where}: {fault['msg']}"
