"""Pure: the pause that a server asks for."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime


def seconds_asked(header: str | None, now: datetime, longest: float) -> float | None:
    """Return the seconds that ``Retry-After`` names, as a number or as a date (RFC 9110, 10.2.3), at most *longest*.

    None when it names no time that can be read.
    """
    if not header:
        return None
    if header.strip().isdecimal():
        return min(float(header[:12]), longest)
    try:
        until = parsedate_to_datetime(header)
        seconds = (until - now).total_seconds() if until.tzinfo else 0.0
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), longest)
