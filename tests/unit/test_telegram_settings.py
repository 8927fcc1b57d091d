from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.collector.sources.telegram.account import AccountSource
from services.collector.sources.telegram.factory import PreviewOrAccount, TelegramSources
from services.collector.sources.telegram.preview import PreviewSource
from services.collector.sources.telegram.settings import TelegramSettings
from shared.database import create_engine
from shared.errors import ConfigurationError
from tests.support.reading import Answer, ReadHere

ACCOUNT: dict[str, Any] = {"api_id": 1, "api_hash": "0123456789abcdef", "session": "1" + "B" * 351 + "="}

NOWHERE = create_engine(f"sqlite:///{Path(__file__).with_name('nobody-connects.db')}")


class NoFetcher:
    async def get(self, url: str, *, accept: str) -> Answer:
        raise AssertionError(url, accept)


def test_telegram_is_off_until_someone_decides() -> None:
    assert TelegramSettings().mode == "off"
    assert not TelegramSettings().uses_preview
    assert not TelegramSettings().uses_account


@pytest.mark.parametrize("mode", ["preview", "account", "both"])
def test_nothing_is_read_before_the_terms_are_accepted(mode: str) -> None:
    with pytest.raises(ConfigurationError, match="terms of service") as refused:
        TelegramSettings(mode=mode, **ACCOUNT)
    assert refused.value.key == "telegram.accept_terms"


@pytest.mark.parametrize("mode", ["account", "both"])
@pytest.mark.parametrize("missing", ["api_id", "api_hash", "session"])
def test_an_account_needs_all_of_its_keys(mode: str, missing: str) -> None:
    with pytest.raises(ConfigurationError, match=r"my\.telegram\.org") as refused:
        TelegramSettings(mode=mode, accept_terms=True, **{**ACCOUNT, missing: None})
    assert refused.value.key == f"telegram.{missing}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("preview_url", "t.me"),
        ("preview_url", "file:///etc/passwd"),
        ("server", "localhost"),
        ("server", "localhost:0"),
        ("server", "localhost:65536"),
        ("server", ":443"),
        ("server", "h:x"),
    ],
)
def test_an_address_that_is_none_is_refused_with_its_key(key: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        TelegramSettings(**{key: value})
    assert refused.value.key == f"telegram.{key}"


@pytest.mark.parametrize(("key", "value"), [("interval", 1), ("reread", 0), ("mode", "on"), ("password", "x")])
def test_values_out_of_range_and_unknown_keys_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TelegramSettings(**{key: value})


def test_secrets_do_not_show() -> None:
    settings = TelegramSettings(mode="account", accept_terms=True, **ACCOUNT)
    assert ACCOUNT["session"] not in repr(settings)
    assert ACCOUNT["api_hash"] not in repr(settings)


def test_the_test_servers_address() -> None:
    assert TelegramSettings(server="127.0.0.1:4430").address == ("127.0.0.1", 4430)
    assert TelegramSettings().address is None


@pytest.mark.parametrize(
    ("mode", "kind"), [("preview", PreviewSource), ("account", AccountSource), ("both", PreviewOrAccount)]
)
async def test_each_mode_makes_its_source(mode: str, kind: type) -> None:
    sources = TelegramSources(
        TelegramSettings(mode=mode, accept_terms=True, **ACCOUNT), NoFetcher(), ReadHere(), NOWHERE
    )
    assert isinstance(sources.source("@warnews"), kind)
    await sources.close()


def test_a_channel_while_telegram_is_off_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError, match="warnews") as refused:
        TelegramSources(TelegramSettings(), NoFetcher(), ReadHere(), NOWHERE).source("warnews")
    assert refused.value.key == "collector.telegram.mode"


@pytest.mark.parametrize(
    ("via", "kind"), [("preview", PreviewSource), ("account", AccountSource), (None, PreviewOrAccount)]
)
async def test_a_channel_chooses_its_way_where_the_mode_is_both(via: Any, kind: type) -> None:
    sources = TelegramSources(
        TelegramSettings(mode="both", accept_terms=True, **ACCOUNT), NoFetcher(), ReadHere(), NOWHERE
    )
    assert isinstance(sources.source("@warnews", via=via), kind)
    await sources.close()


async def test_a_channel_cannot_choose_what_the_mode_forbids() -> None:
    sources = TelegramSources(TelegramSettings(mode="preview", accept_terms=True), NoFetcher(), ReadHere(), NOWHERE)
    with pytest.raises(ConfigurationError, match=r"preview.*warnews.*via account.*both"):
        sources.source("warnews", via="account")


def test_an_invitation_is_no_public_channel() -> None:
    sources = TelegramSources(TelegramSettings(mode="preview", accept_terms=True), NoFetcher(), ReadHere(), NOWHERE)
    with pytest.raises(ConfigurationError, match=r"\+AbCdEf"):
        sources.source("https://t.me/+AbCdEf")
