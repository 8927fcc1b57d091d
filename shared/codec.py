"""Messages to bytes and back: JSON values, CloudEvents 1.0 headers in binary mode.

Follows the CloudEvents Kafka protocol binding 1.0.2, section 3.2 (attributes as ``ce_`` headers).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.errors import Reject
from shared.messages import Message

Headers = Mapping[str, str]
M = TypeVar("M", bound=Message)


def encode(message: Any, *, source: str, time: datetime, trace: str | None = None) -> tuple[bytes, dict[str, str]]:
    """Return the value and the headers of *message*; *source* is the service that says it.

    *trace* is a W3C ``traceparent``, carried on unchanged.
    """
    headers = {
        "ce_specversion": "1.0",
        "ce_id": message.id if "revision" not in type(message).model_fields else f"{message.id}/{message.revision}",
        "ce_type": message.TYPE,
        "ce_source": f"claimwatch/{source}",
        "ce_time": time.isoformat(),
        "content-type": "application/json",
    }
    if trace:
        headers["traceparent"] = trace
    return message.model_dump_json().encode(), headers


def decode(kind: type[M], value: bytes, headers: Headers) -> M:
    """Return the message in *value*.

    Raises:
        Reject: another type or version than *kind*, broken JSON, or a field that breaks its rule.

    """
    expected: str = kind.TYPE  # type: ignore[attr-defined]
    found = headers.get("ce_type")
    if found is None:
        raise Reject(f"no ce_type header; expected {expected}")
    if found != expected:
        raise Reject(f"message type {found} is unknown here; this version reads {expected}")
    try:
        return kind.model_validate_json(value)
    except ValidationError as error:
        raise Reject(f"not a valid {expected}: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    """Name the first wrong field and what is wrong, without the hostile value itself."""
    fault = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(step) for step in fault["loc"]) or "the whole value"
    return f"{where}: {fault['msg']}"
