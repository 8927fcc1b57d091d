"""What a subscription is, when it is asked for, and whom it believes. Pure: chance and time are arguments."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from services.collector.sources.hub_links import Push

LEASE = timedelta(days=10)
"""What we ask for; the hub decides."""
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=30)
"""Between these a lease is believed."""
RENEWED_AT = 0.8
"""Share of a lease after which it is asked for again."""
ANSWER_WITHIN = timedelta(minutes=10)
"""How long a hub may take to verify; after that it is asked again, ever more rarely."""
ASKED_FOR = timedelta(hours=1)
"""How long after our request a verification is ours."""
DENIED_FOR = timedelta(days=1)
CARRIES_FOR = timedelta(days=1)
"""A hub that pushed nothing for longer than this may be broken: the feed is polled as if there were none."""
_HASHES = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""Of X-Hub-Signature; the list of WebSub, section 8."""


@dataclass(frozen=True)
class Subscription:
    """One feed's push. ``token`` ends the callback's address, ``secret`` signs pushes; neither is ever shown.

    A hub is told the secret only where nobody can overhear it: see :func:`is_confidential`.
    ``next_at`` is when the hub is asked next, ``asked_at`` when it last was.
    """

    source: str
    hub: str
    topic: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    state: Literal["new", "asked", "active", "denied"] = "new"
    next_at: datetime | None = None
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    pushed_at: datetime | None = None
    failures: int = 0


def offered(known: Subscription | None, source: str, push: Push, token: str, secret: str) -> Subscription | None:
    """Return the subscription to begin, given what is *known*; None when that is the very same.

    A feed that changes its hub or topic gets a new *token* and *secret*: the old hub's pushes lead nowhere then.
    """
    if known and (known.hub, known.topic) == (push.hub, push.topic):
        return None
    return Subscription(source, push.hub, push.topic, token, secret)


def is_due(subscription: Subscription, now: datetime) -> bool:
    """Whether the hub is to be asked, for the first time or again."""
    return subscription.next_at is None or subscription.next_at <= now


def asking(subscription: Subscription, now: datetime) -> Subscription:
    """Return *subscription* as it is once the hub is being asked: again later, unless it verifies."""
    wait = min(ANSWER_WITHIN * 2 ** min(subscription.failures, 8), DENIED_FOR)
    state: Literal["asked", "active"] = "active" if subscription.state == "active" else "asked"
    return replace(subscription, state=state, asked_at=now, next_at=now + wait, failures=subscription.failures + 1)


def denied(subscription: Subscription, now: datetime) -> Subscription:
    """Return *subscription* after the hub refused it; hubs change their minds, so it is asked for again."""
    return replace(subscription, state="denied", next_at=now + DENIED_FOR, expires_at=None)


def was_asked(subscription: Subscription, mode: str, topic: str, now: datetime) -> bool:
    """Whether a hub that wants *mode* of *topic* confirmed answers a request of ours; we never unsubscribe."""
    asked = subscription.asked_at is not None and now - subscription.asked_at <= ASKED_FOR
    return asked and mode == "subscribe" and hmac.compare_digest(topic.encode(), subscription.topic.encode())


def verified(subscription: Subscription, lease_seconds: int | None, now: datetime) -> Subscription:
    """Return *subscription* after the hub verified it for so long."""
    lease = timedelta(seconds=min(lease_seconds or LEASE.total_seconds(), LONGEST.total_seconds()))
    lease = max(lease, SHORTEST)
    return replace(subscription, state="active", expires_at=now + lease, next_at=now + lease * RENEWED_AT, failures=0)


def is_confidential(address: str) -> bool:
    """Whether a secret may be sent to *address*: over https, or without leaving this machine (WebSub, section 5.1)."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return True
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"


def carries(subscription: Subscription, now: datetime) -> bool:
    """Whether pushes of it come, so that polling may be slower.

    Pushes that prove nothing never slow it: whoever reads the callback's address on its way could send them.
    """
    if not is_confidential(subscription.hub):
        return False
    if subscription.state != "active" or not subscription.expires_at or not subscription.pushed_at:
        return False
    return now < subscription.expires_at and now - subscription.pushed_at <= CARRIES_FOR


def is_signed(body: bytes, header: str, secret: str) -> bool:
    """Whether the X-Hub-Signature *header* was made with *secret* over *body*; compared in constant time."""
    method, _, signature = header.strip().partition("=")
    if method.lower() not in _HASHES:
        return False
    expected = hmac.new(secret.encode(), body, getattr(hashlib, method.lower())).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())
