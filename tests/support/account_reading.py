"""One channel on an MTProto server, and what reads it through an account."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.collector.sources.telegram.account import AccountSource
from services.collector.sources.telegram.telethon_client import TelethonClient
from shared.settings import Secret
from tests.support.channel import Channel
from tests.support.lone_session import LoneSession
from tests.support.mtproto import MtprotoServer
from tests.support.reading import Reader


@pytest.fixture
async def server() -> AsyncIterator[MtprotoServer]:
    """A data centre."""
    async with MtprotoServer() as running:
        yield running


@pytest.fixture
def channel(server: MtprotoServer) -> Channel:
    """Its channel."""
    return server.channel("WarNews")


def client_for(session: str, lease: LoneSession | None = None) -> TelethonClient:
    """Return a client that uses *session*; the caller closes it."""
    return TelethonClient(api_id=1, api_hash=Secret("hash"), session=Secret(session), lease=lease or LoneSession())


@pytest.fixture
async def client(server: MtprotoServer) -> AsyncIterator[TelethonClient]:
    """A logged-in client."""
    running = client_for(server.session())
    yield running
    await running.close()


@pytest.fixture
def reader(client: TelethonClient) -> Reader:
    """What looks at the channel."""
    return Reader(AccountSource("warnews", client))
