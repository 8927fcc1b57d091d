"""A collector in simulated time, in a process of its own, to be killed: ``python -m … FOLDER CLOCK SERVER_PID``."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from services.collector.app import run
from services.collector.settings import CollectorSettings
from shared.database import create_engine
from shared.eventlog.opening import open_log
from shared.logs import configure_logging
from shared.runtime import Runtime
from shared.settings import LoggingSettings
from tests.support.simulation.time import SharedClock, SimulatedLoop


async def collect(folder: Path, clock: SharedClock) -> None:
    """Collect as ``claimwatch collect`` does, until told to stop."""
    settings = CollectorSettings.model_validate_json((folder / "settings.json").read_text())
    engine = create_engine(f"sqlite:///{folder}/state.db")
    log = await open_log(f"sqlite:///{folder}/log.db", client="simulated")
    runtime = Runtime(log, engine, clock)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.stop.set)
    try:
        await run(runtime, settings)
    finally:
        await log.close()
        await engine.dispose()


def main() -> None:
    """Read the command line and collect."""
    folder, clock, servers = Path(sys.argv[1]), SharedClock(Path(sys.argv[2])), tuple(map(int, sys.argv[3:]))
    configure_logging(LoggingSettings(level="warning"), service="collect", terminal=False)
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(clock, servers)) as runner:
        runner.run(collect(folder, clock))


if __name__ == "__main__":
    main()
