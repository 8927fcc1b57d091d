"""The classifier as a whole with a second reader: wired in when it is switched on, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.classifier import app
from services.classifier.settings import ClassifierSettings
from services.configuration import Configuration
from services.preparation import prepared
from shared.errors import ConfigurationError
from shared.messages import RawItem, TaggedItem
from shared.stage import publish
from shared.topics import RAW, TAGGED
from tests.support.reader import item, shared_reader
from tests.support.second_reader import NOW, answered, completion, settings
from tests.support.web_server import Page, WebServer

TEXT = (
    "Four Russian soldiers were killed by shelling near Palmyra on Monday, the Russian Defence Ministry said. "
    "The barracks laid seven plates too many, a source in the hospital adds."
)
SEVEN = "The barracks laid seven plates too many, a source in the hospital adds."
"""A figure of speech that no lexicon has."""


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


def raw(number: int) -> RawItem:
    return item(TEXT, when=NOW).model_copy(update={"id": f"v-{number}", "item": f"i-{number}"})


async def classified(folder: Path, wanted: ClassifierSettings, *items: RawItem) -> list[TaggedItem]:
    """Return what a running classifier makes of *items*, in their order."""
    files = {"log": f"sqlite:///{folder / 'log.db'}", "database": f"sqlite:///{folder / 'claims.db'}"}
    stop = asyncio.Event()
    async with prepared(Configuration.model_validate(files), name="test", stop=stop, embedded=True) as runtime:
        for one in items:
            await publish(runtime.log, RAW, one, source="test", time=NOW)
        running = asyncio.create_task(app.run(runtime, wanted))
        said: dict[str, TaggedItem] = {}
        while len(said) < len(items) and not running.done():
            records = [record async for record in runtime.log.read(TAGGED.name)]
            tagged = [TaggedItem.model_validate_json(record.value) for record in records]
            said = {one.item.id: one for one in tagged}
            await asyncio.sleep(0.05)
        stop.set()
        await running
    return [said[one.id] for one in items]


def everything_is_doubtful(web: WebServer, folder: Path, **second: Any) -> ClassifierSettings:
    given = {"base_url": web.url("/v1"), "cache": str(folder / "second.db"), "unsure": 1.0, **second}
    return settings(**given)


async def test_a_claim_that_only_the_second_reader_finds_is_said(web: WebServer, tmp_path: Path) -> None:
    claim = answered(evidence=SEVEN, min=7, max=7, attributed_to="a source in the hospital", place=None, date=None)
    web.serve("/v1/chat/completions", Page(completion(claim), content_type="application/json"))
    (tagged,) = await classified(tmp_path, everything_is_doubtful(web, tmp_path), raw(1))
    (found,) = [one for one in tagged.claims if one.reader]
    assert (found.evidence, found.min, found.max, found.outcome) == (SEVEN, 7, 7, "killed")
    assert any(one.reader is None for one in tagged.claims)
    assert tagged.reasons[-1].startswith("second reader tiny: ")


async def test_an_endpoint_that_is_down_or_silent_loses_no_item(web: WebServer, tmp_path: Path) -> None:
    silent = Page(b"", content_type="application/json", delay=60)
    web.serve("/v1/chat/completions", Page(b"", 500), silent, Page(b"no", 200), silent)
    wanted = everything_is_doubtful(web, tmp_path, timeout=0.5, failures=3)
    items = [raw(number) for number in range(30)]
    tagged = await asyncio.wait_for(classified(tmp_path, wanted, *items), 100)
    alone = shared_reader().read(raw(0))
    assert alone.claims
    assert all(len(one.claims) == len(alone.claims) and one.relevant for one in tagged)
    assert len(web.requests) < 10


async def test_as_shipped_nothing_is_asked(web: WebServer, tmp_path: Path) -> None:
    off = everything_is_doubtful(web, tmp_path, enabled=False)
    (tagged,) = await classified(tmp_path, off, raw(1))
    assert tagged.relevant
    assert web.requests == []
    assert not (tmp_path / "second.db").exists()


async def test_a_file_that_cannot_be_made_is_refused_at_start(web: WebServer, tmp_path: Path) -> None:
    wanted = everything_is_doubtful(web, tmp_path, cache=str(tmp_path / "missing" / "second.db"))
    with pytest.raises(ConfigurationError, match="Name a file that can be written") as refused:
        await classified(tmp_path, wanted, raw(1))
    assert refused.value.key == "classifier.second_reader.cache"
