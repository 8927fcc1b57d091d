"""What the tests of the stage loop share: topics, items, a stage to run, and a look at what came out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import create_async_engine

from shared.backoff import Backoff
from shared.clock import FixedClock
from shared.eventlog import EventLog, Record
from shared.eventlog.opening import create_topics, open_log
from shared.messages import RawItem, SourceRef, TaggedItem
from shared.runtime import Runtime
from shared.stage import Handle, Output, Stage, StageLimits, publish, run_stage
from shared.topics import RAW, TAGGED, Topic

NOW = datetime(2016, 2, 3, 12, tzinfo=UTC)
QUICK = StageLimits(backoff=Backoff(first=0.01, longest=0.05), drain=5, report_every=0.2)


def raw_item(number: int, *, key: str = "k", text: str = "") -> RawItem:
    source = SourceRef(id="s", name="S", kind="rss")
    return RawItem(id=f"{key}-{number}", item=key, version=number + 1, source=source, text=text, seen_at=NOW)


def tagged_item(item: RawItem) -> TaggedItem:
    return TaggedItem(id=item.id, item=item, relevant=False, score=0.0, lang=None)


@dataclass
class StageWorld:
    """Two fresh topics in an open log, and stages between them."""

    log: EventLog
    raw: Topic
    tagged: Topic
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, *items: RawItem, trace: str | None = None) -> None:
        for item in items:
            await publish(self.log, self.raw, item, source="test", time=NOW, trace=trace)

    def stage(self, handle: Handle) -> Stage:
        return Stage("test", self.raw, "test", handle)

    async def tag(self, item: RawItem, record: Record) -> Sequence[Output]:
        """The plainest handler: one tagged item for each raw one."""
        return [Output(self.tagged, tagged_item(item))]

    @asynccontextmanager
    async def running(self, handle: Handle, limits: StageLimits = QUICK) -> AsyncIterator[asyncio.Task[None]]:
        """Run a stage; at the end of the block it is asked to stop, and its error, if any, is raised."""
        runtime = Runtime(self.log, create_async_engine("sqlite+aiosqlite://"), FixedClock(NOW), self.stop)
        task = asyncio.create_task(run_stage(self.stage(handle), runtime, limits))
        try:
            yield task
        finally:
            self.stop.set()
            await asyncio.wait([task], timeout=30)
            self.stop = asyncio.Event()
        await task

    async def held(self, topic: str) -> list[Record]:
        return [record async for record in self.log.read(topic)]

    async def came_out(self) -> list[str]:
        """Return the ids of the tagged items that were said, first sight of each."""
        records = await self.held(self.tagged.name)
        return list(dict.fromkeys(TaggedItem.model_validate_json(record.value).id for record in records))

    async def uncommitted(self) -> int:
        async with self.log.subscribe(self.raw.name, "test") as subscription:
            return sum(lag.records for lag in await subscription.lag())


@asynccontextmanager
async def stage_world(url: str, *, partitions: int = 3) -> AsyncIterator[StageWorld]:
    name = uuid.uuid4().hex[:8]
    raw = replace(RAW, name=f"raw.{name}", partitions=partitions)
    tagged = replace(TAGGED, name=f"tagged.{name}", partitions=partitions)
    await create_topics(url, [raw, tagged])
    log = await open_log(url, client="test")
    try:
        yield StageWorld(log, raw, tagged)
    finally:
        await log.close()
