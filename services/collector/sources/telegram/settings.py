"""What the operator decides about Telegram before anything is read from it."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from shared.errors import ConfigurationError
from shared.settings import Secret, Section

Way = Literal["preview", "account"]
Mode = Literal["off", "preview", "account", "both"]

ACCEPTING = (
    "Accepting means: you have read Telegram's terms of service, API terms and content licensing terms, and decided "
    "that reading these public channels is allowed where you are. Then set collector.telegram.accept_terms to true, "
    'or collector.telegram.mode to "off"'
)
LOGIN = (
    "Take api_id and api_hash from https://my.telegram.org (your own, never borrowed ones) and a session string of a "
    'number kept for this purpose; or set collector.telegram.mode to "preview", which needs no account'
)


class TelegramSettings(Section):
    """How public channels are read. Off until the operator chooses.

    ``preview`` reads the public web pages ``t.me/s/CHANNEL``: no account and no credentials. Some channels have no such
    page (closed by their owner or by Telegram); they are reported as closed, never as silent. An edit or a deletion is
    seen while the post is among the last ``reread``.

    ``account`` reads through the API as a *user* (bots cannot read channels they do not run): every channel the number
    may see, exact edit times. Telegram can ban the number; keep one for this purpose. The session string is as good as
    its password, and one session serves **one process only**, because Telegram revokes one that is used twice: further
    collectors stand by.

    ``both`` uses the preview and turns to the account for channels without one, for good; a source's ``via`` can
    choose. A channel may change its way at any time: posts have one identity and one form, none is lost or read twice.
    """

    mode: Mode = Field("off", description="off, preview (public pages), account (API as a user) or both")
    accept_terms: bool = Field(
        default=False, description="You have read and accept Telegram's terms; nothing is read before"
    )
    api_id: int | None = Field(None, gt=0, description="From https://my.telegram.org; for account and both")
    api_hash: Secret | None = Field(None, description="Belongs to api_id")
    session: Secret | None = Field(None, description="Telethon string session of a logged-in number: a password")
    preview_url: str = Field("https://t.me", description="Where preview pages are; another address for trials")
    server: str | None = Field(None, description="HOST:PORT in place of the address in the session; for trials")
    interval: float = Field(
        120, ge=5, description="Seconds between two looks at one channel; Telegram is shared by all"
    )
    reread: int = Field(100, ge=20, le=1000, description="Latest posts looked at again for edits and deletions")
    first: int = Field(20, ge=1, le=1000, description="Latest posts taken when a channel is read for the first time")

    @property
    def uses_preview(self) -> bool:
        """Whether preview pages are read."""
        return self.mode in ("preview", "both")

    @property
    def uses_account(self) -> bool:
        """Whether the API is used."""
        return self.mode in ("account", "both")

    @property
    def address(self) -> tuple[str, int] | None:
        """``server`` as host and port."""
        if self.server is None:
            return None
        host, _, port = self.server.rpartition(":")
        return host, int(port)

    def check_way(self, source: str, via: Way | None) -> None:
        """See that the channel *source* can be read at all, and *via* what it names.

        Raises:
            ConfigurationError: the mode does not allow it.

        """
        if self.mode == "off":
            raise ConfigurationError(
                "collector.telegram.mode",
                f'is "off", but {source} is a Telegram channel',
                'Choose "preview" or "account" (the section telegram says what they mean), or remove the source',
            )
        if via and self.mode not in (via, "both"):
            raise ConfigurationError(
                "collector.telegram.mode",
                f'is "{self.mode}", but {source} is to be read via {via}',
                'Choose "both", or leave via out',
            )

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.mode != "off" and not self.accept_terms:
            raise ConfigurationError(
                "telegram.accept_terms", f'must be true when collector.telegram.mode is "{self.mode}"', ACCEPTING
            )
        if self.uses_account:
            for key in ("api_id", "api_hash", "session"):
                if not getattr(self, key):
                    raise ConfigurationError(
                        f"telegram.{key}", f'is needed when collector.telegram.mode is "{self.mode}"', LOGIN
                    )
        _check_addresses(self.preview_url, self.server)
        return self


def _check_addresses(preview_url: str, server: str | None) -> None:
    parts = urlsplit(preview_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigurationError(
            "telegram.preview_url", f'"{preview_url}" is no web address', "Leave it out to use https://t.me"
        )
    if server is not None:
        host, _, port = server.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the highest port
            raise ConfigurationError(
                "telegram.server", f'"{server}" is not HOST:PORT', "Leave it out to use Telegram's"
            )
