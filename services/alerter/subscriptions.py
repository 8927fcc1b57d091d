"""Who is told which alerts through which channel: a subscription as the operator writes it, and what it matches."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.errors import ConfigurationError
from shared.messages import Alert, AlertKind, Force, Governorate, Incident, Outcome, Statement
from shared.notices import Notice, NoticeKind
from shared.settings import Secret, Section

ChannelKind = Literal["console", "slack", "slack-webhook", "email", "webhook"]

SIGNING_KEY_BYTES = range(24, 65)
"""Length of a signing key: Standard Webhooks, "Signature scheme", asks for 24 to 64 random bytes."""
SIGNING_FIX = 'Make one with: echo "whsec_$(openssl rand -base64 32)"'

_OWN_KEYS: dict[str, tuple[ChannelKind, ...]] = {
    "to": ("email",),
    "channel_id": ("slack",),
    "url": ("slack-webhook", "webhook"),
    "secrets": ("webhook",),
    "allow_private": ("webhook",),
}
_NEEDED: dict[str, tuple[str, str]] = {
    "email": ("to", 'Add to = ["analyst@example.org"]'),
    "slack": (
        "channel_id",
        'Add channel_id = "C0123456789": open the channel\'s details in Slack; the id is at the bottom',
    ),
    "slack-webhook": ("url", "Add the incoming webhook's address, https://hooks.slack.com/services/…"),
    "webhook": ("url", 'Add url = "https://receiver.example.org/claimwatch"'),
}
_ADDRESS = re.compile(r"[^\s@<>\"(),;:\\\x00-\x1f\x7f]+@[^\s@<>\"(),;:\\\x00-\x1f\x7f]+")


class Subscription(Section):
    """One receiver and what it wants to hear. An empty filter lets everything through; filters add up.

    Force, outcome, governorate, source, language and minimum are asked of one and the same statement, so that
    "Russian forces, at least 4" is not met by one Russian and ten others.
    """

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Unique; deliveries are remembered by it. Letters, digits, dot, dash, underscore",
    )
    channel: ChannelKind = Field(description="console, slack, slack-webhook, email or webhook")
    kinds: tuple[AlertKind | NoticeKind, ...] = Field(
        (),
        description="new, conflict, update, confirmation, denial, correction; none: all of these. For operators, only "
        "when named: source-health, canary",
    )
    forces: tuple[Force, ...] = Field((), description="Forces the victims belong to: RU, SY, TR, …")
    outcomes: tuple[Outcome, ...] = Field((), description="killed, wounded, missing, captured")
    minimum: int = Field(0, ge=0, description="Least number; compared with the greatest figure claimed")
    governorates: tuple[Governorate, ...] = Field((), description="Governorates of Syria: Idlib, Rif-Dimashq, …")
    sources: tuple[str, ...] = Field((), description="Ids of sources, as in the collector's configuration")
    languages: tuple[str, ...] = Field((), description="Languages of the sources: en, ru, ar, tr, uk")
    to: tuple[str, ...] = Field((), description="E-mail: the receivers; each gets a message of their own")
    channel_id: str | None = Field(
        None, pattern=r"^[CDG][A-Z0-9]{2,}$", description="Slack: the channel's id (C…), which stays when it is renamed"
    )
    url: Secret | None = Field(None, description="Webhooks: the address; hidden, for it often is a password")
    secrets: tuple[Secret, ...] = Field((), description="Webhook: signing keys whsec_…; the first is the current one")
    allow_private: bool = Field(default=False, description="Webhook: the address may be inside the own network")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        _check_keys(self)
        _check_receivers(self.to)
        _check_url(self)
        check_signing_keys("secrets", self.secrets)
        return self


def matches(subscription: Subscription, alert: Alert, incident: Incident | None = None) -> bool:
    """Return whether *subscription* wants to hear of *alert*.

    Both sides of a conflict count. A statement that names no governorate or no number (a denial mostly) stands for the
    one of its *incident*, when that is given.
    """
    if subscription.kinds and alert.kind not in subscription.kinds:
        return False
    return any(_wanted(subscription, statement, incident) for statement in _told(alert))


def is_told(subscription: Subscription, notice: Notice) -> bool:
    """Return whether *subscription* is an operator's who wants to hear of *notice*: only who names its kind."""
    named = not subscription.sources or bool(set(subscription.sources) & set(notice.sources)) or not notice.sources
    return notice.kind in subscription.kinds and named


def greatest(statement: Statement) -> int:
    """Return the greatest number that *statement* names; 0 when it names none."""
    claim = statement.claim
    return max(claim.min or 0, claim.max or 0)


def check_signing_keys(key: str, secrets: Iterable[Secret]) -> None:
    """Refuse what is no Standard Webhooks signing key.

    Raises:
        ConfigurationError: at *key*; the value itself is not in the text.

    """
    for number, secret in enumerate(secrets):
        try:
            length = len(signing_key(secret))
        except ValueError:
            problem = "is not whsec_ followed by base64"
        else:
            if length in SIGNING_KEY_BYTES:
                continue
            problem = f"holds {length} bytes where 24 to 64 are asked for"
        raise ConfigurationError(f"{key}[{number}]", problem, SIGNING_FIX)


def signing_key(secret: Secret) -> bytes:
    """Return the key's bytes.

    Raises:
        ValueError: it is not ``whsec_`` followed by base64.

    """
    prefix, _, encoded = secret.get_secret_value().strip().partition("_")
    if prefix != "whsec":
        raise ValueError("no whsec_ in front")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def _wanted(subscription: Subscription, statement: Statement, incident: Incident | None) -> bool:
    claim, source = statement.claim, statement.source
    governorate = claim.governorate or (incident.governorate if incident else None)
    return (
        (not subscription.forces or claim.force in subscription.forces)
        and (not subscription.outcomes or claim.outcome in subscription.outcomes)
        and (not subscription.governorates or governorate in subscription.governorates)
        and (not subscription.sources or source.id in subscription.sources)
        and (not subscription.languages or source.language in subscription.languages)
        and _number(statement, incident) >= subscription.minimum
    )


def _number(statement: Statement, incident: Incident | None) -> int:
    own = greatest(statement)
    if own or incident is None:
        return own
    claim = statement.claim
    same = [f for f in incident.figures if (f.force, f.outcome) == (claim.force, claim.outcome)]
    return max((max(f.min or 0, f.max or 0) for f in same), default=0)


def _told(alert: Alert) -> Iterator[Statement]:
    yield from alert.statements
    for conflict in alert.conflicts:
        yield conflict.left
        yield conflict.right


def _check_keys(subscription: Subscription) -> None:
    kind = subscription.channel
    for key, channels in _OWN_KEYS.items():
        if getattr(subscription, key) and kind not in channels:
            wanted = " or ".join(f'"{channel}"' for channel in channels)
            raise ConfigurationError(
                key, f'means nothing when channel = "{kind}"', f"Leave {key} out, or set channel to {wanted}"
            )
    key, fix = _NEEDED.get(kind, ("name", ""))
    if not getattr(subscription, key):
        raise ConfigurationError(key, f'is needed when channel = "{kind}"', fix)


def _check_receivers(receivers: Iterable[str]) -> None:
    for number, receiver in enumerate(receivers):
        if not _ADDRESS.fullmatch(receiver):
            raise ConfigurationError(f"to[{number}]", f"{receiver!r} is no e-mail address", "Write name@example.org")


def _check_url(subscription: Subscription) -> None:
    if subscription.url is None:
        return
    parts = urlsplit(subscription.url.get_secret_value())
    schemes = ("https", "http") if subscription.channel == "webhook" or _is_local(parts.hostname) else ("https",)
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.password:
        raise ConfigurationError(
            "url", "is no web address that can be used", f"Write {schemes[0]}://HOST/PATH, without user or password"
        )


def _is_local(host: str | None) -> bool:
    return host in ("127.0.0.1", "::1", "localhost")
