"""Logging a number in: a real handshake, the code, the password, and the way to another data centre."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from services.collector.sources.telegram.account import AccountSource
from services.collector.sources.telegram.telethon_client import TelethonClient, log_in
from shared.errors import Retry
from shared.settings import Secret
from tests.support.lone_session import LoneSession
from tests.support.mtproto import MtprotoServer
from tests.support.mtproto.secrecy import server_key
from tests.support.reading import Reader


@pytest.fixture
async def server() -> AsyncIterator[MtprotoServer]:
    server_key()
    async with MtprotoServer() as running:
        yield running


def answering(*answers: str) -> Callable[[str], str]:
    left = iter(answers)
    return lambda _question: next(left)


def nobody(question: str) -> str:
    raise AssertionError(question)


async def session_from(server: MtprotoServer, *answers: str, hidden: Callable[[str], str] = nobody) -> Secret:
    return await log_in(
        api_id=1,
        api_hash=Secret("hash"),
        ask=answering(*answers),
        ask_hidden=hidden,
        server=("127.0.0.1", server.port),
    )


async def read_with(session: Secret, channel: str) -> list[str]:
    client = TelethonClient(api_id=1, api_hash=Secret("hash"), session=session, lease=LoneSession())
    reader = Reader(AccountSource(channel, client))
    try:
        await reader.look()
    finally:
        await client.close()
    return list(reader.texts.values())


async def test_a_phone_and_its_code_make_a_session_that_reads(server: MtprotoServer) -> None:
    server.channel("WarNews").post("Four killed")
    session = await session_from(server, "+1 555 0100", "31337")
    assert await read_with(session, "warnews") == ["Four killed"]


async def test_the_second_password_is_proved_and_not_sent(server: MtprotoServer) -> None:
    server.login.password = "correct horse"
    server.channel("WarNews").post("Four killed")
    session = await session_from(server, "15550100", "31337", hidden=answering("correct horse"))
    assert await read_with(session, "warnews") == ["Four killed"]


@pytest.mark.parametrize(
    ("answers", "hidden", "says"),
    [
        (("15550199",), nobody, "phone number is invalid"),
        (("15550100", "00000"), nobody, "phone code entered was invalid"),
        (("15550100", "31337"), answering("wrong"), "password .* is invalid"),
    ],
)
async def test_a_wrong_answer_is_said_to_be_one(
    server: MtprotoServer, answers: tuple[str, ...], hidden: Callable[[str], str], says: str
) -> None:
    server.login.password = "correct horse"
    with pytest.raises(Retry, match=says):
        await session_from(server, *answers, hidden=hidden)


async def test_a_number_of_another_data_centre_is_followed_there(server: MtprotoServer) -> None:
    async with MtprotoServer(dc=4) as home:
        home.channel("WarNews").post("Four killed")
        server.others[4] = home.port
        server.login.migrate_to = 4
        session = await session_from(server, "15550100", "31337")
        assert await read_with(session, "warnews") == ["Four killed"]
        assert home.calls["SignIn"] == 1
        assert server.calls["SignIn"] == 0


async def test_a_server_that_is_away_is_said_to_be(server: MtprotoServer) -> None:
    await server.stop()
    with pytest.raises(Retry, match="cannot be reached"):
        await session_from(server, "15550100", "31337")
