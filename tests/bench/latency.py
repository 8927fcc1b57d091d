"""From ``append`` to ``items.raw`` until the alert is at a mail server and at a webhook, embedded and on Kafka.

The yardsticks: the same bytes through three bare hops of the same log, plus one bare sending to the same receiver.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import aiosmtplib
import httpx

from services.configuration import Configuration
from services.demo.showing import CENTURY_DAYS
from services.pipeline import load_service, supervise
from services.preparation import prepared
from shared.clock import SystemClock
from shared.codec import encode
from shared.eventlog import EventLog
from shared.eventlog.opening import create_topics, open_log
from shared.messages import RawItem
from shared.stage import publish
from shared.topics import RAW
from tests.bench.figures import Figure, spread
from tests.bench.items import made_up
from tests.support.http_receiver import HttpReceiver
from tests.support.kafka_broker import KafkaBroker
from tests.support.postgres_server import PostgresServer
from tests.support.processes import prepare, services, write_configuration
from tests.support.smtp_server import SmtpServer

WARM_UP = 10
RATE = 10.0
"""Items a second: what a few hundred busy sources give in their worst minute."""
LOST = 60.0
"""Seconds after which an alert that has not come is missing."""
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
HOPS = tuple(replace(RAW, name=f"bench.hop{number}") for number in range(3))


@dataclass
class Receivers:
    """A webhook and a mail server, and when each of their deliveries came in."""

    hook: HttpReceiver = field(default_factory=HttpReceiver)
    mail: SmtpServer = field(default_factory=SmtpServer)
    hook_times: list[float] = field(default_factory=list)
    mail_times: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with self.hook, self.mail:
            watching = [
                asyncio.create_task(_clock_in(self.hook.until, self.hook_times)),
                asyncio.create_task(_clock_in(self.mail.until, self.mail_times)),
            ]
            try:
                yield
            finally:
                for task in watching:
                    task.cancel()
                await asyncio.gather(*watching, return_exceptions=True)

    def arrivals(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return when the first post and the first mail about each item came in."""
        posts: dict[str, float] = {}
        item_of: dict[str, str] = {}
        for request, moment in zip(self.hook.requests, self.hook_times, strict=False):
            alert = request.event["data"]["alert"]
            item_of.setdefault(alert["incident"], alert["item"])
            posts.setdefault(alert["item"], moment)
        mails: dict[str, float] = {}
        for mail, moment in zip(self.mail.messages, self.mail_times, strict=False):
            incident = str(mail.message["X-Claimwatch-Incident"])
            if incident in item_of:
                mails.setdefault(item_of[incident], moment)
        return posts, mails

    def settings(self, log: str, database: str) -> dict[str, Any]:
        """Return a configuration that tells both receivers everything."""
        return {
            "log": log,
            "database": database,
            "logging": {"level": "warning"},
            "alerter": {
                "bundling": {"window": 0, "storm_limit": 0},
                "subscriptions": [
                    {
                        "name": "hook", "channel": "webhook", "url": self.hook.url, "secrets": [KEY],
                        "allow_private": True,
                    },
                    {"name": "mail", "channel": "email", "to": ["analyst@example.org"]},
                ],
                "smtp": {
                    "host": self.mail.host, "port": self.mail.port, "security": "none", "sender": "bench@example.org",
                    "per_minute": 6000,
                },
                "policy": {"old_after_days": CENTURY_DAYS, "backfill_after_hours": 24 * CENTURY_DAYS},
            },
        }  # fmt: skip


async def embedded(folder: Path, count: int) -> list[Figure]:
    """Measure with everything in this process, on SQLite: the log wakes its readers."""
    receivers = Receivers()
    log, database = f"sqlite:///{folder / 'log.db'}", f"sqlite:///{folder / 'claimwatch.db'}"
    async with receivers.open():
        settings = Configuration.model_validate(receivers.settings(log, database))
        stop = asyncio.Event()
        async with prepared(settings, name="bench", stop=stop, embedded=True) as runtime:
            both = [load_service("classifier", settings), load_service("alerter", settings)]
            running = asyncio.create_task(supervise(both, runtime))
            try:
                sent = await _send(runtime.log, count, receivers, running)
            finally:
                runtime.stop.set()
                await running
            hops = await _three_hops(runtime.log, log, count)
        return await _figures("latency, embedded (SQLite)", sent, receivers, hops)


async def on_kafka(folder: Path, count: int, broker: KafkaBroker, server: PostgresServer) -> list[Figure]:
    """Measure with classifier and alerter in processes of their own, on Kafka and PostgreSQL."""
    receivers = Receivers()
    url, database = f"kafka://{broker.bootstrap}", await server.create_database()
    async with receivers.open():
        config = write_configuration(folder / "bench.toml", receivers.settings(url, database))
        await asyncio.to_thread(prepare, config)
        log = await open_log(url, client="bench")
        try:
            with services("classify", "alert", directory=folder, config=config) as running:
                sent = await _send(log, count, receivers, None)
                for service in running.values():
                    service.check()
            hops = await _three_hops(log, url, count)
        finally:
            await log.close()
        return await _figures("latency, three processes (Kafka, PostgreSQL)", sent, receivers, hops)


async def _send(
    log: EventLog, count: int, receivers: Receivers, running: asyncio.Task[None] | None
) -> dict[str, float]:
    """Append *count* items after a warm-up, evenly; return when each was handed to ``append``, once all have come."""
    sent: dict[str, float] = {}
    items = list(made_up(WARM_UP + count))
    for item in items[:WARM_UP]:
        await _append(log, item, {})
        await _until(lambda one=item.item: one in receivers.arrivals()[0], "the warm-up", running)  # type: ignore[misc]
    for item in items[WARM_UP:]:
        await _append(log, item, sent)
        await asyncio.sleep(1 / RATE)

    def all_came() -> bool:
        return all(sent.keys() <= came.keys() for came in receivers.arrivals())

    await _until(all_came, "an alert for every item, by post and by mail", running)
    return sent


async def _append(log: EventLog, item: RawItem, sent: dict[str, float]) -> None:
    sent[item.item] = perf_counter()
    await publish(log, RAW, item, source="bench", time=SystemClock().now())


async def _until(condition: Callable[[], bool], what: str, running: asyncio.Task[None] | None) -> None:
    async with asyncio.timeout(LOST):
        while not condition():
            if running is not None and running.done():
                running.result()
                raise RuntimeError(f"the services ended while waiting for {what}")
            await asyncio.sleep(0.2)


async def _three_hops(log: EventLog, url: str, count: int) -> list[float]:
    """Time the same bytes through three bare hops: append, read, append, read, append, read."""
    await create_topics(url, HOPS)
    took: list[float] = []
    starts: dict[str, float] = {}
    tasks = [asyncio.create_task(_pass_on(log, number, starts, took)) for number in range(3)]
    try:
        for item in made_up(WARM_UP + count):
            value, headers = encode(item, source="bench", time=SystemClock().now())
            starts[item.item] = perf_counter()
            await log.append(HOPS[0].name, item.item, value, headers)
            await asyncio.sleep(1 / RATE)
        await _until(lambda: len(took) == len(starts), "every record has come through", None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return took[WARM_UP:]


async def _pass_on(log: EventLog, number: int, starts: Mapping[str, float], took: list[float]) -> None:
    async with log.subscribe(HOPS[number].name, "bench") as subscription:
        async for record in subscription:
            if number + 1 < len(HOPS):
                await log.append(HOPS[number + 1].name, record.key, record.value, record.headers)
            else:
                took.append(perf_counter() - starts[record.key])
            await subscription.commit(record)


async def _figures(group: str, sent: Mapping[str, float], receivers: Receivers, hops: Sequence[float]) -> list[Figure]:
    arrivals = receivers.arrivals()
    bare = {"webhook": await _bare_posts(receivers), "mail server": await _bare_mails(receivers)}
    three = spread(hops)
    found = []
    for (name, sending), came in zip(bare.items(), arrivals, strict=True):
        alert = spread([came[item] - moment for item, moment in sent.items()])
        what = f"append until at the {name}"
        told = f"three bare hops ({three.median:.1f} ms) and one bare sending ({spread(sending).median:.1f} ms), {{}}"
        found += [
            Figure(group, f"{what}, median of {alert.count}", alert.median, "ms",
                   three.median + spread(sending).median, told.format("median")),
            Figure(group, f"{what}, 99th percentile", alert.p99, "ms",
                   three.p99 + spread(sending).p99, "the same, 99th percentile"),
        ]  # fmt: skip
    return found


async def _bare_posts(receivers: Receivers, count: int = 50) -> list[float]:
    """Time bare posts of one body over one connection, each until the receiver has it."""
    body = receivers.hook.requests[-1].body
    took = []
    async with httpx.AsyncClient() as client:
        for _ in range(count):
            started, before = perf_counter(), len(receivers.hook.requests)
            await client.post(receivers.hook.url, content=body)
            await receivers.hook.until(before + 1)
            took.append(receivers.hook_times[-1] - started)
    return took[1:]


async def _bare_mails(receivers: Receivers, count: int = 50) -> list[float]:
    """Time bare mails, each over a connection of its own, until the server has it."""
    raw = receivers.mail.messages[-1].raw
    took = []
    for _ in range(count):
        started, before = perf_counter(), len(receivers.mail.messages)
        async with aiosmtplib.SMTP(hostname=receivers.mail.host, port=receivers.mail.port, start_tls=False) as server:
            await server.sendmail("bench@example.org", ["analyst@example.org"], raw)
            await receivers.mail.until(before + 1)
            took.append(receivers.mail_times[-1] - started)
    return took[1:]


async def _clock_in(until: Callable[[int], Any], times: list[float]) -> None:
    """Note when each delivery came in."""
    while True:
        await until(len(times) + 1)
        times.append(perf_counter())
