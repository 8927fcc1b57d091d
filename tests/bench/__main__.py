"""``python -m tests.bench``: measure, and print a table or one JSON object."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from shared.logs import configure_logging
from shared.settings import LoggingSettings
from tests.bench import collect, latency, ledger, logs, reader, week
from tests.bench.figures import Figure, as_json, machine, show
from tests.support.kafka_broker import KafkaBroker, KafkaMissing
from tests.support.postgres_server import PostgresMissing, PostgresServer

WHAT = ("latency", "reader", "logs", "ledger", "collect", "week")
USUAL = ("latency", "reader", "logs", "ledger", "collect")
"""What is measured when nothing is named: the simulated week takes longer than all of it."""
PLACES = ("embedded", "kafka")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    items: int
    rounds: int
    records: int
    incidents: int
    feeds: collect.Size
    days: float


FULL = Size(items=200, rounds=5, records=5000, incidents=100_000, feeds=collect.FULL, days=7)
QUICK = Size(items=40, rounds=2, records=1000, incidents=5_000, feeds=collect.QUICK, days=0.25)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 1 when Kafka or PostgreSQL was, and is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", nargs="*", help=f"{', '.join(WHAT)}; all but the week when none is named")
    parser.add_argument("--only", choices=PLACES, help="measure log and latency in one place only")
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    parser.add_argument("--days", type=float, help="simulated days of the week: seven, or with --quick a quarter")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.what) - set(WHAT):
        parser.error(f"nothing called {', '.join(sorted(unknown))}; there are {', '.join(WHAT)}")
    configure_logging(LoggingSettings(level="error"), service="bench", terminal=sys.stderr.isatty())
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that has just started says "not yet" a lot
    what, places = set(asked.what) or set(USUAL), (asked.only,) if asked.only else PLACES
    try:
        size = QUICK if asked.quick else FULL
        figures = list(_measure(what, places, replace(size, days=asked.days or size.days)))
    except (KafkaMissing, PostgresMissing) as missing:
        print(f"{missing}; or measure without it: --only embedded", file=sys.stderr)
        return 1
    if asked.json:
        print(as_json(figures))
    else:
        console = Console(width=None if sys.stdout.isatty() else 150)
        console.print(", ".join(f"{name} {value}" for name, value in machine().items()))
        show(figures, console)
    return 0


def _measure(what: set[str], places: Sequence[str], size: Size) -> Iterator[Figure]:
    if "reader" in what:
        _tell("reading documents")
        yield from reader.measure(size.rounds)
    if "embedded" in places:
        yield from _embedded(what, size)
    if "kafka" in places and "ledger" in what:
        _tell("the ledger on PostgreSQL")
        with PostgresServer.ready() as server:
            yield from asyncio.run(ledger.on_postgres(server, size.items, size.incidents))
    if "kafka" in places and what & {"logs", "latency"}:
        yield from _on_kafka(what, size)


def _embedded(what: set[str], size: Size) -> Iterator[Figure]:
    if "logs" in what:
        _tell("the embedded log")
        with _folder() as folder:
            yield from asyncio.run(logs.embedded(folder, size.rounds, size.records))
    if "collect" in what:
        _tell("polling feeds")
        with _folder() as folder:
            yield from collect.measure(folder, size.feeds, _tell)
    if "week" in what:
        _tell("a simulated week")
        with _folder(week.PLACE) as folder:
            yield from asyncio.run(week.measure(folder, size.days))
    if "ledger" in what:
        _tell("the ledger on SQLite")
        with _folder() as folder:
            yield from asyncio.run(ledger.embedded(folder, size.items, size.incidents))
    if "latency" in what:
        _tell("from append to alert, embedded")
        with _folder() as folder:
            yield from asyncio.run(latency.embedded(folder, size.items))


def _on_kafka(what: set[str], size: Size) -> Iterator[Figure]:
    with ExitStack() as stack:
        _tell("starting Kafka")
        broker = stack.enter_context(KafkaBroker.ready(stack.enter_context(_folder())))
        if "logs" in what:
            _tell("the log on Kafka")
            yield from asyncio.run(logs.on_kafka(broker, size.rounds, size.records))
        if "latency" in what:
            _tell("from append to alert, on Kafka and PostgreSQL")
            server = stack.enter_context(PostgresServer.ready())
            yield from asyncio.run(latency.on_kafka(stack.enter_context(_folder()), size.items, broker, server))


def _tell(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


@contextmanager
def _folder(place: Path | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="claimwatch-bench-", dir=place) as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
