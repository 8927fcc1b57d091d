"""Services run together: prepared, supervised, stopped; on real files and real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from services.configuration import Configuration
from services.pipeline import Crashed, Service, checks, stopping_on_signals, supervise
from services.preparation import Stopped, ensure_topics, patiently, prepared
from shared.errors import ConfigurationError, Reject, Retry
from shared.eventlog.opening import create_topics
from shared.health import serve_health
from shared.migrations import upgrade
from shared.runtime import Runtime
from shared.topics import RAW, TOPICS


def configuration(folder: Path, **changes: str) -> Configuration:
    files = {"log": f"sqlite:///{folder / 'log.db'}", "database": f"sqlite:///{folder / 'claims.db'}"}
    return Configuration.model_validate(files | changes)


@asynccontextmanager
async def runtime_in(folder: Path) -> AsyncIterator[Runtime]:
    async with prepared(configuration(folder), name="test", stop=asyncio.Event(), embedded=True) as runtime:
        yield runtime


def service(name: str, work: Callable[[Runtime], Awaitable[None]]) -> Service:
    return Service(name, work)


async def until_stopped(runtime: Runtime) -> None:
    await runtime.stop.wait()


async def test_an_embedded_run_makes_what_it_needs(tmp_path: Path) -> None:
    async with runtime_in(tmp_path) as runtime:
        await runtime.log.append(RAW.name, "key", b"{}", {})
    await upgrade(configuration(tmp_path).database)
    report = await create_topics(configuration(tmp_path).log, TOPICS, dry_run=True)
    assert report.created == ()


async def test_a_service_alone_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"is empty, this version needs .* Run: claimwatch migrate"):
        async with prepared(configuration(tmp_path), name="x", stop=asyncio.Event(), embedded=False):
            pass
    await upgrade(configuration(tmp_path).database)
    with pytest.raises(ConfigurationError, match=r"topics are missing: items\.raw, .* Run: claimwatch topics"):
        async with prepared(configuration(tmp_path), name="x", stop=asyncio.Event(), embedded=False):
            pass
    await create_topics(configuration(tmp_path).log, TOPICS)
    async with prepared(configuration(tmp_path), name="x", stop=asyncio.Event(), embedded=False):
        pass


async def test_a_topic_that_differs_is_told_and_left_alone(tmp_path: Path) -> None:
    url = configuration(tmp_path).log
    await create_topics(url, [replace(topic, partitions=1) if topic is RAW else topic for topic in TOPICS])
    with capture_logs() as logs:
        await ensure_topics(url, create=False)
    assert [(line["topic"], line["what"], line["found"]) for line in logs] == [("items.raw", "partitions", "1")]


async def test_a_server_that_is_down_is_waited_for_and_each_attempt_told() -> None:
    answers: list[Exception | str] = [Retry("away"), Retry("still away"), "there"]

    async def attempt() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with capture_logs() as logs:
        assert await patiently("log", attempt, asyncio.Event(), first_wait=0.01) == "there"
    assert [(line["reason"], line["attempt"]) for line in logs] == [("away", 1), ("still away", 2)]


async def test_waiting_ends_when_asked_to_stop() -> None:
    stop = asyncio.Event()

    async def attempt() -> None:
        asyncio.get_running_loop().call_soon(stop.set)
        raise Retry("away", after=3600)

    with pytest.raises(Stopped):
        await patiently("log", attempt, stop)


async def test_an_attempt_that_hangs_is_given_up_when_asked_to_stop() -> None:
    stop = asyncio.Event()

    async def attempt() -> None:
        stop.set()
        await asyncio.Event().wait()

    with pytest.raises(Stopped):
        await patiently("log", attempt, stop)


async def test_what_is_wrong_is_not_waited_for() -> None:
    async def attempt() -> None:
        raise ConfigurationError("log", "is wrong", "Mend it")

    with pytest.raises(ConfigurationError):
        await patiently("log", attempt, asyncio.Event())


async def test_services_drain_when_asked_to_stop(tmp_path: Path) -> None:
    drained = []

    async def work(runtime: Runtime) -> None:
        await runtime.stop.wait()
        await asyncio.sleep(0)
        drained.append(True)

    async with runtime_in(tmp_path) as runtime:
        asyncio.get_running_loop().call_soon(runtime.stop.set)
        await supervise([service("a", work), service("b", work)], runtime)
    assert drained == [True, True]


async def test_one_that_crashes_stops_the_others_and_says_so(tmp_path: Path) -> None:
    drained = asyncio.Event()

    async def crash(_runtime: Runtime) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(KeyError("x")))

    async def other(runtime: Runtime) -> None:
        await runtime.stop.wait()
        drained.set()

    async with runtime_in(tmp_path) as runtime:
        with capture_logs() as logs, pytest.raises(Crashed, match="the classifier crashed: KeyError: 'x'"):
            await supervise([service("classifier", crash), service("alerter", other)], runtime)
    assert drained.is_set()
    assert logs[-1]["event"] == "crashed"
    assert logs[-1]["exc_info"]


async def fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", [ConfigurationError("log", "is wrong", "Mend it"), Reject("too many")])
async def test_an_error_of_ours_comes_out_as_it_is(tmp_path: Path, error: Exception) -> None:
    async with runtime_in(tmp_path) as runtime:
        with pytest.raises(type(error), match=str(error)):
            await supervise([service("a", lambda _: fail(error)), service("b", until_stopped)], runtime)


async def test_one_that_ends_by_itself_is_a_fault_unless_it_may(tmp_path: Path) -> None:
    async def nothing(_runtime: Runtime) -> None:
        """End at once."""

    async with runtime_in(tmp_path) as runtime:
        with pytest.raises(Crashed, match="the collector ended without being asked to"):
            await supervise([service("collector", nothing), service("b", until_stopped)], runtime)
    async with runtime_in(tmp_path) as runtime:
        await supervise([service("collector", nothing)], runtime, may_end=True)


async def test_one_that_does_not_finish_is_cut_off_and_named(tmp_path: Path) -> None:
    async def stubborn(_runtime: Runtime) -> None:
        await asyncio.Event().wait()

    async with runtime_in(tmp_path) as runtime:
        runtime.stop.set()
        with pytest.raises(Crashed, match="stubborn did not finish within 0 s"):
            await supervise([service("stubborn", stubborn), service("b", until_stopped)], runtime, drain=0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    stop = asyncio.Event()
    with stopping_on_signals(stop):
        os.kill(os.getpid(), number)
        async with asyncio.timeout(10):
            await stop.wait()


async def test_ready_when_database_and_log_answer(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = configuration(tmp_path)
    settings = settings.model_copy(update={"http": settings.http.model_copy(update={"port": port})})
    async with (
        runtime_in(tmp_path) as runtime,
        serve_health(settings.http, "run", checks(settings, runtime)),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        answer = await client.get("/readyz")
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "log": "ok"}}
