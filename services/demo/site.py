"""The demo's web site: feeds with validators, articles and channel pages over real HTTP on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.demo import pages
from services.demo.storyline import Outlet, Storyline
from shared.errors import ClaimwatchError
from shared.listening import listening

HOST = "127.0.0.1"


class Site:
    """Shows a storyline up to its present step, and remembers which outlets were looked at since that step."""

    def __init__(self, storyline: Storyline) -> None:
        self.storyline = storyline
        self.step = 0
        self._by_name = {name: outlet for outlet in storyline.outlets for name in (outlet.id, outlet.channel) if name}
        self._looked: set[str] = set()
        self._changed = asyncio.Condition()
        self.app = Starlette(
            routes=[
                Route("/feeds/{outlet}.xml", self._feed),
                Route("/articles/{outlet}/{key}", self._article),
                Route("/s/{outlet}", self._channel),
            ]
        )

    async def advance(self) -> bool:
        """Let the next step happen; False when the storyline has ended."""
        if self.step == len(self.storyline.steps):
            return False
        async with self._changed:
            self.step += 1
            self._looked.clear()
        return True

    async def looked_at(self, outlet: str) -> None:
        """Wait until somebody has looked at *outlet* since the last step."""
        async with self._changed:
            await self._changed.wait_for(lambda: outlet in self._looked)

    async def _feed(self, request: Request) -> Response:
        outlet = self._outlet(request)
        if outlet is None or outlet.kind != "rss":
            return PlainTextResponse("No such feed", status_code=404)
        base = str(request.base_url).rstrip("/")
        page = pages.feed(outlet, self.storyline.shown(outlet.id, self.step), base)
        return await self._answer(request, outlet, page, "application/rss+xml; charset=utf-8")

    async def _channel(self, request: Request) -> Response:
        outlet = self._outlet(request)
        if outlet is None or outlet.kind != "telegram":
            return PlainTextResponse("No such channel", status_code=404)
        # Everything stands on one page, so an older page is empty.
        shown = () if "before" in request.query_params else self.storyline.shown(outlet.id, self.step)
        return await self._answer(request, outlet, pages.channel(outlet, shown), "text/html; charset=utf-8")

    async def _article(self, request: Request) -> Response:
        outlet = self._outlet(request)
        shown = self.storyline.shown(outlet.id, self.step) if outlet else ()
        for item in shown:
            if outlet and item.key == request.path_params["key"]:
                return Response(pages.article(outlet, item), media_type="text/html; charset=utf-8")
        return PlainTextResponse("No such article", status_code=404)

    def _outlet(self, request: Request) -> Outlet | None:
        return self._by_name.get(request.path_params["outlet"])

    async def _answer(self, request: Request, outlet: Outlet, page: str, media_type: str) -> Response:
        async with self._changed:
            self._looked.add(outlet.id)
            self._changed.notify_all()
        tag = f'"{hashlib.sha256(page.encode()).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(page, media_type=media_type, headers={"ETag": tag})


@asynccontextmanager
async def serving(site: Site, port: int = 0) -> AsyncIterator[str]:
    """Serve *site* on this machine (port 0: any free one) while the block runs; gives its address.

    Raises:
        ClaimwatchError: the port is taken.

    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise ClaimwatchError(f"cannot listen on {HOST}:{port}: {error.strerror or error}") from error
    with listener:
        async with listening(site.app, listener):
            yield f"http://{HOST}:{listener.getsockname()[1]}"
