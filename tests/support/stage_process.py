"""A stage in a process of its own, to be killed: ``python -m tests.support.stage_process URL RAW TAGGED``."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import create_async_engine

from shared.eventlog import Record
from shared.eventlog.opening import open_log
from shared.messages import RawItem
from shared.runtime import Runtime
from shared.stage import Output, Stage, run_stage
from shared.topics import RAW, TAGGED
from tests.support.stage_world import QUICK, tagged_item


async def run(url: str, raw: str, tagged: str) -> None:
    output = replace(TAGGED, name=tagged)

    async def handle(item: RawItem, record: Record) -> Sequence[Output]:
        await asyncio.sleep(random.random() * 0.2)
        return [Output(output, tagged_item(item))]

    log = await open_log(url, client="stage")
    runtime = Runtime(log, create_async_engine("sqlite+aiosqlite://"))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.stop.set)
    await run_stage(Stage("process", replace(RAW, name=raw), "process", handle), runtime, QUICK)
    await log.close()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:4]))
