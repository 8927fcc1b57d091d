"""What the operator decides about alerts: who hears what through which channel, and how the channels are reached."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import replace
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from services.alerter.bundling import BundlingSettings
from services.alerter.linking import BAR, DOUBT
from services.alerter.parties import read, shipped
from services.alerter.policy import PolicySettings
from services.alerter.rules import RULES, SAME, Rules
from services.alerter.subscriptions import ChannelKind, Subscription, check_signing_keys
from shared.errors import ConfigurationError
from shared.settings import Secret, Section


class SlackSettings(Section):
    """The Slack workspace. The token needs the scopes ``chat:write``, ``channels:history`` and ``groups:history``."""

    token: Secret | None = Field(None, description="Bot token xoxb-…, for subscriptions with channel_id")
    api_url: str = Field("https://slack.com/api/", description="Where the Web API is; another address for trials")
    proxy: Secret | None = Field(None, description="HTTP proxy http://[USER:PASSWORD@]HOST:PORT on the way to Slack")
    per_minute: int = Field(50, ge=1, description="Most messages to one channel; Slack allows one a second")
    timeout: float = Field(15, gt=0, description="Seconds to wait for an answer")


class SmtpSettings(Section):
    """The mail server that takes the alerts, and how they are addressed."""

    host: str = Field("localhost", min_length=1, description="Name of the mail server")
    port: int = Field(587, ge=1, le=65535, description="587 for starttls, 465 for tls, 25 for none")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls and tls refuse to go on without encryption; none sends in the clear"
    )
    ca_file: str | None = Field(None, description="PEM file of the authority that signed the server's certificate")
    username: str | None = Field(None, description="Leave out when the server asks for none")
    password: Secret | None = Field(None, description="Belongs to username")
    sender: str = Field(description='From whom alerts come: "claimwatch <alerts@example.org>"')
    domain: str | None = Field(None, description="Domain of Message-ID and List-Id; the sender's when left out")
    list_unsubscribe: str | None = Field(None, description="mailto: or https: address where receivers sign off")
    per_minute: int = Field(120, ge=1, description="Most alerts of one subscription")
    timeout: float = Field(20, gt=0, description="Seconds to wait for each answer of the server")

    @property
    def address(self) -> str:
        """The sender's bare address."""
        return parseaddr(self.sender)[1]

    @property
    def identity(self) -> str:
        """The domain that message ids end in."""
        return self.domain or self.address.rpartition("@")[2]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            Address(addr_spec=self.address)
        except (ValueError, IndexError):
            raise ConfigurationError(
                "smtp.sender", f"{self.sender!r} is no address", 'Write "claimwatch <alerts@example.org>"'
            ) from None
        if (self.username is None) != (self.password is None):
            given, missing = ("username", "password") if self.username else ("password", "username")
            raise ConfigurationError(
                f"smtp.{missing}", f"is needed beside smtp.{given}", f"Add smtp.{missing}, or leave both out"
            )
        if self.password is not None and self.security == "none":
            raise ConfigurationError(
                "smtp.security",
                'is "none", which would send smtp.password in the clear',
                'Set smtp.security to "starttls" or "tls", or leave smtp.username and smtp.password out',
            )
        if self.list_unsubscribe and urlsplit(self.list_unsubscribe).scheme not in ("mailto", "https"):
            raise ConfigurationError(
                "smtp.list_unsubscribe", f"{self.list_unsubscribe!r} is no mailto: or https: address", "Write one"
            )
        return self


class WebhookSettings(Section):
    """What signed webhooks have in common."""

    secrets: tuple[Secret, ...] = Field(
        (), description="Signing keys whsec_… for subscriptions without their own; several while one is replaced"
    )
    per_minute: int = Field(6000, ge=1, description="Most requests of one subscription")
    timeout: float = Field(
        20, gt=0, description="Seconds to wait for an answer; receivers should answer first, work later"
    )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        check_signing_keys("webhook.secrets", self.secrets)
        return self


class LedgerSettings(Section):
    """How claims are put together; ``claimwatch rebuild --dry-run`` shows what other values would change."""

    parties: Path | None = Field(None, description="File of further speakers, their sides, owners and grades")
    link_bar: float = Field(BAR, description="Weight from which claims belong to one incident")
    review_margin: float = Field(DOUBT, ge=0, description="Lead over the next best below which a link is doubtful")
    merge_bar: float = Field(SAME, description="Weight from which two incidents on record are merged")

    def rules(self) -> Rules:
        """Return the rules to decide by.

        Raises:
            ConfigurationError: the file of parties cannot be read.

        """
        rules = replace(RULES, bar=self.link_bar, doubt=self.review_margin, same=self.merge_bar)
        if self.parties is None:
            return rules
        try:
            return replace(rules, parties=read(shipped(), self.parties.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                "alerter.ledger.parties",
                f"{self.parties} cannot be read: {error}",
                "Write it in the form of services/alerter/parties.toml: [[party]] with a name",
            ) from error


CONSOLE = Subscription(name="console", channel="console")
"""What a fresh installation does: print everything."""


class AlerterSettings(Section):
    """The ``[alerter]`` section."""

    subscriptions: tuple[Subscription, ...] = Field((CONSOLE,), description="Who hears what through which channel")
    policy: PolicySettings = PolicySettings()
    ledger: LedgerSettings = LedgerSettings()
    bundling: BundlingSettings = BundlingSettings()
    slack: SlackSettings = SlackSettings()
    smtp: SmtpSettings | None = Field(None, description="Needed by e-mail subscriptions")
    webhook: WebhookSettings = WebhookSettings()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        named = Counter(subscription.name for subscription in self.subscriptions)
        twice = [name for name, times in named.items() if times > 1]
        if twice:
            raise ConfigurationError(
                "subscriptions", f'"{twice[0]}" names {named[twice[0]]} subscriptions', "Give each a name of its own"
            )
        for number, subscription in enumerate(self.subscriptions):
            _check_reachable(self, subscription, f"subscriptions[{number}].channel")
        return self


def _check_reachable(settings: AlerterSettings, subscription: Subscription, key: str) -> None:
    wanting: dict[ChannelKind, tuple[bool, str, str]] = {
        "slack": (settings.slack.token is None, "alerter.slack.token", "Add the bot token xoxb-…"),
        "email": (settings.smtp is None, "the section [alerter.smtp]", "Add it, with host and sender at least"),
        "webhook": (
            not (subscription.secrets or settings.webhook.secrets),
            "a signing key",
            "Add secrets to the subscription, or alerter.webhook.secrets",
        ),
    }
    missing, what, fix = wanting.get(subscription.channel, (False, "", ""))
    if missing:
        raise ConfigurationError(
            key, f'"{subscription.channel}" of subscription "{subscription.name}" needs {what}', fix
        )
