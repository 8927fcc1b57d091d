"""An account's session: ended by Telegram, taken away, of another data centre, broken; and never shown."""

from __future__ import annotations

import asyncio
import logging

import pytest

from services.collector.sources.telegram.account import AccountSource, AccountUnusable
from shared.errors import ConfigurationError, Retry
from tests.support.account_reading import channel, client, client_for, reader, server
from tests.support.channel import Channel
from tests.support.lone_session import LoneSession
from tests.support.mtproto import MtprotoServer
from tests.support.reading import Reader

__all__ = ["channel", "client", "reader", "server"]


async def test_a_session_of_another_data_centre_is_told_to_the_operator_and_left_alone(
    server: MtprotoServer, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    async with MtprotoServer(channel, dc=4) as home:
        server.others[4] = home.port
        channel.refusal = (303, "USER_MIGRATE_4")
        with pytest.raises(AccountUnusable, match=r"not logged in any more.*Log in again"):
            await reader.look()
        calls = server.calls.total() + home.calls.total()
        with pytest.raises(AccountUnusable):
            await reader.look()
        assert server.calls.total() + home.calls.total() == calls


async def test_a_session_taken_away_is_disconnected_at_once_and_used_again_when_it_is_back(
    server: MtprotoServer, channel: Channel
) -> None:
    lease = LoneSession()
    account = client_for(server.session(), lease)
    reader = Reader(AccountSource("warnews", account))
    channel.post("one")
    await reader.look()
    assert (lease.held, server.connected) == (True, 1)
    lease.end()
    async with asyncio.timeout(10):
        while server.connected:  # noqa: ASYNC110 - the socket tells nobody
            await asyncio.sleep(0.01)
    channel.post("two")
    await reader.look()
    assert lease.held
    await account.close()
    assert not lease.held
    assert list(reader.texts.values()) == ["one", "two"]


@pytest.mark.parametrize(
    ("happen", "words"),
    [
        (MtprotoServer.duplicate, "used from two places at once"),
        (MtprotoServer.revoke, "not logged in any more"),
    ],
)
@pytest.mark.parametrize("when", ["at start", "later"])
async def test_a_session_telegram_has_ended_is_told_to_the_operator_and_left_alone(
    server: MtprotoServer, channel: Channel, reader: Reader, happen: object, words: str, when: str
) -> None:
    channel.post("one")
    if when == "later":
        await reader.look()
    assert callable(happen)
    happen(server)
    with pytest.raises(AccountUnusable, match=rf"{words}.*telegram\.session"):
        await reader.look()
    calls = server.calls.total()
    with pytest.raises(AccountUnusable, match=words):
        await reader.look()
    assert server.calls.total() == calls
    assert server.connected == 0


async def test_a_key_the_server_does_not_know_just_now_is_tried_again(
    server: MtprotoServer, channel: Channel, reader: Reader
) -> None:
    channel.post("one")
    keys = dict(server.keys)
    server.forget_keys()
    with pytest.raises(Retry, match=r"does not know this session's key just now.*telegram\.session") as refused:
        await reader.look()
    assert not isinstance(refused.value, AccountUnusable)
    server.keys |= keys
    await reader.look()
    assert list(reader.texts.values()) == ["one"]


@pytest.mark.parametrize("broken", ["nonsense", "1" + "A" * 352, "1AgAAAA", "\N{BULLET}"])
def test_a_broken_session_string_is_refused_without_being_shown(broken: str) -> None:
    with pytest.raises(ConfigurationError, match=r"telegram\.session") as refused:
        client_for(broken)
    assert broken not in str(refused.value)


async def test_the_session_is_never_logged(
    server: MtprotoServer, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    channel.post("one")
    session = server.session()
    running = client_for(session)
    await Reader(AccountSource("warnews", running)).look()
    await running.close()
    assert caplog.records
    assert session not in caplog.text
