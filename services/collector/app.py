"""The collector's composition root: settings to sources, state and log to the loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from httpx import URL, InvalidURL

from services.collector.activity import Activity, listening
from services.collector.canary import Canaries
from services.collector.catalogue import catalogue
from services.collector.collect import Collector, Watched
from services.collector.following import Follower, PauseKeeper
from services.collector.pages import Pages
from services.collector.rereader import Rereader
from services.collector.schedule import Pace
from services.collector.settings import CollectorSettings, SourceSettings
from services.collector.sources import Source
from services.collector.sources.article import Articles
from services.collector.sources.fetching import Fetcher, Limits, Paused, host_name
from services.collector.sources.gate import Gate
from services.collector.sources.hosts import Hosts
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.rss import RssSource
from services.collector.sources.sitemap import SitemapSource
from services.collector.sources.telegram.factory import TelegramSources
from services.collector.state import State
from services.collector.watchman import Watchman
from services.collector.websub.pushing import pushed
from shared.clock import Clock
from shared.errors import Retry
from shared.runtime import Runtime
from shared.stage import run_stage

log = structlog.get_logger(__name__)

PRUNED_EVERY = 3600.0
"""Seconds between two clearings of items that no source shows any more."""
DRAIN = 3.0
"""Seconds a look in progress may take to finish once the process is asked to stop; what is cut is done again."""


async def run(runtime: Runtime, settings: CollectorSettings, *, once: bool = False, gate: Gate | None = None) -> None:
    """Collect until ``runtime.stop`` is set; with *once*, look at every source once, due or not, and return.

    Articles' pages are fetched and read where *gate* opens; without one, for every short entry.

    Raises:
        ConfigurationError: a source cannot be what the settings say.
        Retry: only with *once*: the log or the database cannot be reached.

    """
    state, activity = State(runtime.engine), Activity()
    collector = Collector(
        log=runtime.log, state=state, clock=runtime.clock, at_once=settings.limits.at_once, activity=activity
    )
    async with AsyncExitStack() as stack:
        workshop = await stack.enter_async_context(
            _workshop(settings, runtime, PauseKeeper(state, runtime.clock), gate)
        )
        sources = [_watched(one, settings, workshop) for one in chosen_sources(settings)]
        if not once:
            await stack.enter_async_context(pushed(settings.websub, runtime, sources))
        follower = Follower(state, runtime.clock, activity, workshop.hosts, sources)
        rereader = Rereader(
            log=runtime.log,
            state=state,
            pages=Pages(runtime.engine),
            clock=runtime.clock,
            collector=collector,
            watched=sources,
        )
        log.info("collecting", sources=len(sources), catalogue=settings.catalogue or not settings.sources)
        if once:
            await follower.read()
            async with asyncio.TaskGroup() as looks:
                for one in sources:
                    looks.create_task(collector.look(one))
            await rereader.round()
            return
        await follower.read_first(runtime.stop)
        await _watch_all(collector, rereader, follower, settings, runtime)


def chosen_sources(settings: CollectorSettings) -> tuple[SourceSettings, ...]:
    """Return the configured sources, and the catalogue's if wanted: channels of those only once a mode is chosen.

    A source of the configuration takes the place of the catalogue's with the same id, or the same address.
    """
    wanted = settings.catalogue if settings.catalogue is not None else not settings.sources
    if not wanted:
        return settings.sources
    taken = {key for one in settings.sources for key in (one.id, one.url, one.channel) if key}
    shipped = (one for one in catalogue() if not taken & {one.id, one.url, one.channel})
    return (
        *settings.sources,
        *(one for one in shipped if one.kind != "telegram" or settings.telegram.mode != "off"),
    )


@dataclass(frozen=True)
class _Workshop:
    """What sources share. ``taken`` are the addresses of all feeds."""

    public: Fetcher
    private: Fetcher
    hosts: tuple[Hosts, Hosts]
    parsers: ParserPool
    telegram: TelegramSources | None
    clock: Clock
    taken: frozenset[str]
    gate: Gate | None = None
    lanes: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def fetcher(self, source: SourceSettings) -> Fetcher:
        return self.private if source.allow_private else self.public

    def lane(self, source: SourceSettings) -> AbstractAsyncContextManager[object]:
        """Return the turn at the host of *source*: who waits for it must not hold up the sources of other hosts."""
        if not source.url:
            return nullcontext()
        try:
            host = host_name(URL(source.url))
        except InvalidURL:
            return nullcontext()  # the look says what is wrong with it
        return self.lanes.setdefault(host, asyncio.Semaphore(self.hosts[source.allow_private].at_once))


@asynccontextmanager
async def _workshop(
    settings: CollectorSettings, runtime: Runtime, paused: Paused, gate: Gate | None
) -> AsyncIterator[_Workshop]:
    limits, clock = settings.limits, runtime.clock
    public_hosts = Hosts(limits.per_host, limits.spacing)
    private_hosts = Hosts(limits.private_per_host, limits.private_spacing)
    async with AsyncExitStack() as stack:
        parsers = ParserPool(seconds=limits.parse, memory=limits.memory)
        stack.push_async_callback(parsers.close)
        public = await stack.enter_async_context(_fetcher(settings, clock, public_hosts, paused, allow_private=False))
        private = await stack.enter_async_context(_fetcher(settings, clock, private_hosts, paused, allow_private=True))
        telegram = None
        if settings.telegram.mode != "off":
            telegram = TelegramSources(settings.telegram, public, parsers, runtime.engine)
            stack.push_async_callback(telegram.close)
        taken = frozenset(one.url for one in chosen_sources(settings) if one.url)
        yield _Workshop(public, private, (public_hosts, private_hosts), parsers, telegram, clock, taken, gate)


def _fetcher(
    settings: CollectorSettings, clock: Clock, hosts: Hosts, paused: Paused, *, allow_private: bool
) -> Fetcher:
    limits = settings.limits
    return Fetcher(
        contact=settings.contact,
        limits=Limits(connect=limits.connect, total=limits.total, body=limits.body),
        hosts=hosts,
        allow_private=allow_private,
        clock=clock,
        paused=paused,
    )


def _rss(settings: SourceSettings, workshop: _Workshop, _wake: Callable[[], None]) -> Source:
    return RssSource(
        settings.url or "",
        fetcher=workshop.fetcher(settings),
        parsers=workshop.parsers,
        clock=workshop.clock,
        taken=workshop.taken - {settings.url},
    )


def _sitemap(settings: SourceSettings, workshop: _Workshop, _wake: Callable[[], None]) -> Source:
    return SitemapSource(
        settings.url or "", fetcher=workshop.fetcher(settings), parsers=workshop.parsers, clock=workshop.clock
    )


def _telegram(settings: SourceSettings, workshop: _Workshop, wake: Callable[[], None]) -> Source:
    if workshop.telegram is None:
        message = "a Telegram source with telegram.mode off passed the settings' check"
        raise AssertionError(message)
    return workshop.telegram.source(
        settings.channel or "", via=settings.via, fetcher=workshop.fetcher(settings), wake=wake
    )


KINDS = {"rss": _rss, "sitemap": _sitemap, "telegram": _telegram}
"""What a source's ``kind`` means."""


def _watched(source: SourceSettings, settings: CollectorSettings, workshop: _Workshop) -> Watched:
    wake = asyncio.Event()
    return Watched(
        source,
        KINDS[source.kind](source, workshop, wake.set),
        pace(source, settings),
        Articles(workshop.fetcher(source), workshop.parsers, workshop.gate) if source.kind != "telegram" else None,
        wake,
        lane=workshop.lane(source),
    )


def pace(source: SourceSettings, settings: CollectorSettings) -> Pace:
    """Return the rhythm of *source*; a channel keeps to its interval, for Telegram is shared by all of them."""
    steady = settings.telegram.interval if source.kind == "telegram" else None
    usual = source.interval or steady
    return Pace(
        interval=usual or settings.interval,
        longest=settings.longest_interval,
        floor=source.floor or usual or settings.floor,
        ceiling=source.ceiling or (usual if steady else None) or settings.ceiling,
        hint_cap=settings.hint_cap if source.hint_cap is None else source.hint_cap,
    )


async def _watch_all(
    collector: Collector, rereader: Rereader, follower: Follower, settings: CollectorSettings, runtime: Runtime
) -> None:
    """Run the loops; on stop give looks in progress time to finish."""
    stop, active_for = runtime.stop, timedelta(seconds=settings.active_for)
    loops: dict[str, Coroutine[Any, Any, None]] = {
        f"watch {one.settings.id}": collector.watch(one, stop, spread=settings.spread) for one in follower.watched
    }
    loops |= {"prune": _prune(settings, runtime), "follow": follower.follow(stop), "reread": rereader.watch(stop)}
    if active_for:
        loops["listen"] = run_stage(listening(follower.state, runtime.clock, active_for, follower.read), runtime)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop, name=name) for name, loop in loops.items()]
        settled = [one.settings for one in follower.watched]
        tasks += [group.create_task(each) for each in _guards(settled, settings, runtime)]
        await stop.wait()
        _, late = await asyncio.wait(tasks, timeout=DRAIN)
        for task in late:
            task.cancel()


def _guards(
    sources: Sequence[SourceSettings], settings: CollectorSettings, runtime: Runtime
) -> list[Coroutine[None, None, None]]:
    """Return what looks after the sources' health and the way to an alert."""
    watchman = Watchman(
        runtime.log, runtime.engine, runtime.clock, sources, health=settings.health, canary=settings.canary
    )
    guards = [watchman.run(runtime.stop)]
    if settings.canary.interval is not None:
        canaries = Canaries(runtime.log, runtime.engine, runtime.clock, settings.canary.interval)
        guards.append(canaries.run(runtime.stop))
    return guards


async def _prune(settings: CollectorSettings, runtime: Runtime) -> None:
    state, pages = State(runtime.engine), Pages(runtime.engine)
    while not runtime.stop.is_set():
        try:
            gone = await state.prune(runtime.clock.now() - timedelta(days=settings.limits.remember))
            if gone:
                log.info("old items forgotten", items=gone)
            await pages.prune(runtime.clock.now())
            await state.expire(runtime.clock.now())
        except Retry as reason:
            log.warning("old items could not be cleared", reason=reason.reason)
        try:
            async with asyncio.timeout(PRUNED_EVERY):
                await runtime.stop.wait()
        except TimeoutError:
            continue
