from __future__ import annotations

from typing import Any

import pytest

from services.alerter.subscriptions import Subscription, greatest, matches
from shared.errors import ConfigurationError
from shared.messages import Alert, SourceRef, Statement
from tests.support.alerts import alert, conflict, incident, statement

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def wants(**filters: Any) -> Subscription:
    return Subscription(name="s", channel="console", **filters)


def of(*statements: Statement, **fields: Any) -> Alert:
    return alert(*statements, **fields)


def test_an_empty_subscription_hears_everything() -> None:
    assert matches(wants(), of(statement()))


@pytest.mark.parametrize(
    ("filters", "heard"),
    [
        ({"kinds": ("conflict", "new")}, True),
        ({"kinds": ("conflict",)}, False),
        ({"forces": ("TR", "RU")}, True),
        ({"forces": ("TR",)}, False),
        ({"outcomes": ("killed",)}, True),
        ({"outcomes": ("wounded",)}, False),
        ({"governorates": ("Latakia",)}, True),
        ({"governorates": ("Homs",)}, False),
        ({"sources": ("example",)}, True),
        ({"sources": ("other",)}, False),
        ({"languages": ("en", "ru")}, True),
        ({"languages": ("ar",)}, False),
        ({"minimum": 3}, True),
        ({"minimum": 4}, False),
        ({"forces": ("RU",), "governorates": ("Homs",)}, False),
    ],
)
def test_each_filter_says_what_is_heard(filters: dict[str, Any], heard: bool) -> None:  # noqa: FBT001
    assert matches(wants(**filters), of(statement(number=3))) is heard


def test_filters_are_asked_of_one_statement() -> None:
    one, ten = statement(number=1), statement(number=10, force="SY")
    assert not matches(wants(forces=("RU",), minimum=4), of(one, ten))
    assert matches(wants(forces=("SY",), minimum=4), of(one, ten))


def test_the_other_side_of_a_conflict_counts() -> None:
    four_against_one = conflict().alert
    assert matches(wants(minimum=4), four_against_one)
    assert matches(wants(sources=("kanal",)), four_against_one)
    assert not matches(wants(sources=("kanal",), languages=("en",)), four_against_one)


def test_a_statement_without_place_or_number_stands_for_those_of_its_incident() -> None:
    denial = statement(stance="denied", min=None, max=None, place=None, governorate=None)
    about = incident(statement(number=4))
    assert not matches(wants(minimum=4), of(denial, about=about))
    assert matches(wants(minimum=4, governorates=("Latakia",)), of(denial, about=about), about)
    assert not matches(wants(minimum=5), of(denial, about=about), about)


@pytest.mark.parametrize(
    ("low", "high", "number"), [(4, 4, 4), (1, 4, 4), (4, None, 4), (None, 30, 30), (None, None, 0)]
)
def test_the_greatest_figure_claimed(low: int | None, high: int | None, number: int) -> None:
    assert greatest(statement(min=low, max=high)) == number


def test_a_source_without_a_language_is_in_none() -> None:
    silent = statement(source=SourceRef(id="x", name="X", kind="rss"))
    assert not matches(wants(languages=("en",)), of(silent))


@pytest.mark.parametrize(
    ("fields", "key", "told"),
    [
        ({"channel": "email"}, "to", 'is needed when channel = "email"'),
        ({"channel": "slack"}, "channel_id", 'is needed when channel = "slack"'),
        ({"channel": "slack-webhook"}, "url", "hooks.slack.com"),
        ({"channel": "webhook"}, "url", "receiver.example.org"),
        ({"channel": "console", "to": ("a@b.c",)}, "to", 'means nothing when channel = "console"'),
        ({"channel": "email", "to": ("a@b.c",), "url": "https://x.example"}, "url", '"slack-webhook" or "webhook"'),
        ({"channel": "email", "to": ("a@b.c", "nobody")}, "to[1]", "is no e-mail address"),
        ({"channel": "email", "to": ("a@b.c\r\nBcc: d@e.f",)}, "to[0]", "is no e-mail address"),
        ({"channel": "webhook", "url": "ftp://hidden.example"}, "url", "is no web address"),
        ({"channel": "slack-webhook", "url": "http://hooks.slack.com/hidden"}, "url", "Write https://HOST/PATH"),
        ({"channel": "webhook", "url": "https://user:hidden@x.example"}, "url", "without user or password"),
        ({"channel": "webhook", "url": "https://x.example", "secrets": ("hidden",)}, "secrets[0]", "openssl rand"),
        (
            {"channel": "webhook", "url": "https://x.example", "secrets": (KEY, "whsec_aGlkZGVu")},
            "secrets[1]",
            "6 bytes",
        ),
    ],
)
def test_a_wrong_combination_names_its_key_and_the_fix(fields: dict[str, Any], key: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Subscription(name="s", **fields)
    assert caught.value.key == key
    assert told in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_an_address_is_never_shown() -> None:
    made = Subscription(name="s", channel="slack-webhook", url="https://hooks.slack.com/services/hidden")  # type: ignore[arg-type]
    assert "hidden" not in repr(made) + str(made.model_dump()) + made.model_dump_json()
