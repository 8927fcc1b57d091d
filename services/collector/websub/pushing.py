"""Sources that are pushed: subscribing when a feed names a hub, waking it when the hub pushes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import structlog

from services.collector.collect import Watched
from services.collector.settings import WebSubSettings
from services.collector.sources import Cursor, Fetched, Source
from services.collector.sources.hub_links import Push
from services.collector.websub.hub import HubClient
from services.collector.websub.listener import application
from services.collector.websub.store import Subscriptions
from services.collector.websub.subscription import Subscription, asking, carries, denied, is_due, offered
from shared.clock import Clock
from shared.errors import Reject, Retry
from shared.listening import bound, listening
from shared.runtime import Runtime

log = structlog.get_logger(__name__)

EVERY = 20.0
"""Seconds between two searches for subscriptions to ask for or renew."""
SLOWER = 900.0
"""Seconds between two looks at a feed whose pushes come, if its own interval is shorter: the net stays, with wider
meshes."""
APART = 10.0
"""Seconds between two looks that pushes bring on, at least; a hub may push every comment of a busy site."""


class PushedSource:
    """A source that tells of its hub, and is looked at more rarely while the hub's pushes come."""

    def __init__(self, source: Source, name: str, subscriber: Subscriber) -> None:
        self._source = source
        self._name = name
        self._subscriber = subscriber

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`."""
        fetched = await self._source.fetch(cursor)
        if fetched.push:
            await self._subscriber.offer(self._name, fetched.push)
        if self._subscriber.carries(self._name):
            return replace(fetched, fresh_for=max(fetched.fresh_for or 0.0, SLOWER))
        return fetched

    async def close(self) -> None:
        """Let the source's connections go."""
        await self._source.close()


class Subscriber:
    """Asks hubs, renews what they granted, and wakes what they push."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        clock: Clock,
        *,
        callback: str,
        watched: Mapping[str, Watched],
        public: HubClient,
        private: HubClient,
    ) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._callback = callback.rstrip("/")
        self._watched = watched
        self._public = public
        self._private = private
        self._known: dict[str, Subscription] = {}
        self._waking: dict[str, asyncio.TimerHandle] = {}
        self._woken: dict[str, float] = {}
        self._offers = asyncio.Event()

    async def offer(self, source: str, push: Push) -> None:
        """Begin a subscription to what *source* names, unless there is one."""
        begun = offered(self._known.get(source), source, push, secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        if begun is None:
            return
        try:
            await self._subscriptions.begin(begun)
        except Retry as reason:
            log.info("subscription not begun", source=source, reason=reason.reason)
            return
        log.info("feed names a hub", source=source, hub=push.hub, topic=push.topic)
        self._known[source] = begun
        self._offers.set()

    def carries(self, source: str) -> bool:
        """Whether pushes for *source* come."""
        known = self._known.get(source)
        return known is not None and carries(known, self._clock.now())

    async def pushed(self, subscription: Subscription) -> None:
        """Wake the source of *subscription*, now or as soon as it may be woken again."""
        now = self._clock.now()
        await self._subscriptions.pushed(subscription.token, now)
        self._known[subscription.source] = replace(subscription, pushed_at=now)
        source, loop = subscription.source, asyncio.get_running_loop()
        if source not in self._waking:
            at = max(loop.time(), self._woken.get(source, 0.0) + APART)
            self._waking[source] = loop.call_at(at, self._wake, source)

    async def run(self) -> None:
        """Ask and renew until cancelled."""
        while True:
            self._offers.clear()
            try:
                await self.round()
            except Retry as reason:
                log.warning("subscriptions cannot be seen to", reason=reason.reason)
            try:
                async with asyncio.timeout(EVERY):
                    await self._offers.wait()
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Ask for every subscription that is due, of the sources that are watched here.

        Raises:
            Retry: the database cannot be reached.

        """
        known = await self._subscriptions.every()
        self._known = {source: one for source, one in known.items() if source in self._watched}
        for subscription in list(self._known.values()):
            if is_due(subscription, self._clock.now()):
                await self._ask(subscription)

    async def _ask(self, subscription: Subscription) -> None:
        after = asking(subscription, self._clock.now())
        # Kept before the hub is asked: it may verify before it answers.
        if not await self._subscriptions.change(subscription, after):
            return
        settings = self._watched[subscription.source].settings
        client = self._private if settings.allow_private else self._public
        try:
            await client.subscribe(after, f"{self._callback}/{after.token}")
        except Retry as reason:
            log.info("hub could not be asked", source=subscription.source, hub=after.hub, reason=reason.reason)
        except Reject as reason:
            log.warning("hub refuses", source=subscription.source, hub=after.hub, reason=reason.reason)
            await self._subscriptions.change(after, denied(after, self._clock.now()))

    def _wake(self, source: str) -> None:
        self._waking.pop(source, None)
        self._woken[source] = asyncio.get_running_loop().time()
        if watched := self._watched.get(source):
            watched.wake.set()


@asynccontextmanager
async def pushed(settings: WebSubSettings, runtime: Runtime, sources: Sequence[Watched]) -> AsyncIterator[None]:
    """Make the feeds among *sources* pushed ones, and listen to hubs; nothing where no callback is configured.

    Raises:
        ConfigurationError: the address cannot be listened on.

    """
    if not settings.callback:
        yield
        return
    feeds = {one.settings.id: one for one in sources if one.settings.kind == "rss"}
    async with AsyncExitStack() as stack:
        subscriptions = Subscriptions(runtime.engine)
        subscriber = Subscriber(
            subscriptions,
            runtime.clock,
            callback=settings.callback,
            watched=feeds,
            public=await stack.enter_async_context(HubClient(allow_private=False)),
            private=await stack.enter_async_context(HubClient(allow_private=True)),
        )
        listener = stack.enter_context(bound(settings.host, settings.port, "collector.websub.port"))
        await stack.enter_async_context(
            listening(application(subscriptions, runtime.clock, subscriber.pushed), listener)
        )
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running = group.create_task(subscriber.run(), name="websub")
        stack.callback(running.cancel)
        log.info("listening for hubs", host=settings.host, port=settings.port, callback=settings.callback)
        for name, feed in feeds.items():
            feed.source = PushedSource(feed.source, name, subscriber)
        yield
