"""E-mail as receivers and mail servers see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.alerter.channels.email import EmailChannel
from services.alerter.channels.pacing import Pace
from services.alerter.settings import SmtpSettings
from shared.clock import FixedClock
from shared.errors import ConfigurationError, Reject, Retry
from tests.support.alerts import ARABIC, NOW, alert, conflict, delivery, hostile, incident, ordinary, statement
from tests.support.smtp_server import Certificate, SmtpServer, make_certificate

ANNA, BORIS, CARLA = "anna@example.org", "boris@example.org", "carla@example.org"


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def mailer(server: SmtpServer, *receivers: str, **settings: Any) -> EmailChannel:
    told = {"host": "localhost", "port": server.port, "security": "none", "sender": "claimwatch <cw@example.org>"}
    clock = FixedClock(NOW)
    smtp = SmtpSettings.model_validate({**told, **settings})
    return EmailChannel(smtp, Pace(600, clock), clock, name="analysts", receivers=receivers or (ANNA,))


def encrypted(certificate: Certificate, **settings: Any) -> dict[str, Any]:
    return {"security": "starttls", "ca_file": str(certificate.certificate), **settings}


async def test_every_receiver_gets_a_message_of_their_own(server: SmtpServer) -> None:
    await mailer(server, ANNA, BORIS).send(ordinary())
    assert [(mail.receivers, mail.message["To"]) for mail in server.messages] == [((ANNA,), ANNA), ((BORIS,), BORIS)]


async def test_messages_of_one_incident_make_one_thread(server: SmtpServer) -> None:
    channel = mailer(server)
    receipt = await channel.send(ordinary())
    later = incident(statement(number=4, place="Homs"), revision=2)
    await channel.send(delivery(alert(*later.statements, kind="update", about=later), later, thread=receipt.thread))
    first, second = (mail.message for mail in server.messages)
    assert first["Subject"] == second["Subject"]
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert first["Message-ID"] != second["Message-ID"]


async def test_a_machine_says_that_it_is_one(server: SmtpServer) -> None:
    await mailer(server, list_unsubscribe="mailto:off@example.org", domain="list.example.org").send(ordinary())
    message = server.messages[0].message
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Id"] == "<analysts.claimwatch.list.example.org>"
    assert message["List-Unsubscribe"] == "<mailto:off@example.org>"
    assert str(message["Message-ID"]).endswith("@list.example.org>")
    assert message["X-Claimwatch-Kind"] == "new"


async def test_text_and_html_tell_the_same(server: SmtpServer) -> None:
    await mailer(server).send(conflict())
    mail = server.messages[0]
    for told in ("погибли четыре российских генерала", "https://t.me/example/77", "1 killed, Russian forces (adviser)"):
        assert told in mail.part("plain")
        assert told in mail.part("html")


async def test_an_arabic_quote_runs_from_right_to_left(server: SmtpServer) -> None:
    one = statement(ARABIC)
    about = incident(one)
    await mailer(server).send(delivery(alert(one, about=about), about))
    assert '<blockquote dir="rtl"' in server.messages[0].part("html")
    assert "text-align:right" in server.messages[0].part("html")
    assert f"\u2068{ARABIC}\u2069" in server.messages[0].part("plain")


async def test_hostile_text_adds_no_header_receiver_or_markup(server: SmtpServer) -> None:
    await mailer(server).send(
        hostile(id="delivery\r\nBcc: victim@example.org", thread="Subject\r\nBcc: victim@example.org")
    )
    [mail] = server.messages
    assert mail.receivers == (ANNA,)
    assert mail.message["Bcc"] is None
    assert "<script" not in mail.part("html")
    assert "&lt;script&gt;" in mail.part("html")
    assert all(len(line) <= 998 for line in mail.raw.splitlines())  # RFC 5322, 2.1.1


async def test_only_those_put_off_get_the_repeat(server: SmtpServer) -> None:
    server.put_off(BORIS)
    channel = mailer(server, ANNA, BORIS, CARLA)
    with pytest.raises(Retry, match=r"put off 1 of 3.*boris.*451"):
        await channel.send(ordinary())
    await channel.send(ordinary(attempt=2))
    assert [mail.receivers[0] for mail in server.messages] == [ANNA, CARLA, BORIS]
    assert len({mail.message["Message-ID"] for mail in server.messages}) == 1


async def test_one_bad_address_keeps_nothing_from_the_others(server: SmtpServer) -> None:
    server.refuse(BORIS)
    server.put_off(CARLA)
    channel = mailer(server, ANNA, BORIS, CARLA)
    with pytest.raises(Retry):
        await channel.send(ordinary())
    with pytest.raises(Reject, match=r"refused 1 of 3.*boris.*550.*the other 2 have the message"):
        await channel.send(ordinary(attempt=2))
    assert [mail.receivers[0] for mail in server.messages] == [ANNA, CARLA]


async def test_an_unanswered_message_is_repeated_with_the_same_id(server: SmtpServer) -> None:
    server.fall_silent()
    channel = mailer(server, timeout=0.3)
    with pytest.raises(Retry, match=r"no answer within 0\.3 seconds"):
        await channel.send(ordinary())
    await channel.send(ordinary(attempt=2, ambiguous=True))
    first, second = server.messages
    assert first.message["Message-ID"] == second.message["Message-ID"]


async def test_starttls_and_login(certificate: Certificate) -> None:
    async with SmtpServer(certificate=certificate, login=("cw", "pass word")) as server:
        await mailer(server, **encrypted(certificate, username="cw", password="pass word")).send(ordinary())
        assert [(mail.tls, mail.login) for mail in server.messages] == [(True, "cw")]


async def test_tls_from_the_start(certificate: Certificate) -> None:
    async with SmtpServer(certificate=certificate, implicit_tls=True) as server:
        await mailer(server, **encrypted(certificate, security="tls")).send(ordinary())
        assert server.messages[0].tls


async def test_a_wrong_password_is_told_without_it(certificate: Certificate) -> None:
    async with SmtpServer(certificate=certificate, login=("cw", "right")) as server:
        channel = mailer(server, **encrypted(certificate, username="cw", password="wr0ng"))
        with pytest.raises(Reject, match=r"refused the login \(535\); check smtp.username and smtp.password") as caught:
            await channel.send(ordinary())
        assert "wr0ng" not in repr(caught.value) + str(vars(channel))


async def test_nothing_is_sent_in_the_clear_by_default(server: SmtpServer) -> None:
    with pytest.raises(Reject, match=r"offers no STARTTLS; check smtp\.port and smtp\.security"):
        await mailer(server, security="starttls").send(ordinary())
    assert server.messages == []


async def test_an_unknown_certificate_is_not_trusted(certificate: Certificate) -> None:
    async with SmtpServer(certificate=certificate) as server:
        with pytest.raises(Retry, match=r"certificate that is not trusted.*smtp\.ca_file"):
            await mailer(server, security="starttls").send(ordinary())
        assert server.messages == []


async def test_a_missing_certificate_file_is_named_at_start(server: SmtpServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"alerter.smtp\.ca_file.*No such file"):
        mailer(server, security="starttls", ca_file=str(tmp_path / "none.pem"))
