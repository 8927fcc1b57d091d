"""One conversation with a mail server, and what its answers mean for a delivery."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiosmtplib

from services.alerter.rendering.neutral import clean
from services.alerter.settings import SmtpSettings
from shared.errors import ConfigurationError, Reject, Retry

PERMANENT = range(500, 600)
"""Replies that will not change (RFC 5321, 4.2.1)."""
REPLY_LENGTH = 160
_REFUSED = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError)


@dataclass(frozen=True)
class Refusal:
    """What the server answered instead of taking a message."""

    code: int
    words: str

    @property
    def final(self) -> bool:
        """Whether the answer will not change."""
        return self.code in PERMANENT

    def __str__(self) -> str:
        return f"{self.code} {self.words}"


class Conversation:
    """An open connection on which messages are handed over one by one."""

    def __init__(self, connection: aiosmtplib.SMTP, sender: str) -> None:
        self._connection = connection
        self._sender = sender

    async def hand_over(self, letter: bytes, receiver: str) -> Refusal | None:
        """Give one *letter* for one *receiver* to the server; None: it has taken the responsibility for it."""
        try:
            await self._connection.sendmail(self._sender, [receiver], letter)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return Refusal(first.code, clean(first.message, REPLY_LENGTH))
        except _REFUSED as error:
            return Refusal(error.code, clean(error.message, REPLY_LENGTH))
        return None


class MailServer:
    """The server of *settings*; every conversation is a connection of its own."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._tls = None if settings.security == "none" else _tls_context(settings.ca_file)

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator[Conversation]:
        """Connect, encrypt and log in; say goodbye at the end.

        Raises:
            Retry: the server cannot be reached, breaks off, or is not ready.
            Reject: it offers no encryption or no login, or refuses the login.

        """
        settings = self._settings
        connection = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls,
            local_hostname=settings.identity,
        )
        try:
            await self._open(connection)
            yield Conversation(connection, settings.address)
            with suppress(aiosmtplib.SMTPException, OSError):  # every message has been answered by now
                await connection.quit()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._judge(error) from error
        finally:
            connection.close()

    async def _open(self, connection: aiosmtplib.SMTP) -> None:
        await connection.connect()
        username, password = self._settings.username, self._settings.password
        if username is None or password is None:
            return
        try:
            await connection.login(username, password.get_secret_value())
        except aiosmtplib.SMTPAuthenticationError as error:  # its text may repeat what was sent
            if error.code in PERMANENT:
                raise Reject(
                    f"{self} refused the login ({error.code}); check smtp.username and smtp.password"
                ) from None
            raise Retry(f"{self} put the login off ({error.code})") from None

    def _judge(self, error: Exception) -> Retry | Reject:
        missing = next((word for word in ("STARTTLS", "AUTH") if word in str(error)), None)
        if missing and type(error) is aiosmtplib.SMTPException:
            return Reject(
                f"{self} offers no {missing}; check smtp.port and smtp.security (now {self._settings.security!r})"
            )
        if certificate := _certificate_fault(error):
            return Retry(f"{self} shows a certificate that is not trusted ({certificate}); see smtp.ca_file")
        if isinstance(error, TimeoutError):
            return Retry(f"{self} gave no answer within {self._settings.timeout:g} seconds")
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return Retry(f"{self} is not ready ({error.code})")
        if isinstance(error, aiosmtplib.SMTPConnectError):
            return Retry(f"{self} cannot be reached")
        return Retry(f"{self} broke off ({type(error).__name__})")

    def __str__(self) -> str:
        return f"the mail server {self._settings.host}:{self._settings.port}"


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(
            "alerter.smtp.ca_file",
            f'"{ca_file}" cannot be used ({error.strerror or error})',
            "Name a readable PEM file",
        ) from error


def _certificate_fault(error: BaseException) -> str | None:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return found.verify_message
        found = found.__cause__ or found.__context__
    return None
