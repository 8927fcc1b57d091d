"""``replay``, ``evaluate`` and ``explain`` with a second reader, which is a server on loopback here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from tests.support.command import claimwatch
from tests.support.second_reader import KEY, answered, completion
from tests.support.web_server import Page, WebServer

TEXT = (
    "Four officers of the Russian army were killed by mortar fire near Palmyra, the Russian defence ministry said. "
    "The barracks laid seven plates too many, a source in the hospital adds."
)
SEVEN = "The barracks laid seven plates too many, a source in the hospital adds."
DOCUMENT = json.dumps(
    {
        "id": "1",
        "source": {"id": "agency", "name": "Agency", "kind": "rss"},
        "title": None,
        "text": TEXT,
        "published_at": "2016-02-02T00:00:00Z",
    }
)
PREFIX = "CLAIMWATCH_CLASSIFIER__SECOND_READER__"


@pytest.fixture
async def endpoint() -> AsyncIterator[WebServer]:
    async with WebServer() as web:
        claim = answered(evidence=SEVEN, min=7, max=7, attributed_to="a source in the hospital", place=None, date=None)
        web.serve("/v1/chat/completions", Page(completion(claim), content_type="application/json"))
        yield web


def switched_on(web: WebServer) -> dict[str, str]:
    wanted = {"ENABLED": "true", "BASE_URL": web.url("/v1"), "MODEL": "tiny", "UNSURE": "1.0", "API_KEY": KEY}
    return {PREFIX + name: value for name, value in wanted.items()}


async def run(folder: Path, variables: Mapping[str, str], *arguments: str) -> str:
    """Run the command beside the server, and return what it prints."""
    done = await asyncio.to_thread(claimwatch, *arguments, directory=folder, stdin=DOCUMENT, variables=variables)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    return done.stdout


async def test_a_replay_asks_as_the_product_would(endpoint: WebServer, tmp_path: Path) -> None:
    variables = switched_on(endpoint)
    (result,) = map(json.loads, (await run(tmp_path, variables, "replay", "-", "-o", "-")).splitlines())
    assert {(claim["min"], claim["evidence"]) for claim in result["claims"]} >= {(7, SEVEN)}
    assert result["reasons"][-1] == "second reader tiny: 1 added"
    await run(tmp_path, variables, "replay", "-", "-o", "-")
    assert len(endpoint.requests) == 1


async def test_a_replay_of_labels_asks_nobody(endpoint: WebServer, tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text('{"id": "1", "relevant": true, "claims": []}')
    await run(tmp_path, switched_on(endpoint), "replay", "-", "-o", "-", "--claims", "gold.jsonl")
    assert endpoint.requests == []


async def test_an_evaluation_measures_what_the_second_reader_adds(endpoint: WebServer, tmp_path: Path) -> None:
    claims = [
        {"outcome": "killed", "min": 4, "max": 4, "force": "RU", "stance": "confirmed", "incident": "x"},
        {"outcome": "killed", "min": 7, "max": 7, "force": "RU", "stance": "alleged", "incident": "x"},
    ]
    (tmp_path / "d.jsonl").write_text(DOCUMENT)
    (tmp_path / "g.jsonl").write_text(json.dumps({"id": "1", "relevant": True, "claims": claims}))
    command = ("evaluate", "--docs", "d.jsonl", "--gold", "g.jsonl", "--json")
    alone = json.loads(await run(tmp_path, {}, *command))
    together = json.loads(await run(tmp_path, switched_on(endpoint), *command))
    assert together["strict"]["f1"] > alone["strict"]["f1"]


async def test_explain_says_who_read_a_claim(endpoint: WebServer, tmp_path: Path) -> None:
    told = await run(tmp_path, switched_on(endpoint), "explain", "-", "--date", "2016-02-02")
    assert "because second reader tiny: 1 added" in told
    assert "read by  second:tiny:" in told
