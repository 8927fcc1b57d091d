"""The classifier's composition root: raw items through the reader onto the topic of tagged items."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.classifier.classify import Reader
from services.classifier.languages import languages
from services.classifier.second_reader.reviewing import opened
from services.classifier.settings import ClassifierSettings
from shared.eventlog import Record
from shared.messages import RawItem
from shared.metrics import READ
from shared.runtime import Runtime
from shared.stage import Output, Stage, run_stage
from shared.topics import RAW, TAGGED

GROUP = "classifier"


async def run(runtime: Runtime, settings: ClassifierSettings) -> None:
    """Read raw items until ``runtime.stop`` is set; then finish what is in hand."""
    reader = await asyncio.to_thread(Reader.load, settings.languages, settings.threshold)
    async with opened(settings, runtime.clock) as second:

        async def handle(item: RawItem, record: Record) -> Sequence[Output]:  # noqa: ARG001 - the stage's contract
            tagged = await asyncio.to_thread(reader.read, item)
            if second is not None:
                tagged = await second.review(tagged)
            decision = "relevant" if tagged.relevant else "irrelevant" if tagged.read else "unread"
            READ.labels(lang=counted_as(tagged.lang), decision=decision).inc()
            return [Output(TAGGED, tagged)]

        await run_stage(Stage("classifier", RAW, GROUP, handle), runtime)


def counted_as(lang: str | None) -> str:
    """Return the label under which an item in *lang* is counted.

    A language may be a source's own word, and every new label is kept for as long as the process lives.
    """
    if lang is None:
        return "unknown"
    return lang if lang in languages() else "other"
