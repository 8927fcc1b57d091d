"""Makes hostile text harmless to show: nothing in it moves a cursor, turns a line around or runs off the page. Pure."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

JOINERS = "\u200c\u200d"
"""Invisible, and needed: Persian spelling and emoji fall apart without them."""
MARKS = "\u200e\u200f\u061c"
"""Directional marks; they turn nothing around beyond their own place."""
RIGHT_TO_LEFT = ("R", "AL")
ISOLATE, END = "\u2068", "\u2069"
LINK_LENGTH = 2000
"""Slack takes links of 3000 characters, browsers and mail clients about 2000."""
COMBINING = re.compile(
    r"(\w?)([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{4})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+"
)
"""Stacks of accents that paint over the neighbouring lines; no language writes more than four."""


def clean(text: str, limit: int) -> str:
    """Return *text* on one line, without control and override characters, at most *limit* characters long."""
    kept = "".join(_shown(character) for character in text[: limit * 4])
    flat = COMBINING.sub(r"\1\2", " ".join(kept.split()))
    return flat if len(flat) <= limit and len(text) <= limit * 4 else flat[: limit - 1].rstrip() + "…"


def link(url: str | None) -> str | None:
    """Return *url* fit to be followed: a web address without anything a parser could stumble over; else None."""
    if not url or len(url) > LINK_LENGTH:
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        return None
    address = quote(parts.geturl(), safe="%/:=&?~#+!$,;@()*[]-._")
    return address if len(address) <= LINK_LENGTH else None


def is_right_to_left(text: str) -> bool:
    """Return whether the first letter of *text* is written from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in (*RIGHT_TO_LEFT, "L"):
            return direction in RIGHT_TO_LEFT
    return False


def isolate(text: str) -> str:
    """Return *text* so that its direction stays its own, inside a plain text of the other one (Unicode UAX 9)."""
    mixed = any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in text)
    return f"{ISOLATE}{text}{END}" if mixed else text


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Cf":
        return character if character in JOINERS + MARKS else ""
    return "\ufffd" if category in ("Cs", "Co", "Cn") else character
