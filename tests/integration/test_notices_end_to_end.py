"""A source that falls ill, from the collector over the topic of notices to an operator's webhook, on either log."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.alerter import app as alerter
from services.alerter.settings import AlerterSettings
from services.alerter.subscriptions import Subscription
from services.collector import app as collector
from services.collector.settings import CollectorSettings, HealthSettings
from shared import codec
from shared.clock import SystemClock
from shared.database import create_engine
from shared.eventlog.opening import create_topics, open_log
from shared.migrations import upgrade
from shared.notices import Notice
from shared.runtime import Runtime
from shared.topics import NOTICES, TOPICS
from tests.support.collecting import feed_source, item, rss
from tests.support.http_receiver import HttpReceiver, Reply
from tests.support.web_server import Page, WebServer

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@asynccontextmanager
async def runtime(log_url: str, folder: Path, client: str) -> AsyncIterator[Runtime]:
    """Give a service what it would have in a process of its own."""
    engine, log = create_engine(f"sqlite:///{folder}/state.db"), await open_log(log_url, client=client)
    try:
        yield Runtime(log, engine, SystemClock())
    finally:
        await log.close()
        await engine.dispose()


@asynccontextmanager
async def collecting_and_alerting(
    log_url: str, folder: Path, collecting: CollectorSettings, alerting: AlerterSettings
) -> AsyncIterator[None]:
    await upgrade(f"sqlite:///{folder}/state.db")
    await create_topics(log_url, TOPICS)
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(runtime(log_url, folder, name)) for name in ("collector", "alerter")
        ]
        running = [
            asyncio.create_task(collector.run(one, collecting)),
            asyncio.create_task(alerter.run(other, alerting)),
        ]
        try:
            yield
        finally:
            one.stop.set()
            other.stop.set()
            await asyncio.gather(*running)


async def on_the_topic(log_url: str, subjects: set[str]) -> list[Notice]:
    """Return the notices of *subjects* in the order of the log."""
    log, found = await open_log(log_url, client="test"), []
    async with log.subscribe(NOTICES.name, f"reader-{uuid.uuid4().hex}") as subscription:
        records = aiter(subscription)
        while sum(lag.records for lag in await subscription.lag()):
            record = await anext(records)
            notice = codec.decode(Notice, record.value, record.headers)
            found += [notice] if notice.subject in subjects else []
            await subscription.commit(record)
    await log.close()
    return sorted(found, key=lambda one: one.at)


def once_an_hour(last: timedelta) -> str:
    """Return a feed that had something to say every hour, the last time so long ago."""
    moments = (datetime.now(UTC) - last - timedelta(hours=hour) for hour in range(200))
    return rss(*(item(f"i{m:%d%H}", f"Item of {m:%d %H}", date=f"{m:%a, %d %b %Y %H:%M:%S GMT}") for m in moments))


@pytest.mark.timeout(180)
async def test_an_operator_hears_once_of_each_problem_and_of_its_end(log_url: str, tmp_path: Path) -> None:
    silent, blocked = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("silent", "blocked"))
    async with WebServer() as web, HttpReceiver() as receiver:
        web.serve("/silent", once_an_hour(timedelta(hours=12)))
        web.serve("/blocked", Page(b"", 403))
        receiver.answer_next(Reply(503, {"Retry-After": "1"}))
        collecting = CollectorSettings(
            sources=(
                feed_source(web.url("/silent"), silent, interval=600, ceiling=600),
                feed_source(web.url("/blocked"), blocked, interval=1, ceiling=1),
            ),
            spread=0,
            health=HealthSettings(every=1, blocked_after=0),
        )
        operators = {"name": "operators", "channel": "webhook", "kinds": ["source-health"], "secrets": [KEY]}
        own = {"url": receiver.url, "allow_private": True, "sources": [silent, blocked]}
        alerting = AlerterSettings(subscriptions=(Subscription.model_validate(operators | own),))
        async with collecting_and_alerting(log_url, tmp_path, collecting, alerting), asyncio.timeout(150):
            await receiver.until(3)  # the first is refused, and comes again
            web.serve("/blocked", once_an_hour(timedelta(minutes=1)))
            await receiver.until(4)
    posts = receiver.requests
    assert all(post.is_signed_with(KEY) for post in posts)
    told = {post.headers["webhook-id"]: post.event["data"] for post in posts}
    assert len(told) == 3
    assert {(one["subject"], one["state"]) for one in told.values()} == {
        (silent, "raised"),
        (blocked, "raised"),
        (blocked, "over"),
    }
    assert "HTTP 403" in next(one["summary"] for one in told.values() if one["subject"] == blocked)
    assert sorted(one.id for one in await on_the_topic(log_url, {silent, blocked})) == sorted(
        one["id"] for one in told.values()
    )
