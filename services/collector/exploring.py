"""What looks at addresses that are no sources yet, put together under the rules by which sources are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.collector.discovery import Discovery
from services.collector.settings import CollectorSettings
from services.collector.sources import Source
from services.collector.sources.fetching import Fetcher, Limits
from services.collector.sources.hosts import Hosts
from services.collector.sources.parser_process import ParserPool
from services.collector.sources.telegram.preview import PreviewSource
from shared.clock import SystemClock


@dataclass(frozen=True)
class Exploration:
    """``preview`` makes the source of a channel; it is None where previews are not to be read."""

    discovery: Discovery
    preview: Callable[[str], Source] | None


@asynccontextmanager
async def exploring(settings: CollectorSettings, *, allow_private: bool = False) -> AsyncIterator[Exploration]:
    """Give what finds new sources."""
    clock, limits, telegram = SystemClock(), settings.limits, settings.telegram
    parsers = ParserPool(workers=1, seconds=limits.parse, memory=limits.memory)
    fetcher = Fetcher(
        contact=settings.contact,
        limits=Limits(connect=limits.connect, total=limits.total, body=limits.body),
        hosts=Hosts(at_once=1, spacing=0.0 if allow_private else limits.spacing),
        allow_private=allow_private,
        clock=clock,
    )
    try:
        async with fetcher:
            by_preview = telegram.mode in ("preview", "both")
            yield Exploration(
                Discovery(fetcher, parsers, clock),
                partial(
                    PreviewSource, fetcher=fetcher, parsers=parsers, base=telegram.preview_url, first=telegram.first
                )
                if by_preview
                else None,
            )
    finally:
        await parsers.close()
