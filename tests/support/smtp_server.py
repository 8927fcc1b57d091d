"""A real mail server on loopback: STARTTLS, implicit TLS and AUTH when wanted, refusals as told, every mail kept."""

from __future__ import annotations

import asyncio
import email
import ssl
import subprocess
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Mail:
    """One mail as it came in. ``raw`` holds the bytes after DATA, ``tls`` whether the connection was encrypted."""

    sender: str
    receivers: tuple[str, ...]
    raw: bytes
    tls: bool
    login: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, subtype: str) -> str:
        """Return the text of the part ``text/subtype``."""
        body = self.message.get_body((subtype,))
        assert body is not None
        return str(body.get_content())


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for ``localhost`` and its key, as PEM files."""

    certificate: Path
    key: Path


def make_certificate(directory: Path) -> Certificate:
    """Make a certificate in *directory* that is valid for a day."""
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return made


class SmtpServer:
    """Listens while its ``async with`` block runs; ``messages`` are the mails taken so far."""

    def __init__(
        self,
        *,
        certificate: Certificate | None = None,
        implicit_tls: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.messages: list[Mail] = []
        self.host = "127.0.0.1"
        self.port = 0
        self.connections = 0
        self._implicit_tls = implicit_tls
        self._login = login
        self._tls = _context(certificate) if certificate else None
        self._refusals: dict[str, list[str]] = {}
        self._always: dict[str, str] = {}
        self._silent = 0
        self._arrived = asyncio.Condition()
        self._leaving = asyncio.Event()
        self._protocols: set[SMTP] = set()

    def refuse(self, receiver: str, reply: str = "550 5.1.1 No such user") -> None:
        """Answer RCPT for *receiver* with *reply* from now on."""
        self._always[receiver] = reply

    def put_off(self, receiver: str, reply: str = "451 4.3.0 Try again later", times: int = 1) -> None:
        """Answer RCPT for *receiver* with *reply* the next *times*."""
        self._refusals.setdefault(receiver, []).extend([reply] * times)

    def fall_silent(self, times: int = 1) -> None:
        """Take the next mails and never say so."""
        self._silent += times

    async def until(self, number: int) -> list[Mail]:
        """Wait until *number* mails have been taken, and return them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.messages) >= number)
        return self.messages[:number]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        tls = self._tls if self._implicit_tls else None
        self._server = await loop.create_server(self._connected, self.host, 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.close()
        await self._server.wait_closed()

    def _connected(self) -> SMTP:
        self.connections += 1
        starttls = self._tls if not self._implicit_tls else None
        protocol = SMTP(
            self,
            hostname="mail.test",
            ident="test",
            loop=asyncio.get_running_loop(),
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=self._authenticate if self._login else None,
            auth_required=self._login is not None,
            auth_require_tls=starttls is not None,
        )
        self._protocols.add(protocol)
        return protocol

    def _authenticate(
        self, _server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        if not isinstance(data, LoginPassword) or self._login is None:
            return AuthResult(success=False, handled=False)
        given = (data.login.decode(), data.password.decode())
        session.authenticated_as = given[0]
        return AuthResult(success=given == self._login, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if planned := self._refusals.get(address):
            return planned.pop(0)
        if address in self._always:
            return self._always[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        content = envelope.content
        assert isinstance(content, bytes)
        tls = self._implicit_tls or bool(session.ssl)
        login = getattr(session, "authenticated_as", None)
        async with self._arrived:
            mail = Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content, tls, login)
            self.messages.append(mail)
            self._arrived.notify_all()
        if self._silent:
            self._silent -= 1
            await self._leaving.wait()
        return "250 2.0.0 Taken"


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context
