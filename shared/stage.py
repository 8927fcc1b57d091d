"""The one loop: read → decode → handle → append → commit; retry, dead-letter, limit, drain. Every service runs on it.

::

    subscription ─▶ slot ─▶ (after the last of the same key) decode ─▶ handle ─▶ append outputs ─▶ finished ─▶ commit
                                    │ Reject                  │ Retry: wait, again
                                    └▶ <topic>.dlq            └▶ order is kept: its key waits behind it

Records of different keys are handled at the same time, a bounded number of them. Commits only move over records that
are finished, and are made in one place, ``_commit_finished``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar

import structlog

from shared.backoff import Backoff
from shared.codec import decode, encode, new_trace, traced
from shared.dead_letters import letter_record
from shared.errors import Reject, Retry
from shared.eventlog import EventLog, Record, Subscription
from shared.messages import Message
from shared.metrics import HANDLING, ITEMS, LAG, OLDEST, RETRIES
from shared.progress import Handed, Progress
from shared.rejects import Rejects, TooManyRejects
from shared.runtime import Runtime
from shared.topics import Topic

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Output:
    """A message that a handler wants said, and where."""

    topic: Topic
    message: Message


Handle = Callable[[Any, Record], Awaitable[Sequence[Output]]]
"""A handler gets the decoded message and its record, and returns what to say; it never sees a commit.

It may be given the same record again. It raises ``Retry`` or ``Reject``; anything else stops the process. Work that
keeps a processor busy belongs in ``asyncio.to_thread``: while the event loop is blocked, no membership is renewed.
"""


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline: what it reads, as which group, and what it does with each message."""

    name: str
    input: Topic
    group: str
    handle: Handle


@dataclass(frozen=True)
class StageLimits:
    """How many records at once, how long to drain and to wait, and how many rejects are too many; times in seconds."""

    concurrency: int = 8
    drain: float = 20.0
    backoff: Backoff = field(default_factory=Backoff)
    window: int = 100
    fewest: int = 20
    most_rejected: float = 0.5
    report_every: float = 15.0


async def publish(
    event_log: EventLog, topic: Topic, message: Message, *, source: str, time: datetime, trace: str | None = None
) -> None:
    """Append *message* to *topic* under its key; a new trace begins when there is none to carry on.

    Raises as ``EventLog.append``.
    """
    value, headers = encode(message, source=source, time=time, trace=trace or new_trace())
    await event_log.append(topic.name, topic.key(message), value, headers)


async def run_stage(stage: Stage, runtime: Runtime, limits: StageLimits | None = None) -> None:
    """Run *stage* until ``runtime.stop`` is set; then finish what is in hand, commit, and leave the group.

    Raises:
        TooManyRejects: most of what was read lately was rejected.
        ConfigurationError: the topic is missing, or the log refuses us.
        Exception: whatever a handler raised that is neither ``Retry`` nor ``Reject``; what it was handling is not
            committed and comes again.

    """
    loop = _Loop(stage, runtime, limits or StageLimits())
    async with AsyncExitStack() as stack:

        async def join() -> Subscription:
            return await stack.enter_async_context(runtime.log.subscribe(stage.input.name, stage.group))

        try:
            subscription = await loop.retrying(join, until=runtime.stop)
        except _Stopped:
            return
        log.info("stage started", stage=stage.name, topic=stage.input.name, group=stage.group)
        await loop.run(subscription)
    log.info("stage stopped", stage=stage.name)


class _Stopped(Exception):
    """The process is asked to stop while something waits to be tried again."""


class _Loop:
    """One run of one stage."""

    def __init__(self, stage: Stage, runtime: Runtime, limits: StageLimits) -> None:
        self._stage = stage
        self._runtime = runtime
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._progress = Progress()
        self._rejects = Rejects(limits.window, limits.fewest, limits.most_rejected)
        self._last_of_key: dict[str, asyncio.Task[bool]] = {}
        self._in_hand: set[asyncio.Task[bool]] = set()
        self._finished = asyncio.Event()
        self._ending = asyncio.Event()
        self._over = False
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, subscription: Subscription) -> None:
        """Read until told to stop or something fails; then drain, or let go; commit what is finished either way."""
        reading = asyncio.create_task(self._read(subscription))
        committing = asyncio.create_task(self._commit_finished(subscription))
        reporting = asyncio.create_task(self._report_lag(subscription))
        stop = asyncio.create_task(self._runtime.stop.wait())
        watched: list[asyncio.Future[Any]] = [reading, committing, reporting, self._failed]
        try:
            await asyncio.wait([*watched, stop], return_when=asyncio.FIRST_COMPLETED)
            self._ending.set()
            if not any(_failure(each) for each in watched):
                await _end(reading)
                await self._drain()
        finally:
            await self._wind_up(committing, [reading, reporting, stop])
        for failure in filter(None, map(_failure, watched)):
            raise failure

    async def _wind_up(self, committing: asyncio.Task[None], others: Sequence[asyncio.Task[Any]]) -> None:
        """Give up what is still in hand, commit what is finished, and leave no task behind."""
        self._ending.set()
        await _end(*others, *self._in_hand)
        self._over = True
        self._finished.set()
        await asyncio.wait([committing])

    async def _drain(self) -> None:
        """Let what is in hand finish, as long as is allowed."""
        if not self._in_hand:
            return
        log.info("finishing what is in hand", stage=self._stage.name, records=len(self._in_hand))
        done: asyncio.Future[Any] = asyncio.ensure_future(asyncio.wait(set(self._in_hand)))
        await asyncio.wait([done, self._failed], timeout=self._limits.drain, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            log.warning("not everything in hand was finished", stage=self._stage.name)
            done.cancel()

    async def _read(self, subscription: Subscription) -> None:
        while True:
            try:
                async for record in subscription:
                    await self._slots.acquire()
                    self._begin(record)
            except Retry as error:
                log.warning("reading put off", stage=self._stage.name, error=str(error))
                await asyncio.sleep(self._limits.backoff.first)
            else:
                return

    def _begin(self, record: Record) -> None:
        handed = self._progress.begin(record)
        task = asyncio.create_task(self._work(handed, self._last_of_key.get(record.key)))
        self._last_of_key[record.key] = task
        self._in_hand.add(task)
        task.add_done_callback(lambda done: self._end_work(record, done))

    def _end_work(self, record: Record, task: asyncio.Task[bool]) -> None:
        self._slots.release()
        self._in_hand.discard(task)
        if self._last_of_key.get(record.key) is task:
            del self._last_of_key[record.key]
        if task.cancelled() or (error := task.exception()) is None:
            return
        error.add_note(f"while {self._stage.name} handled {record.topic}/{record.partition}/{record.offset}")
        if not self._failed.done():
            self._failed.set_exception(error)

    async def _work(self, handed: Handed, before: asyncio.Task[bool] | None) -> bool:
        """Handle one record after the last of its key; False when it, or that one, was given up because of a stop."""
        if before is not None:
            await asyncio.wait([before])
            if before.cancelled() or before.exception() is not None or not before.result():
                return False
        try:
            await self._handle(handed.record)
        except _Stopped:
            return False
        self._progress.finish(handed)
        self._finished.set()
        return True

    async def _handle(self, record: Record) -> None:
        """Bring one record to its end, and count it once by what became of it."""
        attempts = _Attempts()
        started = perf_counter()
        try:
            await self._say_outputs(record, attempts)
            status = "handled"
        except Reject as error:
            self._rejects.refuse_another(self._stage.name, error.reason)
            await self._dead_letter(record, error.reason, attempts.failed + 1)
            status = "rejected"
        self._rejects.note(rejected=status == "rejected")
        HANDLING.labels(self._stage.name).observe(perf_counter() - started)
        ITEMS.labels(self._stage.name, status).inc()

    async def _say_outputs(self, record: Record, attempts: _Attempts) -> None:
        message = decode(self._stage.input.message, record.value, record.headers)
        outputs = await self.retrying(lambda: self._stage.handle(message, record), attempts)
        trace = traced(record.headers) or new_trace()
        for output in outputs:
            await self.retrying(lambda said=output: self._say(said, trace), attempts)  # type: ignore[misc]

    async def _say(self, output: Output, trace: str) -> None:
        now = self._runtime.clock.now()
        await publish(self._runtime.log, output.topic, output.message, source=self._stage.name, time=now, trace=trace)

    async def _dead_letter(self, record: Record, reason: str, attempts: int) -> None:
        now = self._runtime.clock.now()
        value, headers = letter_record(record, stage=self._stage.name, reason=reason, attempts=attempts, time=now)
        await self.retrying(
            lambda: self._runtime.log.append(self._stage.input.dead_letters, record.key, value, headers)
        )
        log.warning(
            "record dead-lettered",
            stage=self._stage.name,
            place=f"{record.topic}/{record.partition}/{record.offset}",
            reason=reason,
        )

    async def retrying(
        self,
        act: Callable[[], Awaitable[T]],
        attempts: _Attempts | None = None,
        *,
        until: asyncio.Event | None = None,
    ) -> T:
        """Return what *act* returns, trying again after each ``Retry`` until it succeeds or the stage ends."""
        count = attempts or _Attempts()
        while True:
            try:
                return await act()
            except Retry as error:
                count.failed += 1
                pause = self._limits.backoff.pause(count.failed, after=error.after, chance=random.random())  # noqa: S311
                RETRIES.labels(self._stage.name).inc()
                log.warning("put off", stage=self._stage.name, reason=error.reason, attempt=count.failed, seconds=pause)
            if await _set_within(until or self._ending, pause):
                raise _Stopped

    async def _commit_finished(self, subscription: Subscription) -> None:
        """Commit what is finished, as it becomes so; many at once cost one commit for each partition."""
        while not self._over:
            await self._finished.wait()
            self._finished.clear()
            for record in self._progress.take_committable():
                try:
                    await self.retrying(lambda done=record: subscription.commit(done))  # type: ignore[misc]
                except _Stopped:
                    log.warning("not committed, so it will be handled again", stage=self._stage.name)

    async def _report_lag(self, subscription: Subscription) -> None:
        shown: set[int] = set()
        try:
            while True:
                shown = await self._show_lag(subscription, shown)
                await asyncio.sleep(self._limits.report_every)
        finally:
            self._hide_lag(shown)

    async def _show_lag(self, subscription: Subscription, shown: set[int]) -> set[int]:
        try:
            lags = await subscription.lag()
        except Retry as error:
            log.warning("lag unknown", stage=self._stage.name, error=str(error))
            return shown
        self._hide_lag(shown - {lag.partition for lag in lags})
        for lag in lags:
            labels = (self._stage.name, self._stage.input.name, str(lag.partition))
            LAG.labels(*labels).set(lag.records)
            OLDEST.labels(*labels).set(lag.oldest_seconds or 0.0)
        return {lag.partition for lag in lags}

    def _hide_lag(self, partitions: set[int]) -> None:
        for partition in partitions:
            for gauge in (LAG, OLDEST):
                gauge.remove(self._stage.name, self._stage.input.name, str(partition))


@dataclass
class _Attempts:
    """How often something about one record failed and was put off."""

    failed: int = 0


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for *event*, at most so long; say whether it is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


def _failure(task: asyncio.Future[Any]) -> BaseException | None:
    """Return what *task* failed with, if it is over and did."""
    return task.exception() if task.done() and not task.cancelled() else None


async def _end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel *tasks* and wait until they are over; their outcome was looked at before, or does not matter any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


__all__ = ["Handle", "Output", "Stage", "StageLimits", "TooManyRejects", "publish", "run_stage"]
