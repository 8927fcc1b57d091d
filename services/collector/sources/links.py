"""Links compared. Pure."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from services.collector.sources.addresses import MOST_URL

_TRACKING = re.compile(r"^(?:utm_\w+|fbclid|gclid|yclid|mc_cid|mc_eid|_openstat|xtor|phpsessid)$", re.IGNORECASE)


def normal_link(url: str) -> str:
    """Return *url* without what changes between two views of one page: fragment, tracking parameters, letter case.

    One longer than any that is published stays as it is.
    """
    if len(url) > MOST_URL:
        return url
    try:
        parts = urlsplit(url)
        query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return url
    kept = urlencode([pair for pair in query if not _TRACKING.match(pair[0])])
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path, kept, ""))


def link_name(normal: str | None) -> str | None:
    """Return the hash by which a link, *normal* already, is remembered."""
    return _hash(normal) if normal else None


def story_name(title: str | None, published: str | None) -> str | None:
    """Return the hash by which a title and its date (ISO 8601, UTC) are remembered; None without a title."""
    return _hash(f"{title}\x1f{published or ''}") if title else None


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
