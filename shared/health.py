"""Health and metrics over HTTP: ``/healthz`` ``/readyz`` ``/metrics`` ``/version``.

``/healthz`` says that the event loop turns, nothing else: a database that is away must not get the process killed.
``/readyz`` says whether the service can do its work now. Neither depends on feeds, channels or receivers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shared.errors import ClaimwatchError
from shared.listening import bound, listening
from shared.settings import HttpSettings

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, raises ``ClaimwatchError`` when it is not."""

PATIENCE = 3.0
"""Seconds a check may take; a probe of an orchestrator waits about as long."""


def application(service: str, checks: Mapping[str, Check]) -> Starlette:
    """Return the four pages; *checks* are what ``/readyz`` asks, by name."""

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        answers = await asyncio.gather(*(_ask(check) for check in checks.values()))
        told = dict(zip(checks, answers, strict=True))
        well = all(answer == "ok" for answer in answers)
        return JSONResponse({"ready": well, "checks": told}, status_code=200 if well else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def versions(_request: Request) -> Response:
        return JSONResponse({"service": service, "version": version("claimwatch")})

    return Starlette(
        routes=[
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/metrics", metrics),
            Route("/version", versions),
        ]
    )


@asynccontextmanager
async def serve_health(settings: HttpSettings, service: str, checks: Mapping[str, Check]) -> AsyncIterator[None]:
    """Serve the pages while the block runs; nothing at all when ``http.port`` is 0.

    Raises:
        ConfigurationError: the address cannot be listened on.

    """
    if settings.port == 0:
        yield
        return
    with bound(settings.host, settings.port, "http.port") as listener:
        async with listening(application(service, checks), listener):
            yield


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except ClaimwatchError as error:
        return str(error)
    return "ok"
