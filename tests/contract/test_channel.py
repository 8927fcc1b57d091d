"""What every channel promises, checked on every adapter against a real receiver at the socket."""

from __future__ import annotations

import errno
import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rich.console import Console

from services.alerter.channels import Channel
from services.alerter.channels.building import build_channels
from services.alerter.settings import AlerterSettings
from services.alerter.subscriptions import Subscription
from shared.clock import FixedClock
from shared.errors import Reject, Retry
from tests.support.alerts import ENGLISH, HOSTILE, NOW, conflict, hostile, ordinary, telling
from tests.support.http_receiver import HttpReceiver, Reply
from tests.support.slack_server import TOKEN, SlackServer
from tests.support.smtp_server import SmtpServer

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
UNREACHABLE = 9  # the discard port; nobody listens there in a container
RECEIVER = "analyst@example.org"
HARMFUL = ("\x1b", "\x00", "\x9b", "\u202e", "\u2066", "\u2028")


class Page(io.StringIO):
    """What a console prints on; torn pages take nothing, like a full disk."""

    def __init__(self, torn: int = 0) -> None:
        super().__init__()
        self.torn = torn

    def tear(self) -> None:
        self.torn = 1

    def write(self, text: str) -> int:
        if self.torn:
            self.torn -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@dataclass
class Receiving:
    """A channel and its receiver.

    ``fail_for_now`` and ``fail_for_good`` make the receiver refuse the next alert; the first returns the seconds it
    asks to wait. ``shown`` is all of the last alert, ``identities`` what repeats are recognised by.
    """

    channel: Channel
    unreachable: Channel
    fail_for_now: Callable[[], float | None]
    fail_for_good: Callable[[], None]
    shown: Callable[[], str]
    identities: Callable[[], list[str]]
    arrived: Callable[[], int]
    secrets: tuple[str, ...] = ()


def build(subscription: Subscription, console: Console | None = None, **settings: Any) -> Channel:
    whole = AlerterSettings.model_validate({"subscriptions": (subscription,), **settings})
    return build_channels(whole, FixedClock(NOW), console)[subscription.name]


async def on_console(stack: AsyncExitStack) -> Receiving:
    page = stack.enter_context(Page())
    subscription = Subscription(name="c", channel="console")
    return Receiving(
        build(subscription, Console(file=page, width=100)),
        build(subscription, Console(file=Page(torn=9))),
        page.tear,
        page.tear,
        page.getvalue,
        list,
        lambda: page.getvalue().count("The incident as it stands"),
    )


async def by_email(stack: AsyncExitStack) -> Receiving:
    server = await stack.enter_async_context(SmtpServer())
    subscription = Subscription(name="m", channel="email", to=(RECEIVER,))

    def smtp(port: int) -> dict[str, Any]:
        return {"host": server.host, "port": port, "security": "none", "sender": "cw <cw@example.org>"}

    def put_off() -> None:
        server.put_off(RECEIVER)

    return Receiving(
        build(subscription, smtp=smtp(server.port)),
        build(subscription, smtp=smtp(UNREACHABLE)),
        put_off,
        lambda: server.refuse(RECEIVER),
        lambda: server.messages[-1].part("plain") + server.messages[-1].part("html"),
        lambda: [str(mail.message["Message-ID"]) for mail in server.messages],
        lambda: len(server.messages),
    )


async def by_slack(stack: AsyncExitStack) -> Receiving:
    server = await stack.enter_async_context(SlackServer())
    subscription = Subscription(name="s", channel="slack", channel_id="C0000000001")

    def busy() -> float:
        server.limit_next("chat.postMessage", 17)
        return 17

    return Receiving(
        build(subscription, slack={"token": TOKEN, "api_url": server.url}),
        build(subscription, slack={"token": TOKEN, "api_url": f"http://127.0.0.1:{UNREACHABLE}/"}),
        busy,
        lambda: server.refuse_next("chat.postMessage", "is_archived"),
        lambda: server.messages[-1].text + server.messages[-1].shown,
        lambda: [m.metadata["event_payload"]["id"] for m in server.messages if m.thread_ts and m.metadata],
        lambda: sum(1 for message in server.messages if message.thread_ts),
        (TOKEN,),
    )


async def by_slack_webhook(stack: AsyncExitStack) -> Receiving:
    server = await stack.enter_async_context(SlackServer())

    def busy() -> float:
        server.limit_next("webhook", 30)
        return 30

    return Receiving(
        build(Subscription(name="sw", channel="slack-webhook", url=server.webhook_url)),
        build(Subscription(name="sw", channel="slack-webhook", url=f"http://127.0.0.1:{UNREACHABLE}/hiddenpath")),
        busy,
        lambda: server.break_next("webhook", 404, "no_service"),
        lambda: server.messages[-1].text + server.messages[-1].shown,
        list,
        lambda: len(server.messages),
        ("hiddenpath",),
    )


async def by_webhook(stack: AsyncExitStack) -> Receiving:
    server = await stack.enter_async_context(HttpReceiver())

    def hook(url: str) -> Channel:
        return build(Subscription(name="w", channel="webhook", url=url, secrets=(KEY,), allow_private=True))

    def busy() -> float:
        server.answer_next(Reply(503, {"Retry-After": "40"}))
        return 40

    return Receiving(
        hook(f"{server.url}?token=hiddenpath"),
        hook(f"http://127.0.0.1:{UNREACHABLE}/hiddenpath"),
        busy,
        lambda: server.answer_next(Reply(410)),
        lambda: str(server.requests[-1].body.decode()),
        lambda: [request.headers["webhook-id"] for request in server.requests],
        lambda: len(server.requests),
        ("hiddenpath", KEY, KEY.removeprefix("whsec_")),
    )


RECEIVERS: dict[str, Callable[[AsyncExitStack], Awaitable[Receiving]]] = {
    "console": on_console,
    "email": by_email,
    "slack": by_slack,
    "slack-webhook": by_slack_webhook,
    "webhook": by_webhook,
}


ANSWERING = [name for name in RECEIVERS if name != "console"]


@pytest.fixture(params=RECEIVERS)
async def receiving(request: pytest.FixtureRequest) -> AsyncIterator[Receiving]:
    async with AsyncExitStack() as stack:
        made = await RECEIVERS[request.param](stack)
        stack.push_async_callback(made.channel.close)
        stack.push_async_callback(made.unreachable.close)
        yield made


async def test_an_alert_arrives_with_its_quote_and_its_link(receiving: Receiving) -> None:
    await receiving.channel.send(ordinary())
    assert ENGLISH in " ".join(receiving.shown().split())
    assert "https://news.example/2016/02/adviser" in receiving.shown()


async def test_both_sides_of_a_conflict_arrive(receiving: Receiving) -> None:
    await receiving.channel.send(conflict())
    shown = " ".join(receiving.shown().split())
    for told in (ENGLISH, "погибли четыре российских генерала", "https://t.me/example/77", "Syrian opposition"):
        assert told in shown or json.dumps(told)[1:-1] in shown


async def test_hostile_text_arrives_as_text(receiving: Receiving) -> None:
    await receiving.channel.send(hostile())
    shown = receiving.shown()
    assert receiving.arrived() == 1
    assert "alert(1)" in shown
    assert not any(harm in shown for harm in HARMFUL)


@pytest.mark.parametrize("receiving", ["email", "slack", "webhook"], indirect=True)
async def test_a_repeat_has_the_same_id(receiving: Receiving) -> None:
    first = ordinary()
    receipt = await receiving.channel.send(first)
    await receiving.channel.send(replace(first, id=f"{first.id}-other", thread=receipt.thread))
    one, other = receiving.identities()
    assert first.id in one
    assert f"{first.id}-other" in other
    assert one != other


async def test_a_failure_for_now_is_a_retry_after_which_it_arrives(receiving: Receiving) -> None:
    after = receiving.fail_for_now()
    with pytest.raises(Retry) as caught:
        await receiving.channel.send(ordinary())
    assert caught.value.after == after
    refused = receiving.arrived()
    await receiving.channel.send(ordinary(attempt=2))
    assert receiving.arrived() == refused + 1


@pytest.mark.parametrize("receiving", ANSWERING, indirect=True)
async def test_a_failure_for_good_is_a_reject(receiving: Receiving) -> None:
    receiving.fail_for_good()
    with pytest.raises(Reject):
        await receiving.channel.send(ordinary())


async def test_an_unreachable_receiver_is_a_retry(receiving: Receiving) -> None:
    with pytest.raises(Retry):
        await receiving.unreachable.send(ordinary())


@pytest.mark.parametrize("receiving", ANSWERING, indirect=True)
async def test_no_error_or_log_shows_a_secret(receiving: Receiving, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "uvicorn.access")  # the receiver's own log
    told = []
    failures = (
        (receiving.channel, receiving.fail_for_now),
        (receiving.channel, receiving.fail_for_good),
        (receiving.unreachable, lambda: None),
    )
    for channel, fail in failures:
        fail()
        with pytest.raises((Retry, Reject)) as caught:
            await channel.send(ordinary())
        error: BaseException | None = caught.value
        while error is not None:
            told += [str(error), repr(error), repr(vars(error))]
            error = error.__cause__ or error.__context__
    told += [repr(receiving.channel), repr(vars(receiving.channel)), caplog.text]
    assert not [secret for secret in receiving.secrets if any(secret in text for text in told)]


async def test_a_notice_arrives_with_what_to_do(receiving: Receiving) -> None:
    await receiving.channel.tell(telling())
    shown = " ".join(receiving.shown().split())
    for said in ("SANA (English): silent", "nothing new since", "Open it in a browser", "sana-en"):
        assert said in shown


async def test_the_end_of_a_problem_arrives(receiving: Receiving) -> None:
    first = await receiving.channel.tell(telling())
    end = telling(id="end", state="over", headline="SANA (English): well again", thread=first.thread)
    assert (await receiving.channel.tell(end)).thread == first.thread
    assert "well again" in receiving.shown()


async def test_a_hostile_notice_arrives_as_text(receiving: Receiving) -> None:
    await receiving.channel.tell(telling(headline=HOSTILE, summary=HOSTILE * 50, fix=HOSTILE, sources=(HOSTILE,) * 40))
    shown = receiving.shown()
    assert "alert(1)" in shown
    assert not any(harm in shown for harm in HARMFUL)


async def test_a_notice_fails_as_an_alert_does(receiving: Receiving) -> None:
    after = receiving.fail_for_now()
    with pytest.raises(Retry) as caught:
        await receiving.channel.tell(telling())
    assert caught.value.after == after
    await receiving.channel.tell(telling(attempt=2))
    with pytest.raises(Retry):
        await receiving.unreachable.tell(telling())


@pytest.mark.parametrize("receiving", ["slack"], indirect=True)
async def test_a_notice_that_may_have_arrived_is_not_posted_again(receiving: Receiving) -> None:
    first = await receiving.channel.tell(telling())
    assert (await receiving.channel.tell(telling(attempt=2, ambiguous=True))).thread == first.thread
