"""A member of a group in a process of its own, to be killed.

``python -m tests.support.log_member URL TOPIC GROUP FILE PAUSE``
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from shared.eventlog.opening import open_log


async def read(url: str, topic: str, group: str, output: Path, pause: float) -> None:
    log = await open_log(url, client="member")
    with output.open("a", buffering=1) as file:
        async with log.subscribe(topic, group) as subscription:
            async for record in subscription:
                file.write(f"{record.key} {record.value.decode()}\n")
                await asyncio.sleep(pause)
                await subscription.commit(record)


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), float(sys.argv[5])))
