"""The test server as the unmodified Telethon client sees it: what every other Telegram test relies on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from telethon import TelegramClient, events, functions, types
from telethon.errors import (
    AuthKeyDuplicatedError,
    AuthKeyUnregisteredError,
    FloodWaitError,
    NetworkMigrateError,
    UsernameNotOccupiedError,
)
from telethon.sessions import StringSession

from tests.support.account_reading import channel, server
from tests.support.channel import Channel
from tests.support.mtproto import MtprotoServer

__all__ = ["channel", "server"]


@asynccontextmanager
async def telethon(session: str | StringSession) -> AsyncIterator[TelegramClient]:
    client = TelegramClient(
        session if isinstance(session, StringSession) else StringSession(session),
        1,
        "hash",
        flood_sleep_threshold=0,
        raise_last_call_error=True,
        request_retries=1,
        connection_retries=1,
    )
    try:
        await client.connect()
        yield client
    finally:
        await client.disconnect()


def peer(channel: Channel) -> Any:
    return types.InputPeerChannel(channel.id, channel.id * 7)


async def ids(client: TelegramClient, channel: Channel, **query: Any) -> list[int]:
    return [message.id for message in await client.get_messages(peer(channel), **query)]


class Heard:
    """What reaches a client's handlers."""

    def __init__(self, client: TelegramClient) -> None:
        self.new: list[str] = []
        self.edited: list[str] = []
        self.deleted: list[int] = []
        self._happened = asyncio.Event()
        client.add_event_handler(self._on_new, events.NewMessage())
        client.add_event_handler(self._on_edit, events.MessageEdited())
        client.add_event_handler(self._on_delete, events.MessageDeleted())

    async def _on_new(self, event: Any) -> None:
        self.new.append(event.message.message)
        self._happened.set()

    async def _on_edit(self, event: Any) -> None:
        self.edited.append(event.message.message)
        self._happened.set()

    async def _on_delete(self, event: Any) -> None:
        self.deleted += event.deleted_ids
        self._happened.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await self._happened.wait()
                self._happened.clear()


async def test_a_handshake_makes_a_key_that_resumes_without_another(server: MtprotoServer, channel: Channel) -> None:
    channel.post("one")
    server.trusts_new_keys = True
    session = StringSession(server.new_session())
    async with telethon(session) as client:
        assert await ids(client, channel, limit=5) == [1]
    assert set(server.keys) == {session.auth_key.key_id}
    async with telethon(session.save()) as client:
        assert await ids(client, channel, limit=5) == [1]
    assert len(server.keys) == 1


async def test_a_key_that_nobody_logged_in_with_is_refused(server: MtprotoServer, channel: Channel) -> None:
    async with telethon(server.new_session()) as client:
        with pytest.raises(AuthKeyUnregisteredError):
            await ids(client, channel, limit=5)


async def test_history_is_given_in_pages_both_ways_and_by_ids(server: MtprotoServer, channel: Channel) -> None:
    for number in range(1, 251):
        channel.post(f"post {number}")
    channel.delete(100)
    async with telethon(server.session()) as client:
        assert await ids(client, channel, limit=None) == [number for number in range(250, 0, -1) if number != 100]
        after = await ids(client, channel, min_id=30, limit=150, reverse=True)
        assert after == [number for number in range(31, 182) if number != 100]
        assert await ids(client, channel, offset_id=50, limit=3) == [49, 48, 47]
        found = await client.get_messages(peer(channel), ids=[99, 100, 101])
        assert [message and message.id for message in found] == [99, None, 101]
    assert server.calls["GetHistory"] >= 5


async def test_names_are_resolved_and_unknown_ones_are_not(server: MtprotoServer, channel: Channel) -> None:
    async with telethon(server.session()) as client:
        found = await client(functions.contacts.ResolveUsernameRequest("WARNEWS"))
        assert [chat.id for chat in found.chats] == [channel.id]
        with pytest.raises(UsernameNotOccupiedError):
            await client(functions.contacts.ResolveUsernameRequest("nobody"))


async def test_new_edited_and_deleted_posts_are_pushed(server: MtprotoServer, channel: Channel) -> None:
    async with telethon(server.session()) as client:
        heard = Heard(client)
        await ids(client, channel, limit=1)
        number = channel.post("One killed")
        await heard.until(lambda: heard.new == ["One killed"])
        channel.edit(number, "Four killed")
        await heard.until(lambda: heard.edited == ["Four killed"])
        channel.delete(number)
        await heard.until(lambda: heard.deleted == [number])


@contextmanager
def withheld(server: MtprotoServer) -> Iterator[None]:
    """Tell clients nothing of what happens in this block."""
    server.silent = True
    yield
    server.silent = False


@asynccontextmanager
async def listening(server: MtprotoServer, channel: Channel) -> AsyncIterator[tuple[TelegramClient, Heard]]:
    """Give a client that has heard of one post, and so knows how far it is in the channel."""
    async with telethon(server.session()) as client:
        heard = Heard(client)
        await ids(client, channel, limit=1)
        channel.post("known")
        await heard.until(lambda: heard.new == ["known"])
        yield client, heard


async def test_a_gap_makes_the_client_ask_for_the_difference_of_which_it_loses_the_edits(
    server: MtprotoServer, channel: Channel
) -> None:
    """Telethon 1.45 moves to the difference's end before it looks at its edits, and takes them for handled."""
    async with listening(server, channel) as (_, heard):
        with withheld(server):
            channel.post("withheld")
            channel.edit(1, "edited meanwhile")
        channel.post("reveals the gap")
        await heard.until(lambda: "reveals the gap" in heard.new)
        channel.post("afterwards")
        await heard.until(lambda: "afterwards" in heard.new)
    assert heard.new == ["known", "withheld", "reveals the gap", "afterwards"]
    assert heard.edited == []
    assert server.calls["GetChannelDifference"] == 1


async def test_a_difference_too_long_is_dropped_by_the_client_in_silence(
    server: MtprotoServer, channel: Channel
) -> None:
    """Why the product reads history, whatever updates say."""
    async with listening(server, channel) as (client, heard):
        with withheld(server):
            for number in range(120):
                channel.post(f"withheld {number}")
        channel.post("reveals the gap")
        await asyncio.wait_for(server.called("GetChannelDifference"), 10)
        channel.post("afterwards")
        await heard.until(lambda: "afterwards" in heard.new)
        assert not [text for text in heard.new if text.startswith("withheld")]
        assert len(await ids(client, channel, limit=None)) == 123


async def test_a_flood_wait_is_one_channels_and_tells_its_seconds(server: MtprotoServer, channel: Channel) -> None:
    other = server.channel("HomsDaily")
    other.post("one")
    channel.flood(17)
    async with telethon(server.session()) as client:
        with pytest.raises(FloodWaitError) as refused:
            await ids(client, channel, limit=1)
    assert refused.value.seconds == 17
    async with telethon(server.session()) as client:
        assert await ids(client, other, limit=1) == [1]


async def test_a_socket_that_drops_is_opened_again_by_the_client(server: MtprotoServer, channel: Channel) -> None:
    async with telethon(server.session()) as client:
        heard = Heard(client)
        await ids(client, channel, limit=1)
        server.drop()
        async with asyncio.timeout(10):
            while not client.is_connected() or server.connected != 1:  # noqa: ASYNC110 - neither end tells of it
                await asyncio.sleep(0.02)
        channel.post("after the drop")
        assert await ids(client, channel, limit=5) == [1]
        channel.post("pushed after the drop")
        await heard.until(lambda: "pushed after the drop" in heard.new)


async def test_a_key_used_in_two_places_is_ended_for_both_and_for_good(server: MtprotoServer, channel: Channel) -> None:
    session = server.session()
    async with telethon(session) as first:
        await ids(first, channel, limit=1)
        with pytest.raises(AuthKeyDuplicatedError):
            async with telethon(session):
                pass
        with pytest.raises(AuthKeyDuplicatedError):
            await ids(first, channel, limit=1)
    with pytest.raises(AuthKeyDuplicatedError):
        async with telethon(session):
            pass


async def test_two_sessions_are_no_duplicate(server: MtprotoServer, channel: Channel) -> None:
    async with telethon(server.session()) as first, telethon(server.session()) as second:
        assert await ids(first, channel, limit=1) == await ids(second, channel, limit=1) == []


async def test_a_number_of_another_data_centre_is_sent_there_and_shakes_hands_anew(
    server: MtprotoServer, channel: Channel
) -> None:
    async with MtprotoServer(channel, dc=4) as home:
        server.others[4] = home.port
        server.login.migrate_to = 4
        session = StringSession(server.new_session())
        async with telethon(session) as client:
            await client(functions.auth.SendCodeRequest("15550100", 1, "hash", types.CodeSettings()))
        assert (session.dc_id, session.port) == (4, home.port)
        assert (home.calls["SendCode"], server.calls["SendCode"]) == (1, 1)
        assert len(home.keys) == len(server.keys) == 1


async def test_a_reader_is_not_moved_behind_its_back(server: MtprotoServer, channel: Channel) -> None:
    async with telethon(server.session()) as client:
        await ids(client, channel, limit=1)
        channel.refusal = (303, "NETWORK_MIGRATE_4")
        with pytest.raises(NetworkMigrateError):
            await ids(client, channel, limit=1)


async def test_a_session_that_was_revoked_is_not_authorised(server: MtprotoServer, channel: Channel) -> None:
    session = server.session()
    async with telethon(session) as client:
        assert (await client.get_me()).is_self
        server.revoke()
        with pytest.raises(AuthKeyUnregisteredError):
            await ids(client, channel, limit=1)
    async with telethon(session) as client:
        assert not await client.is_user_authorized()
