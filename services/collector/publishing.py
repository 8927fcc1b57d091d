"""One version out: into a message, onto the log, counted."""

from __future__ import annotations

from datetime import datetime

from services.collector.novelty import Novelty, raw_item
from shared import codec
from shared.eventlog import EventLog
from shared.messages import SourceRef
from shared.metrics import ITEMS
from shared.topics import RAW

STAGE = "collect"


async def publish(log: EventLog, novelty: Novelty, source: SourceRef, now: datetime) -> None:
    """Append *novelty* to the raw items; a repeat has the same id.

    Raises:
        Retry: the log cannot be reached; whether the version arrived is not known.

    """
    item = raw_item(novelty, source, now)
    value, headers = codec.encode(item, source="collector", time=now)
    await log.append(RAW.name, RAW.key(item), value, headers)
    ITEMS.labels(stage=STAGE, status=novelty.change).inc()
