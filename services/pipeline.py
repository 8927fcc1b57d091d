"""Services in one process: started together on one runtime, stopped together, drained on a signal."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, Literal

import structlog
from sqlalchemy import text

from services.collector.sources.gate import Gate
from services.configuration import Configuration
from services.preparation import Stopped, prepared
from shared.database import reading
from shared.errors import ClaimwatchError, ConfigurationError
from shared.eventlog.opening import check_log
from shared.health import Check, serve_health
from shared.runtime import Runtime

LOG = structlog.get_logger(__name__)

DRAIN = 40.0
"""Seconds a service may take to finish what is in hand; ``stop_grace_period`` in the deploy files is longer."""

Name = Literal["collector", "classifier", "alerter"]
ALL: tuple[Name, ...] = ("collector", "classifier", "alerter")

Companion = Callable[[Runtime], AbstractAsyncContextManager[None]]
"""Something that accompanies a run: the live screen."""


@dataclass(frozen=True)
class Service:
    """One service, ready to run on a runtime until its ``stop`` is set."""

    name: str
    run: Callable[[Runtime], Awaitable[None]]


class Crashed(ClaimwatchError):
    """A service ended that should not have."""


async def run(
    configuration: Configuration,
    names: Sequence[Name],
    *,
    embedded: bool = False,
    once: bool = False,
    companion: Companion | None = None,
) -> None:
    """Run the named services until a signal says stop; return once they have drained.

    Raises:
        ConfigurationError: something that must be there is not, or is wrong.
        Crashed: a service ended by itself.

    """
    name = names[0] if len(names) == 1 else "run"
    services = [load_service(one, configuration, once=once) for one in names]
    stop = asyncio.Event()
    with stopping_on_signals(stop):
        try:
            async with (
                prepared(configuration, name=name, stop=stop, embedded=embedded) as runtime,
                serve_health(configuration.http, name, checks(configuration, runtime)),
                (companion or _alone)(runtime),
            ):
                LOG.info("started", services=list(names))
                await supervise(services, runtime, may_end=once)
        except Stopped:
            LOG.info("stopped before the start")
            return
    LOG.info("stopped")


def load_service(name: Name, configuration: Configuration, *, once: bool = False) -> Service:
    """Return the service of that *name* with its own section of the *configuration*.

    Raises:
        ConfigurationError: its libraries are not installed.

    """
    app = import_app(name)
    settings = getattr(configuration, name)
    options: dict[str, Any] = {"once": True} if once else {}
    if name == "collector":
        options["gate"] = load_gate(configuration.classifier.languages)
    return Service(name, lambda runtime: app.run(runtime, settings, **options))


def load_gate(languages: Sequence[str]) -> Gate | None:
    """Return the classifier's gate for *languages* as the collector asks it; None where its libraries are missing."""
    try:
        raw_gate = importlib.import_module("services.classifier.raw_gate")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("services", "shared")):
            raise
        LOG.info("every short entry's page is fetched", reason=f"the gate needs {error.name}, which is not installed")
        return None
    gate = raw_gate.RawGate.load(languages)
    return Gate(teaser=gate.opens, page=gate.opens_page)


def checks(configuration: Configuration, runtime: Runtime) -> dict[str, Check]:
    """Return what ``/readyz`` asks: whether the database and the log answer."""

    async def database() -> None:
        async with reading(runtime.engine) as connection:
            await connection.execute(text("SELECT 1"))

    return {"database": database, "log": partial(check_log, configuration.log)}


async def supervise(
    services: Sequence[Service], runtime: Runtime, *, may_end: bool = False, drain: float = DRAIN
) -> None:
    """Run *services* until ``runtime.stop`` is set or one of them ends; then let all drain.

    *may_end*: a service that ends without an error has done its work.

    Raises:
        Crashed: one ended with an error, or without being asked to.
        ClaimwatchError: one ended with it.

    """
    tasks = {asyncio.create_task(_run(one, runtime), name=one.name): one for one in services}
    stopping = asyncio.create_task(runtime.stop.wait())
    try:
        await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
        asked = runtime.stop.is_set()
        ended = [task for task in tasks if task.done()]
        runtime.stop.set()
        _, late = await asyncio.wait(tasks, timeout=drain)
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
    for task, service in tasks.items():
        _raise_failure(task, service)
    if late:
        names = ", ".join(sorted(task.get_name() for task in late))
        raise Crashed(f"{names} did not finish within {drain:.0f} s; what was in hand is done again at the next start")
    if ended and not asked and not may_end:
        raise Crashed(f"the {ended[0].get_name()} ended without being asked to")


@contextmanager
def stopping_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set *stop* on the first SIGTERM or SIGINT inside the block; end the process at once on the second."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def ask(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)
        LOG.info("stopping", signal=number.name, hint="again to end at once")
        stop.set()

    for number in signals:
        loop.add_signal_handler(number, ask, number)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _run(service: Service, runtime: Runtime) -> None:
    structlog.contextvars.bind_contextvars(service=service.name)
    await service.run(runtime)


def _raise_failure(task: asyncio.Task[None], service: Service) -> None:
    if task.cancelled() or not (error := task.exception()):
        return
    cause = _first(error)
    if isinstance(cause, ClaimwatchError):
        raise cause
    LOG.error("crashed", service=service.name, exc_info=error)
    raise Crashed(
        f"the {service.name} crashed: {type(cause).__name__}: {cause}. Nothing is lost: what was in hand is done again "
        "at the next start. Please report this with the log"
    ) from error


def _first(error: BaseException) -> BaseException:
    """Return the error that came first among those of a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def import_app(name: Name) -> ModuleType:
    """Return the composition root of the service of that *name*.

    Raises:
        ConfigurationError: its libraries are not installed.

    """
    try:
        return importlib.import_module(f"services.{name}.app")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("services", "shared")):
            raise
        problem = f"the library {error.name} is not installed"
        raise ConfigurationError(name, problem, f'Run: pip install "claimwatch[{name}]"') from error


@asynccontextmanager
async def _alone(_runtime: Runtime) -> AsyncIterator[None]:
    yield
