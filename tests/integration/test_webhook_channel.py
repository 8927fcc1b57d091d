"""Signed webhooks, as a receiver that checks them sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.alerter.channels import Channel
from services.alerter.channels.building import build_channels
from services.alerter.settings import AlerterSettings
from shared.clock import FixedClock
from shared.errors import Reject, Retry
from shared.messages import Alert, Incident
from tests.support.alerts import HUGE, NOW, hostile, ordinary
from tests.support.http_receiver import HttpReceiver, Reply

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT_KEY = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
STRANGE_KEY = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as receiver:
        yield receiver


def hook(url: str, clock: FixedClock | None = None, **fields: Any) -> Channel:
    told = {"name": "hook", "channel": "webhook", "url": url, "secrets": (KEY,), "allow_private": True, **fields}
    settings = AlerterSettings.model_validate({"subscriptions": (told,), "webhook": {"timeout": 1}})
    return build_channels(settings, clock or FixedClock(NOW))["hook"]


async def test_a_receiver_can_check_the_signature(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url)
    await channel.send(ordinary())
    [request] = receiver.requests
    assert request.is_signed_with(KEY)
    assert not request.is_signed_with(STRANGE_KEY)
    assert request.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    await channel.close()


async def test_every_key_signs_while_one_is_replaced(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url, secrets=(NEXT_KEY, KEY))
    await channel.send(ordinary())
    assert receiver.requests[0].is_signed_with(KEY)
    assert receiver.requests[0].is_signed_with(NEXT_KEY)
    await channel.close()


async def test_a_repeat_is_the_same_event_at_another_time(receiver: HttpReceiver) -> None:
    clock = FixedClock(NOW)
    channel = hook(receiver.url, clock)
    receiver.answer_next(Reply(500))
    with pytest.raises(Retry, match="HTTP 500"):
        await channel.send(ordinary())
    clock.advance(timedelta(minutes=5))
    await channel.send(ordinary(attempt=2))
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 300
    assert second.is_signed_with(KEY)
    await channel.close()


async def test_the_event_carries_the_alert_word_for_word(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url)
    sent = hostile()
    await channel.send(sent)
    event = receiver.requests[0].event
    assert {event["specversion"], event["type"], event["source"]} == {
        "1.0", "claimwatch.notification.v1", "claimwatch/alerter"
    }  # fmt: skip
    assert Alert.model_validate(event["data"]["alert"]) == sent.alert
    assert event["data"]["alert"]["statements"][0]["claim"]["evidence"] == HUGE
    assert Incident.model_validate(event["data"]["incident"]).headline == sent.incident.headline
    await channel.close()


async def test_a_redirect_is_not_followed(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url)
    receiver.answer_next(Reply(307, {"Location": f"{receiver.url}/elsewhere"}))
    with pytest.raises(Retry, match=r"redirects \(HTTP 307\).*put the final address into url"):
        await channel.send(ordinary())
    assert len(receiver.requests) == 1
    await channel.close()


@pytest.mark.parametrize(
    ("named", "after"),
    [("120", 120), ("Wed, 03 Feb 2016 09:41:00 GMT", 600), ("99999999", 21600), ("soon", None), ("-5", None)],
)
async def test_the_time_a_receiver_names_is_kept(receiver: HttpReceiver, named: str, after: float | None) -> None:
    channel = hook(receiver.url)
    receiver.answer_next(Reply(429, {"Retry-After": named}))
    with pytest.raises(Retry) as caught:
        await channel.send(ordinary())
    assert caught.value.after == after
    await channel.close()


async def test_a_receiver_that_says_nothing_is_a_retry(receiver: HttpReceiver) -> None:
    channel = hook(receiver.url)
    receiver.answer_next(Reply(silent=True))
    with pytest.raises(Retry, match="no answer within 1 seconds"):
        await channel.send(ordinary())
    await channel.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.1.2.3"])
async def test_the_own_network_is_out_of_bounds_unless_allowed(receiver: HttpReceiver, host: str) -> None:
    port = receiver.url.rpartition(":")[2]
    channel = hook(f"http://{host}:{port}", allow_private=False)
    with pytest.raises(Reject, match="not public; set allow_private = true"):
        await channel.send(ordinary())
    assert receiver.requests == []
    await channel.close()
