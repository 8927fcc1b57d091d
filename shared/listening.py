"""Serving an ASGI application on a socket of ours for as long as a block runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.errors import ConfigurationError


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: when the process is asked to stop is the pipeline's business."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextmanager
def bound(host: str, port: int, key: str) -> Iterator[socket.socket]:
    """Give a socket bound to *host* and *port* until the block is left; *key* is the setting that chose the port.

    Raises:
        ConfigurationError: the address cannot be listened on.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                key,
                f"cannot listen on {host}:{port}: {error.strerror}",
                "Choose a free port of this machine, or 0 for none",
            ) from error
        yield listener


@asynccontextmanager
async def listening(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve *app* on the bound socket *listener* until the block is left."""
    server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
