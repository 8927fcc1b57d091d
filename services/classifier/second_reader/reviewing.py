"""The second reader at work: asked when in doubt, within its means, and never in the way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import structlog

from services.classifier.second_reader.answers import Unreadable, read_answer
from services.classifier.second_reader.breaker import Breaker
from services.classifier.second_reader.budget import Budget
from services.classifier.second_reader.cache import Cache
from services.classifier.second_reader.combining import combine
from services.classifier.second_reader.endpoint import Completion, Endpoint, Unanswered
from services.classifier.second_reader.file import prepare
from services.classifier.second_reader.prompt import Question, identity, question
from services.classifier.second_reader.selection import asks
from services.classifier.second_reader.validation import Judge, Verdict
from services.classifier.second_reader.vocabulary import Vocabulary
from services.classifier.settings import ClassifierSettings
from shared.clock import Clock
from shared.errors import ConfigurationError
from shared.http_guard import guarded_transport
from shared.messages import TaggedItem
from shared.metrics import SECOND_READER, SECOND_READER_CLAIMS, SECOND_READER_SECONDS, SECOND_READER_TOKENS

log = structlog.get_logger(__name__)


class _Unasked(Exception):
    """The question was not put; ``args[0]`` is why, as the metric has it."""


class SecondReader:
    """Reviews what the first reader decided. Every failure ends in the first reader's decision, unchanged."""

    def __init__(
        self, settings: ClassifierSettings, vocabulary: Vocabulary, transport: httpx.AsyncBaseTransport, clock: Clock
    ) -> None:
        own = settings.second_reader
        path = Path(own.cache)
        self._settings = settings
        self._own = own
        self._clock = clock
        self._judge = Judge(vocabulary, identity(own), own.confidence, own.characters)
        self._endpoint = Endpoint(transport, clock, own)
        self._breaker = Breaker(own.failures, timedelta(seconds=own.pause))
        self._budget = Budget(path, requests=own.requests_per_day, tokens=own.tokens_per_day)
        self._cache = Cache(path, own.cache_bytes)
        self._asking = 0

    async def review(self, tagged: TaggedItem) -> TaggedItem:
        """Return *tagged* with the second reader's claims taken in, or as it is; after ``timeout`` seconds at most."""
        if not asks(tagged, self._settings):
            return tagged
        try:
            async with asyncio.timeout(self._own.timeout):
                verdict = await self._verdict(tagged)
        except _Unasked as reason:
            SECOND_READER.labels(str(reason)).inc()
        except Unanswered as error:
            SECOND_READER.labels(error.failure).inc()
            log.warning("second reader gave no answer", item=tagged.item.id, reason=error.reason)
        except Unreadable as error:
            SECOND_READER.labels("unreadable").inc()
            log.warning("second reader's answer cannot be read", item=tagged.item.id, reason=str(error))
        except TimeoutError:
            SECOND_READER.labels("timeout").inc()
            log.warning("second reader gave no answer in time", item=tagged.item.id, seconds=self._own.timeout)
        except sqlite3.Error as error:
            SECOND_READER.labels("file").inc()
            log.warning("second reader's file cannot be used", file=self._own.cache, error=str(error))
        else:
            _count(verdict)
            return combine(tagged, verdict, self._settings)
        return tagged

    async def close(self) -> None:
        """Let connections go."""
        await self._endpoint.close()

    async def _verdict(self, tagged: TaggedItem) -> Verdict:
        asked = question(tagged.item, self._own)
        kept = await asyncio.to_thread(self._cache.get, asked.key, self._clock.now())
        if kept is not None:
            SECOND_READER.labels("cached").inc()
            return await asyncio.to_thread(self._judge.judge, read_answer(kept), tagged)
        completion = await self._ask(asked)
        claims = read_answer(completion.content)
        await asyncio.to_thread(self._cache.put, asked.key, completion.content, self._clock.now())
        SECOND_READER.labels("answered").inc()
        return await asyncio.to_thread(self._judge.judge, claims, tagged)

    async def _ask(self, asked: Question) -> Completion:
        """Put the question, if breaker, budget and the number of questions under way allow it."""
        if self._asking >= self._own.at_once:
            raise _Unasked("crowded")
        if not self._breaker.permits(self._clock.now()):
            raise _Unasked("open")
        self._asking += 1
        try:
            taken_at = await self._take(asked)
            completion = await self._answer(asked)
        finally:
            self._asking -= 1
        spent = asked.tokens if completion.tokens is None else completion.tokens
        SECOND_READER_TOKENS.inc(spent)
        await asyncio.to_thread(self._budget.settle, asked.tokens, spent, taken_at)
        return completion

    async def _take(self, asked: Question) -> datetime:
        """Take the question's price from the budget and return when that was."""
        now = self._clock.now()
        taken = False
        try:
            taken = await asyncio.to_thread(self._budget.take, asked.tokens, now)
        finally:
            if not taken:
                self._breaker.give_up()
        if not taken:
            raise _Unasked("budget")
        return now

    async def _answer(self, asked: Question) -> Completion:
        """Return the endpoint's answer, and tell the breaker how it went."""
        try:
            with SECOND_READER_SECONDS.time():
                completion = await self._endpoint.ask(asked.body)
        except Unanswered as error:
            self._fail(error.reason, error.after)
            raise
        except asyncio.CancelledError:
            # The time is up. The process may also be stopping, to which the breaker does not matter any more.
            self._fail("no answer in time")
            raise
        self._breaker.succeed()
        return completion

    def _fail(self, reason: str, after: float | None = None) -> None:
        if self._breaker.fail(self._clock.now(), after):
            log.warning("second reader left alone for a while", reason=reason, seconds=after or self._own.pause)


@asynccontextmanager
async def opened(settings: ClassifierSettings, clock: Clock) -> AsyncIterator[SecondReader | None]:
    """Yield the second reader that *settings* ask for, or None when they ask for none. Nothing is asked yet.

    Raises:
        ConfigurationError: its file cannot be used.

    """
    own = settings.second_reader
    if not own.enabled:
        yield None
        return
    try:
        await asyncio.to_thread(prepare, Path(own.cache))
    except sqlite3.Error as error:
        key = "classifier.second_reader.cache"
        raise ConfigurationError(
            key, f'"{own.cache}" cannot be used: {error}', "Name a file that can be written"
        ) from error
    vocabulary = await asyncio.to_thread(Vocabulary.load, settings.languages)
    # The operator named the endpoint, so that it may be in the own network, as Slack's address may.
    reader = SecondReader(settings, vocabulary, guarded_transport(allow_private=True, connections=own.at_once), clock)
    log.info("second reader on", model=own.model, endpoint=own.base_url, reader=identity(own))
    try:
        yield reader
    finally:
        await reader.close()


def _count(verdict: Verdict) -> None:
    """Count every claim of an answer once, by what became of it."""
    fates = Counter[str](verdict.dropped)
    fates["accepted"] = len(verdict.accepted)
    for fate, number in fates.items():
        SECOND_READER_CLAIMS.labels(fate).inc(number)
