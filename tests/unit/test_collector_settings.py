"""What an operator may write about sources, and what is refused with the fix."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.collector.app import chosen_sources
from services.collector.settings import CollectorSettings
from shared.errors import ConfigurationError

FEED = {"id": "tass", "name": "TASS", "url": "https://tass.example/rss"}
CHANNEL = {"id": "ch", "name": "Channel", "kind": "telegram", "channel": "channel"}
PREVIEW = {"mode": "preview", "accept_terms": True}


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"sources": [FEED, FEED]}, "collector.sources.tass"),
        ({"sources": [FEED | {"kind": "telegram"}]}, "collector.sources.tass.channel"),
        ({"sources": [{"id": "a", "name": "A"}]}, "collector.sources.a.url"),
        ({"sources": [CHANNEL | {"url": "https://t.me/x"}], "telegram": PREVIEW}, "collector.sources.ch.url"),
        ({"sources": [CHANNEL]}, "collector.telegram.mode"),
        ({"sources": [CHANNEL | {"via": "account"}], "telegram": PREVIEW}, "collector.telegram.mode"),
        ({"sources": [FEED | {"via": "preview"}]}, "collector.sources.tass.via"),
        ({"sources": [FEED | {"url": "tass.example/rss"}]}, "collector.sources.tass.url"),
        ({"sources": [FEED | {"url": "file:///etc/passwd"}]}, "collector.sources.tass.url"),
        ({"sources": [FEED | {"url": "http://[bad"}]}, "collector.sources.tass.url"),
        ({"sources": [FEED | {"url": f"https://{'ö' * 90}.example/"}]}, "collector.sources.tass.url"),
        ({"sources": [FEED | {"url": "https://tass.example/\x01"}]}, "collector.sources.tass.url"),
        ({"sources": [FEED | {"url": "https://me:secret@tass.example/rss"}]}, "collector.sources.tass.url"),
        ({"contact": "me\r\nX-Header: 1"}, "collector.contact"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(values: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        CollectorSettings.model_validate(values)
    assert refused.value.key == key
    assert refused.value.fix
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "values", [{"id": "With Space"}, {"side": "XXX"}, {"interval": 0}, {"interval": "inf"}, {"colour": "red"}]
)
def test_wrong_values_and_unknown_keys_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CollectorSettings.model_validate({"sources": [FEED | values]})


def test_without_sources_the_catalogue_is_read_but_no_channel_before_a_mode_is_chosen() -> None:
    assert {one.kind for one in chosen_sources(CollectorSettings())} == {"rss"}
    chosen = chosen_sources(CollectorSettings.model_validate({"telegram": PREVIEW}))
    assert {one.kind for one in chosen} == {"rss", "telegram"}
    own = CollectorSettings.model_validate({"sources": [FEED]})
    assert [one.id for one in chosen_sources(own)] == ["tass"]
