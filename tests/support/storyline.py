"""The demo's storyline played to services in processes of their own, and everything that comes of it.

A step happens once the one before has been brought to its end, so that the same story gives the same alerts however the
services are spread, and however often they are killed on the way.
"""

from __future__ import annotations

import asyncio
import socket
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from services.alerter.outbox import Outbox
from services.alerter.store import Store
from services.demo.showing import configuration
from services.demo.site import Site, serving
from services.demo.storyline import recorded
from shared.database import create_engine
from shared.eventlog.opening import create_topics, open_log
from shared.messages import Alert, Incident, RawItem, TaggedItem
from shared.migrations import upgrade
from shared.topics import ALERTS, RAW, TAGGED, TOPICS, Topic
from tests.support.http_receiver import HttpReceiver, Received
from tests.support.processes import PATIENCE, Service, prepare, services, until, write_configuration
from tests.support.smtp_server import Mail, SmtpServer

SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
RECEIVER = "analyst@example.org"
SETTLING = 120.0
"""Seconds for the last delivery: what was under way when its process was killed waits for its lease to run out."""


@dataclass
class Place:
    """Where a run keeps its log and its database, and which services it consists of."""

    directory: Path
    log: str
    database: str
    names: tuple[str, ...]
    site_port: int
    http_port: int = 0
    """Needed by a run that nothing is expected of yet, in one process: its own count says what it has handled."""

    @classmethod
    def in_files(cls, folder: Path, site_port: int, http_port: int = 0) -> Place:
        """Return a place for everything in one process, on files in *folder*."""
        log = f"sqlite:///{folder / 'log.db'}?lease=1"
        return cls(folder, log, f"sqlite:///{folder / 'claimwatch.db'}", ("run",), site_port, http_port)

    @property
    def embedded(self) -> bool:
        return self.names == ("run",)


@dataclass
class Outcome:
    """What one run of the storyline brought about; deliveries in the order of their arrival.

    ``altered`` are the ids of raw items that came once more and said something else.
    """

    raw: dict[str, RawItem] = field(default_factory=dict)
    altered: list[str] = field(default_factory=list)
    tagged: dict[str, TaggedItem] = field(default_factory=dict)
    said: dict[str, Alert] = field(default_factory=dict)
    handled: list[str] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    posts: list[Received] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    post_times: list[float] = field(default_factory=list)
    mail_times: list[float] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    @property
    def story(self) -> list[tuple[str, str, str, str]]:
        """Every alert in its order: id, kind, incident and summary."""
        return [(a.id, a.kind, a.incident, a.summary) for a in self.said.values()]

    @property
    def post_ids(self) -> list[str]:
        return [post.headers["webhook-id"] for post in self.posts]

    @property
    def mail_ids(self) -> list[str]:
        return [str(mail.message["Message-ID"]) for mail in self.mails]


@dataclass
class World:
    """A run under way."""

    place: Place
    site: Site
    running: Mapping[str, Service]
    receiver: HttpReceiver
    mail: SmtpServer
    store: Store
    outbox: Outbox
    outcome: Outcome = field(default_factory=Outcome)
    pace: Callable[[int, int], Awaitable[None]] = field(default=lambda _step, _steps: asyncio.sleep(0))
    """Awaited after each step, with its number and how many there are."""

    async def wait(
        self, condition: Callable[[], bool | Awaitable[bool]], what: str, patience: float = PATIENCE
    ) -> None:
        """Wait until *condition* holds; fail when a service ended by itself."""
        await until(condition, what, running=self.running, patience=patience)

    async def play(self, expected: Outcome | None = None) -> Outcome:
        """Let one step happen after another; *expected* is an undisturbed run, which tells when a step has ended."""
        while await self.site.advance():
            await self._step_ended(expected)
            await self.pace(self.site.step, len(self.site.storyline.steps))
        return await self.finish()

    async def finish(self) -> Outcome:
        """Wait for the last delivery, and return what came of it all."""
        await self.wait(self._all_sent, "every delivery is recorded as sent", SETTLING)
        outcome = self.outcome
        outcome.alerts = (await self.store.alerts(1000))[::-1]
        outcome.incidents = sorted(await self.store.incidents(1000), key=lambda one: one.id)
        outcome.posts, outcome.mails = list(self.receiver.requests), list(self.mail.messages)
        for service in self.running.values():
            outcome.delivered += [e["delivery"] for e in service.events if e.get("event") == "alert delivered"]
        return outcome

    async def _step_ended(self, expected: Outcome | None) -> None:
        step, steps = self.site.step, len(self.site.storyline.steps)
        what = f"step {step} of {steps} ({self.site.storyline.steps[step - 1].key})"
        outcome = self.outcome
        await self.wait(lambda: len(outcome.raw) >= step, f"{what} is on items.raw")
        assert len(outcome.raw) == step, f"{what} published more than one version: {list(outcome.raw.values())[-2:]}"
        version = list(outcome.raw)[-1]
        await self.wait(lambda: version in outcome.tagged, f"{what} is on items.tagged")
        if expected is None:
            await self.wait(lambda: self._alerter_count() >= step, f"{what} is handled by the alerter")
        elif version in expected.handled:
            await self.wait(lambda: self.store.handled(version), f"{what} is in the ledger")
        if await self.store.handled(version):
            outcome.handled.append(version)

    def _alerter_count(self) -> float:
        """Return how many items the alerter has handled in its present life, by its own metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.place.http_port}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return sum(
            s.value
            for s in samples
            if s.name == "claimwatch_items_total" and s.labels["stage"] == "alerter" and s.labels["status"] == "handled"
        )

    async def _all_sent(self) -> bool:
        counts = await self.outbox.counts()
        assert not any(state in ("dead", "held") for _, state in counts), f"deliveries were given up: {counts}"
        return all(state == "sent" for _, state in counts)

    async def follow(self, url: str) -> None:
        """Keep what is said on the topics, first sight of each, in a group of its own."""
        log = await open_log(url, client="observer")
        try:
            async with asyncio.TaskGroup() as group:
                for topic, kept, altered in (
                    (RAW, self.outcome.raw, self.outcome.altered),
                    (TAGGED, self.outcome.tagged, []),
                    (ALERTS, self.outcome.said, []),
                ):
                    group.create_task(_keep(log, topic, kept, altered))
                group.create_task(_clock_in(self.receiver, self.outcome.post_times))
                group.create_task(_clock_in(self.mail, self.outcome.mail_times))
        finally:
            await log.close()


@asynccontextmanager
async def world(place: Place) -> AsyncIterator[World]:
    """Serve the storyline, start the receivers and the services of *place*, and watch until the block is left."""
    async with AsyncExitStack() as stack:
        site = Site(recorded())
        address = await stack.enter_async_context(serving(site, place.site_port))
        receiver = await stack.enter_async_context(HttpReceiver())
        mail = await stack.enter_async_context(SmtpServer())
        place.directory.mkdir(exist_ok=True)
        settings = _settings(place, address, site, receiver, mail)
        config = write_configuration(place.directory / "claimwatch.toml", settings)
        await _make_ready(place, config)
        engine = create_engine(place.database)
        stack.push_async_callback(engine.dispose)
        running = stack.enter_context(services(*place.names, directory=place.directory, config=config))
        made = World(place, site, running, receiver, mail, Store(engine), Outbox(engine))
        following = asyncio.create_task(made.follow(place.log))
        stack.push_async_callback(_end, following)
        yield made


def _settings(place: Place, address: str, site: Site, receiver: HttpReceiver, mail: SmtpServer) -> dict[str, Any]:
    tree = configuration(site.storyline, address, place.directory)
    tree["alerter"] |= {
        "subscriptions": [
            {
                "name": "desk",
                "channel": "webhook",
                "url": receiver.url,
                "allow_private": True,
                "secrets": [SIGNING_KEY],
            },
            {"name": "analyst", "channel": "email", "to": [RECEIVER]},
        ],
        "smtp": {"host": mail.host, "port": mail.port, "security": "none", "sender": "claimwatch <alerts@example.org>"},
    }
    return tree | {
        "log": place.log,
        "database": place.database,
        "logging": {"level": "info", "format": "json"},
        "http": {"port": place.http_port},
    }


async def _make_ready(place: Place, config: Path) -> None:
    """Give every run the same start: no topics of an earlier one, the database migrated."""
    if place.embedded:
        await upgrade(place.database)
        await create_topics(place.log, TOPICS)
        return
    await _forget_topics(place.log)
    await asyncio.to_thread(prepare, config)


async def _forget_topics(url: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=url.removeprefix("kafka://").partition("?")[0])
    await admin.start()
    try:
        found = set(await admin.list_topics())
        ours = [name for topic in TOPICS for name in (topic.name, topic.dead_letters) if name in found]
        if ours:
            await admin.delete_topics(ours)

        async def forgotten() -> bool:
            return not set(ours) & set(await admin.list_topics())

        await until(forgotten, "the topics of the last run are gone", running={}, patience=PATIENCE)
    except errors.UnknownTopicOrPartitionError:
        pass  # gone already
    finally:
        await admin.close()


async def _keep(log: Any, topic: Topic, kept: dict[str, Any], altered: list[str]) -> None:
    async with log.subscribe(topic.name, "observer") as subscription:
        async for record in subscription:
            message: Any = topic.message.model_validate_json(record.value)
            identity = message.item.id if topic is TAGGED else message.id
            if kept.setdefault(identity, message) != message:
                altered.append(identity)
            await subscription.commit(record)


async def _clock_in(receiver: HttpReceiver | SmtpServer, times: list[float]) -> None:
    """Note when each delivery came in."""
    while True:
        await receiver.until(len(times) + 1)
        times.append(time.monotonic())


async def _end(task: asyncio.Task[None]) -> None:
    over = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    if over:
        task.result()


def free_port() -> int:
    """Return a port of this machine that is free now; a story that is told twice is told from one address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
