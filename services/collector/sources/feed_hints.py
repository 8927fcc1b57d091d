"""What a feed says of its own rhythm: RSS ``ttl``, ``skipHours`` and ``skipDays``, RSS 1.0's syndication module. Pure.

Sources: RSS 2.0 specification, "Optional channel elements"; RDF Site Summary 1.0 Modules: Syndication.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PERIODS = {"hourly": 3_600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 31_536_000.0}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SKIPPED = re.compile(r"<skip(Hours|Days)\b[^>]*>(.{0,4000}?)</skip\1>", re.DOTALL)
_HOUR = re.compile(r"<hour>\s*([01]?\d|2[0-4])\s*</hour>", re.IGNORECASE)
_DAY = re.compile(r"<day>\s*(\w{6,9})\s*</day>", re.IGNORECASE)
_LONGEST_NUMBER = 6


@dataclass(frozen=True)
class Hints:
    """``ttl``: seconds the feed wants to be held fresh. ``skip_hours`` are hours of UTC, ``skip_days`` 0 for Monday."""

    ttl: float | None = None
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


def hints(channel: Mapping[str, Any], text: str) -> Hints:
    """Return the hints of a feed, given what feedparser found in its *channel*, and its *text*.

    feedparser keeps only the last of several hours and days, so that those are read from the text. Hour 24 is 0: RSS
    0.91 counted from 1.
    """
    lifetimes = [seconds for seconds in (_ttl(channel), _update_period(channel)) if seconds]
    skipped = dict(_SKIPPED.findall(text))
    hours = {int(hour) % 24 for hour in _HOUR.findall(skipped.get("Hours", ""))}
    days = {_DAYS.index(day.lower()) for day in _DAY.findall(skipped.get("Days", "")) if day.lower() in _DAYS}
    return Hints(max(lifetimes, default=None), tuple(sorted(hours)), tuple(sorted(days)))


def _ttl(channel: Mapping[str, Any]) -> float | None:
    minutes = _number(channel.get("ttl"))
    return minutes * 60 if minutes else None


def _update_period(channel: Mapping[str, Any]) -> float | None:
    period = _PERIODS.get(str(channel.get("sy_updateperiod", "")).strip().lower())
    return period / (_number(channel.get("sy_updatefrequency")) or 1) if period else None


def _number(value: object) -> float | None:
    digits = str(value or "").strip()
    return float(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_NUMBER else None
