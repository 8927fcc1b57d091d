"""How long an answer stays fresh by its own headers. Pure; RFC 9111, sections 4.2, 5.2.2 and 5.3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

_DIRECTIVE = re.compile(r"(?:^|,)\s*(max-age|no-cache|no-store)\b(?:\s*=\s*\"?(\d{1,9}))?", re.IGNORECASE)


def lifetime(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds an answer with these *headers* (names in lower case) is still fresh.

    ``max-age`` goes before ``Expires``; what the answer has spent in caches on its way is taken off. None when the
    server says nothing, 0 when it says that the answer is stale at once.
    """
    found = {name.lower(): value for name, value in _DIRECTIVE.findall(headers.get("cache-control", ""))}
    if {"no-cache", "no-store"} & found.keys():
        return 0.0
    seconds = float(found["max-age"]) if found.get("max-age") else _until_expiry(headers)
    if seconds is None:
        return None
    age = headers.get("age", "").strip()
    spent = float(age) if age.isdecimal() and len(age) <= 9 else 0.0  # noqa: PLR2004 - thirty years
    return max(seconds - spent, 0.0)


def _until_expiry(headers: Mapping[str, str]) -> float | None:
    """Return the seconds from ``Date`` to ``Expires``: both of the server's clock, which may be wrong."""
    if "expires" not in headers:
        return None
    expires, date = _moment(headers["expires"]), _moment(headers.get("date", ""))
    if expires is None:
        return 0.0  # "0" and the like mean: expired already
    return (expires - date).total_seconds() if date else None


def _moment(header: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None
