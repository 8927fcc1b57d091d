"""The four pages, asked over real HTTP."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from shared import health
from shared.errors import ConfigurationError, Retry
from shared.health import Check, serve_health
from shared.metrics import ITEMS
from shared.settings import HttpSettings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def well() -> None:
    """All is well."""


async def away() -> None:
    raise Retry("database: cannot be reached")


@asynccontextmanager
async def pages(**checks: Check) -> AsyncIterator[httpx.AsyncClient]:
    settings = HttpSettings(port=free_port())
    address = f"http://127.0.0.1:{settings.port}"
    async with (
        serve_health(settings, "collector", checks),
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
    ):
        yield client


async def test_a_living_process_says_so_even_when_it_is_not_ready() -> None:
    async with pages(database=away) as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_ready_when_every_check_passes() -> None:
    async with pages(database=well, log=well) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "log": "ok"}}


async def test_not_ready_names_the_check_and_the_reason() -> None:
    async with pages(database=away, log=well) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": {"database": "database: cannot be reached", "log": "ok"}}


async def test_metrics_are_those_of_the_process() -> None:
    ITEMS.labels("health-test", "done").inc()
    async with pages() as client:
        answer = await client.get("/metrics")
    assert 'claimwatch_items_total{stage="health-test",status="done"} 1.0' in answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")


async def test_the_version_names_the_service() -> None:
    async with pages() as client:
        assert (await client.get("/version")).json()["service"] == "collector"


async def test_port_nought_means_no_listener() -> None:
    async with serve_health(HttpSettings(port=0), "collector", {}):
        pass


async def test_a_taken_port_is_refused_with_the_fix() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match=r"http\.port: cannot listen on 127\.0\.0\.1:\d+: Address already"):
            async with serve_health(HttpSettings(port=taken.getsockname()[1]), "collector", {}):
                pass


def test_a_probe_waits_longer_than_a_check() -> None:
    assert health.PATIENCE < 5
