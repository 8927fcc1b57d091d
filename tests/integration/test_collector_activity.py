"""A source that speaks of an open incident is looked at at its floor, as the topic ``incidents`` tells it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from services.collector.app import run
from services.collector.settings import CollectorSettings
from services.collector.state import State
from shared.clock import SystemClock
from shared.database import create_engine
from shared.eventlog.opening import create_topics, open_log
from shared.messages import Claim, Incident, SourceRef, Statement
from shared.migrations import upgrade
from shared.runtime import Runtime
from shared.stage import publish
from shared.topics import INCIDENTS, TOPICS
from tests.support.collecting import feed_source, item, rss
from tests.support.web_server import WebServer


@asynccontextmanager
async def collector(log_url: str, folder: Path, settings: CollectorSettings) -> AsyncIterator[Runtime]:
    """Run the collector in real time; the database is kept in *folder*."""
    database = f"sqlite:///{folder}/state.db"
    await upgrade(database)
    await create_topics(log_url, TOPICS)
    engine, log = create_engine(database), await open_log(log_url, client="test")
    runtime = Runtime(log, engine, SystemClock())
    running = asyncio.create_task(run(runtime, settings))
    try:
        yield runtime
    finally:
        runtime.stop.set()
        await running
        await log.close()
        await engine.dispose()


def incident(source: str, now: datetime) -> Incident:
    claim = Claim(id="c", outcome="killed", force="RU", stance="reported", evidence="one killed", start=0, end=10)
    ref = SourceRef(id=source, name=source, kind="rss")
    said = Statement(claim=claim, item="i", version="v", source=ref, seen_at=now, voice=source)
    return Incident(
        id=str(uuid.uuid4()), revision=1, headline="h", first_seen_at=now, last_seen_at=now, statements=(said,)
    )


async def test_a_source_is_followed_at_once_while_it_speaks_of_an_incident(log_url: str, tmp_path: Path) -> None:
    active, other = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("active", "other"))
    async with WebServer() as web:
        for path in ("/active", "/other"):
            web.serve(path, rss(item("a", "One")))
        sources = tuple(
            feed_source(web.url(path), name, interval=600, floor=1)
            for path, name in (("/active", active), ("/other", other))
        )
        settings = CollectorSettings(sources=sources, spread=0)
        async with collector(log_url, tmp_path, settings) as runtime:
            await web.wait_for("/active", 1)
            await publish(
                runtime.log, INCIDENTS, incident(active, runtime.clock.now()), source="test", time=runtime.clock.now()
            )
            async with asyncio.timeout(45):
                await web.wait_for("/active", 4)
        waits = [
            later.at - earlier.at
            for earlier, later in zip(web.requests_to("/active"), web.requests_to("/active")[1:], strict=False)
        ]
        assert min(waits[1:]) >= 0.89, "a look before its floor"
        assert len(web.requests_to("/other")) == 1


async def test_activity_that_another_collector_wrote_down_is_known_after_a_start(tmp_path: Path) -> None:
    async with WebServer() as web:
        web.serve("/feed", rss(item("a", "One")))
        settings = CollectorSettings(sources=(feed_source(web.url("/feed"), interval=600, floor=1),), spread=0)
        url = f"sqlite:///{tmp_path}/log.db"
        async with collector(url, tmp_path, settings) as runtime:
            await web.wait_for("/feed", 1)
            while not (await State(runtime.engine).load("feed")).last_ok_at:  # noqa: ASYNC110 - a database
                await asyncio.sleep(0.02)
            await State(runtime.engine).activate({"feed": runtime.clock.now() + timedelta(hours=1)})
        async with collector(url, tmp_path, settings):
            async with asyncio.timeout(20):
                await web.wait_for("/feed", 3)


async def test_old_incidents_make_nobody_active(tmp_path: Path) -> None:
    async with WebServer() as web:
        web.serve("/feed", rss(item("a", "One")))
        settings = CollectorSettings(sources=(feed_source(web.url("/feed"), interval=600, floor=1),), spread=0)
        async with collector(f"sqlite:///{tmp_path}/log.db", tmp_path, settings) as runtime:
            await web.wait_for("/feed", 1)
            now = runtime.clock.now()
            for old in (incident("feed", now - timedelta(hours=4)), incident("another-collectors", now)):
                await publish(runtime.log, INCIDENTS, old, source="test", time=now)
            for _ in range(500):
                if active := await State(runtime.engine).activities(now):
                    break
                await asyncio.sleep(0.02)
            assert set(active) == {"another-collectors"}, "which may be looked at elsewhere"
        assert len(web.requests) == 1
