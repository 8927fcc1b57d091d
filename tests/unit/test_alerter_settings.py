from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.alerter.channels.building import build_channels
from services.alerter.settings import AlerterSettings, LedgerSettings
from services.configuration.faults import find_faults
from shared.clock import FixedClock
from shared.errors import ConfigurationError
from tests.support.alerts import NOW

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EMAIL = {"name": "desk", "channel": "email", "to": ["a@example.org"]}
SLACK = {"name": "war-room", "channel": "slack", "channel_id": "C0123456789"}
HOOK = {"name": "hook", "channel": "webhook", "url": "https://x.example/in"}
SMTP = {"sender": "claimwatch <cw@example.org>"}


def test_a_fresh_installation_prints_everything() -> None:
    [only] = AlerterSettings().subscriptions
    assert (only.name, only.channel, only.kinds) == ("console", "console", ())


def test_every_subscription_gets_its_channel() -> None:
    settings = AlerterSettings.model_validate(
        {
            "subscriptions": [EMAIL, SLACK, HOOK, {"name": "tty", "channel": "console"}],
            "slack": {"token": "xoxb-1"},
            "smtp": SMTP,
            "webhook": {"secrets": [KEY]},
        }
    )
    assert list(build_channels(settings, FixedClock(NOW))) == ["desk", "war-room", "hook", "tty"]


def test_the_domain_is_the_senders_unless_said() -> None:
    assert AlerterSettings.model_validate({"smtp": SMTP}).smtp.identity == "example.org"  # type: ignore[union-attr]
    told = AlerterSettings.model_validate({"smtp": {**SMTP, "domain": "id.example"}})
    assert told.smtp.identity == "id.example"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("settings", "key", "told"),
    [
        ({"subscriptions": [HOOK, HOOK], "webhook": {"secrets": [KEY]}}, "subscriptions", '"hook" names 2'),
        ({"subscriptions": [EMAIL]}, "subscriptions[0].channel", "[alerter.smtp]"),
        ({"subscriptions": [SLACK]}, "subscriptions[0].channel", "alerter.slack.token"),
        ({"subscriptions": [HOOK]}, "subscriptions[0].channel", "alerter.webhook.secrets"),
        ({"webhook": {"secrets": ["hidden"]}}, "webhook.secrets[0]", "openssl rand"),
        ({"smtp": {"sender": "nobody"}}, "smtp.sender", "is no address"),
        ({"smtp": {**SMTP, "username": "u"}}, "smtp.password", "is needed beside smtp.username"),
        ({"smtp": {**SMTP, "password": "hidden"}}, "smtp.username", "is needed beside smtp.password"),
        (
            {"smtp": {**SMTP, "username": "u", "password": "hidden", "security": "none"}},
            "smtp.security",
            "would send smtp.password in the clear",
        ),
        ({"smtp": {**SMTP, "list_unsubscribe": "off@example.org"}}, "smtp.list_unsubscribe", "mailto:"),
    ],
)
def test_a_wrong_combination_names_its_key_and_the_fix(settings: dict[str, Any], key: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AlerterSettings.model_validate(settings)
    assert caught.value.key == key
    assert told in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_fault_is_told_at_its_place_in_the_file() -> None:
    faults = find_faults(
        AlerterSettings, {"subscriptions": [{"name": "a", "channel": "email"}], "smtp": SMTP}, ("alerter",)
    )
    assert [fault.key for fault in faults] == ["alerter.subscriptions[0].to"]
    faults = find_faults(AlerterSettings, {"smtp": {**SMTP, "username": "u"}}, ("alerter",))
    assert [fault.key for fault in faults] == ["alerter.smtp.password"]


def test_a_file_of_parties_extends_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "parties.toml"
    file.write_text('[[party]]\nname = "Desert Watch"\nkind = "monitor"\nreliability = "B"\n')
    rules = LedgerSettings(parties=file, link_bar=3.0).rules()
    assert rules.bar == 3.0
    assert rules.parties.parties["Desert Watch"].reliability == "B"
    assert "SOHR" in rules.parties.parties


@pytest.mark.parametrize("text", ["no table", "[[party]]\nkind = 'monitor'\n", "party = 3\n"])
def test_a_file_of_parties_that_cannot_be_used_is_refused_by_its_key(tmp_path: Path, text: str) -> None:
    file = tmp_path / "parties.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"alerter\.ledger\.parties"):
        LedgerSettings(parties=file).rules()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        LedgerSettings(parties=tmp_path / "nowhere.toml").rules()
