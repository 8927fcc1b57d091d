"""The shipped catalogue: every row a usable source, nothing twice, one owner on one side."""

from __future__ import annotations

from collections import Counter, defaultdict
from urllib.parse import urlsplit

import pytest

from services.collector.app import chosen_sources
from services.collector.catalogue import catalogue
from services.collector.settings import CollectorSettings, SourceSettings
from services.collector.sources.telegram.post import channel_name

SOURCES = catalogue()
READ = {"ar", "de", "en", "es", "fr", "it", "pt", "ru", "tr", "uk"}


def repeated(values: list[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def test_nothing_stands_there_twice() -> None:
    assert repeated([one.id for one in SOURCES]) == []
    assert repeated([one.name for one in SOURCES if one.kind != "telegram"]) == []
    assert repeated([one.url.rstrip("/").lower() for one in SOURCES if one.url]) == []
    assert repeated([one.channel.lower() for one in SOURCES if one.channel]) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.id)
def test_a_row_is_complete(source: SourceSettings) -> None:
    assert source.language in READ
    assert source.owner
    assert source.owner == source.owner.lower().strip()
    assert source.reliability in ("A", "B", "C", "D")
    assert not source.allow_private
    if source.kind == "telegram":
        assert channel_name(source.channel or "") == source.channel
        assert source.id.startswith("tg-")
    else:
        address = urlsplit(source.url or "")
        assert address.scheme == "https"
        assert not address.fragment
        assert source.country


def test_one_owner_has_one_country_and_takes_one_side() -> None:
    """Owners are voices: an outlet and its channel, or its Arabic edition, must not count twice or differ in side."""
    sides: defaultdict[str, set[str | None]] = defaultdict(set)
    for one in SOURCES:
        sides[one.owner or ""].add(one.side)
    assert {owner for owner, found in sides.items() if len(found) > 1} == set()


def test_every_party_to_the_war_and_those_who_watch_it_are_heard() -> None:
    assert {"RU", "SY", "TR", "IR", "IL", "US", "SDF", "OPP"} <= {one.side for one in SOURCES}
    assert {"en", "ru", "ar", "tr", "uk"} <= {one.language for one in SOURCES}
    assert {"RU", "SY", "TR", "QA", "IR", "IL", "UA", "GB", "US"} <= {one.country for one in SOURCES}
    assert {"sohr", "snhr", "airwars", "liveuamap"} <= {one.owner for one in SOURCES}


def test_the_catalogue_is_read_beside_own_sources_when_wanted() -> None:
    own = SourceSettings(id="sana-en", name="My SANA", url="https://mine.example/feed")
    moved = SourceSettings(id="mine", name="TASS again", url="https://tass.com/rss/v2.xml")
    shipped = len([one for one in SOURCES if one.kind != "telegram"])
    assert len(chosen_sources(CollectorSettings())) == shipped
    assert chosen_sources(CollectorSettings(sources=(own,))) == (own,)
    assert chosen_sources(CollectorSettings(catalogue=False)) == ()
    both = chosen_sources(CollectorSettings(sources=(own, moved), catalogue=True))
    assert len(both) == shipped
    assert both[:2] == (own, moved)
    assert not {"tass-en"} & {one.id for one in both}
