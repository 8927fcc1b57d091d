"""Slack: one live message per incident, its alerts in the thread, nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.alerter.channels import Channel
from services.alerter.channels.building import build_channels
from services.alerter.settings import AlerterSettings
from shared.clock import FixedClock
from shared.errors import Reject, Retry
from tests.support.alerts import NOW, alert, conflict, delivery, hostile, incident, ordinary, statement
from tests.support.slack_server import HISTORY, TOKEN, SlackServer

CHANNEL = "C0000000001"


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


def channel(server: SlackServer, *, channel_id: str = CHANNEL, **slack: Any) -> Channel:
    subscription = {"name": "analysts", "channel": "slack", "channel_id": channel_id}
    told = {"token": TOKEN, "api_url": server.url, "timeout": 2, **slack}
    settings = AlerterSettings.model_validate({"subscriptions": (subscription,), "slack": told})
    return build_channels(settings, FixedClock(NOW))["analysts"]


@pytest.fixture
async def slack(server: SlackServer) -> AsyncIterator[Channel]:
    made = channel(server)
    yield made
    await made.close()


async def test_the_first_alert_opens_a_thread(server: SlackServer, slack: Channel) -> None:
    first = ordinary()
    receipt = await slack.send(first)
    root, reply = server.messages
    assert receipt.thread == root.ts == reply.thread_ts
    assert first.incident.headline in root.text
    assert reply.metadata == {"event_type": "claimwatch_alert", "event_payload": {"id": first.id}}


async def test_the_live_message_shows_the_figures_of_the_day(server: SlackServer, slack: Channel) -> None:
    receipt = await slack.send(ordinary())
    grown = incident(statement(), statement(number=4, voice="Syrian opposition"), revision=2, headline="1 to 4 killed")
    await slack.send(delivery(alert(*grown.statements, kind="update", about=grown), grown, thread=receipt.thread))
    root, _, second = server.messages
    assert root.text == "1 to 4 killed"
    assert "Russian forces: 1 to 4 killed (2 voices)" in root.shown
    assert second.thread_ts == root.ts
    assert len(server.threads) == 1


async def test_only_a_conflict_is_shown_outside_the_thread(server: SlackServer, slack: Channel) -> None:
    receipt = await slack.send(ordinary())
    await slack.send(conflict(thread=receipt.thread))
    assert [message.broadcast for message in server.messages] == [False, False, True]


async def test_an_alert_that_arrived_unanswered_is_not_posted_again(server: SlackServer) -> None:
    slack = channel(server, timeout=0.5)
    receipt = await slack.send(ordinary())
    second = conflict(thread=receipt.thread)
    server.fall_silent_after("chat.postMessage")
    with pytest.raises(Retry, match=r"no answer within 0\.5 seconds"):
        await slack.send(second)
    assert (await slack.send(replace(second, attempt=2, ambiguous=True))).thread == receipt.thread
    assert len(server.messages) == 3
    await slack.close()


async def test_an_alert_that_did_not_arrive_is_posted_again(server: SlackServer, slack: Channel) -> None:
    receipt = await slack.send(ordinary())
    server.break_next("chat.postMessage", 502)
    with pytest.raises(Retry, match="HTTP 502"):
        await slack.send(conflict(thread=receipt.thread))
    await slack.send(conflict(thread=receipt.thread, attempt=2, ambiguous=True))
    assert len(server.threads[receipt.thread or ""]) == 2


async def test_a_crash_between_the_two_messages_leaves_one_live_message(server: SlackServer) -> None:
    server.limit_next("conversations.history", 1)
    server.fall_silent_after("chat.postMessage")
    crashed = channel(server, timeout=0.5)
    with pytest.raises(Retry):
        await crashed.send(ordinary())
    after = channel(server)  # a new process, which remembers nothing
    with pytest.raises(Retry, match="busy"):
        await after.send(ordinary(attempt=2, ambiguous=True))
    receipt = await after.send(ordinary(attempt=3, ambiguous=True))
    [root, reply] = server.messages
    assert receipt.thread == root.ts == reply.thread_ts
    await crashed.close()
    await after.close()


async def test_what_arrived_is_found_on_a_later_page() -> None:
    async with SlackServer(page=2) as server:
        first = channel(server)
        receipt = await first.send(ordinary())
        for number in range(5):
            other = incident(statement(number=number + 5), name=f"other {number}")
            await first.send(delivery(alert(*other.statements, about=other), other))
        second = channel(server)
        again = await second.send(ordinary(attempt=2, ambiguous=True))
        assert again == receipt
        assert len(server.messages) == 12
        await first.close()
        await second.close()


async def test_without_the_right_to_look_an_alert_is_rather_sent_twice_than_lost(server: SlackServer) -> None:
    server.scopes.discard(HISTORY)
    slack = channel(server)
    receipt = await slack.send(ordinary())
    await slack.send(ordinary(attempt=2, ambiguous=True, thread=receipt.thread))
    assert len(server.threads[receipt.thread or ""]) == 2
    await slack.close()


async def test_a_deleted_live_message_is_replaced(server: SlackServer, slack: Channel) -> None:
    receipt = await slack.send(ordinary())
    server.delete(receipt.thread or "")
    replaced = await slack.send(conflict(thread=receipt.thread))
    assert replaced.thread != receipt.thread
    assert server.messages[-1].thread_ts == replaced.thread


async def test_a_live_message_that_may_not_be_edited_stays(server: SlackServer, slack: Channel) -> None:
    receipt = await slack.send(ordinary())
    server.refuse_next("chat.update", "edit_window_closed")
    assert await slack.send(conflict(thread=receipt.thread)) == receipt


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("channel_not_found", "check channel_id"),
        ("invalid_auth", "alerter.slack.token is wrong"),
        ("not_in_channel", "invite the app"),
        ("<script>", "an unknown error"),
    ],
)
async def test_a_refusal_says_what_to_change(server: SlackServer, slack: Channel, code: str, fix: str) -> None:
    server.refuse_next("chat.postMessage", code)
    with pytest.raises(Reject, match=fix):
        await slack.send(ordinary())


async def test_a_proxy_in_between_is_a_retry(server: SlackServer, slack: Channel) -> None:
    server.break_next("chat.postMessage", 200, "<html>log in</html>")
    with pytest.raises(Retry, match="is a proxy in between"):
        await slack.send(ordinary())


async def test_an_unknown_channel_and_a_wrong_token_are_told_apart(server: SlackServer) -> None:
    lost, wrong = channel(server, channel_id="C0000000009"), channel(server, token="xoxb-wrong")
    with pytest.raises(Reject, match="check channel_id"):
        await lost.send(ordinary())
    with pytest.raises(Reject, match="token is wrong"):
        await wrong.send(ordinary())
    await lost.close()
    await wrong.close()


async def test_hostile_text_mentions_nobody(server: SlackServer, slack: Channel) -> None:
    await slack.send(hostile())
    for message in server.messages:  # the server refuses any element but text and links
        assert "<!channel>" not in message.text
        assert "<@U0000001>" not in message.text
        assert "&lt;!channel&gt;" in message.text
