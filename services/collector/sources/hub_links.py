"""Where a feed says that it is pushed: its hub and its own address there (W3C WebSub, section 4). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from services.collector.sources.addresses import MOST_URL

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[^\s=;,\"]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
MOST_HEADER = 8_192
"""Characters of Link headers that are looked at."""


@dataclass(frozen=True)
class Push:
    """The hub that pushes a feed, and the topic by which it knows the feed."""

    hub: str
    topic: str


def push_of(headers: Mapping[str, str], links: Iterable[tuple[str, str]], url: str) -> Push | None:
    """Return what the feed at *url* says of being pushed: its *headers* go before the *links* (rel, address) within it.

    The first hub counts. A feed that names no address of its own is known by *url*.
    """
    named = [*_in_headers(headers.get("link", "")), *links]
    hub = next((found for rel, address in named if rel == "hub" and (found := _web(address, url))), None)
    topic = next((found for rel, address in named if rel == "self" and (found := _web(address, url))), url)
    return Push(hub, topic) if hub else None


def _in_headers(value: str) -> Iterable[tuple[str, str]]:
    for address, parameters in _LINK.findall(value[:MOST_HEADER]):
        if rel := _REL.search(parameters):
            for one in (rel[1] or rel[2] or "").lower().split():
                yield one, address


def _web(address: str, base: str) -> str | None:
    try:
        whole = urljoin(base, address.strip())
        parts = urlsplit(whole)
    except ValueError:
        return None
    fits = parts.scheme in ("http", "https") and parts.hostname and len(whole) <= MOST_URL and whole.isprintable()
    return whole if fits and not parts.username else None
