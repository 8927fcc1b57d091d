"""Makes the sources of Telegram channels as the operator's mode says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.collector.sources import Cursor, Fetched, Source
from services.collector.sources.telegram.account import AccountSource
from services.collector.sources.telegram.post import channel_name
from services.collector.sources.telegram.preview import Fetcher, Parsers, PreviewClosed, PreviewSource
from services.collector.sources.telegram.session_lease import SessionLease
from services.collector.sources.telegram.settings import TelegramSettings, Way
from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from services.collector.sources.telegram.telethon_client import TelethonClient

log = structlog.get_logger(__name__)

WAY = "way"
"""Where the cursor says that a channel was handed to the account."""


class TelegramSources:
    """Makes one source per channel; those that use the account share its one connection.

    *engine* is the database in which the processes of a deployment agree on who uses the account's session.
    """

    def __init__(self, settings: TelegramSettings, fetcher: Fetcher, parsers: Parsers, engine: AsyncEngine) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._parsers = parsers
        self._account = _client(settings, engine) if settings.uses_account else None

    def source(
        self,
        channel: str,
        *,
        via: Way | None = None,
        fetcher: Fetcher | None = None,
        wake: Callable[[], None] | None = None,
    ) -> Source:
        """Return the source of *channel*: a name, ``@name`` or its address.

        *via* says how this channel is read where the mode leaves the choice. *fetcher* reads its preview pages when it
        is not to be the one that all share. *wake* is called when the account hears that something happened there; a
        hint to look at once, never the news itself.

        Raises:
            ConfigurationError: that is no channel's name, or no mode was chosen that reads it so.

        """
        name = channel_name(channel)
        if name is None:
            raise ConfigurationError(
                "sources.channel",
                f'"{channel}" is not the name of a public channel',
                "Write it as in https://t.me/NAME",
            )
        settings = self._settings
        settings.check_way(name, via)
        preview = PreviewSource(
            name,
            fetcher or self._fetcher,
            self._parsers,
            base=settings.preview_url,
            reread=settings.reread,
            first=settings.first,
        )
        if self._account is None or via == "preview":
            return preview
        account = AccountSource(name, self._account, reread=settings.reread, first=settings.first, wake=wake)
        return account if "account" in (settings.mode, via) else PreviewOrAccount(preview, account)

    async def close(self) -> None:
        """Let the account's connection go."""
        if self._account:
            await self._account.close()


class PreviewOrAccount:
    """One channel by its preview, and by the account from the day the preview is found closed.

    The cursor remembers that day. Both make the same entries under the same keys, and the account reads on below the
    preview's oldest gap, so nothing is lost or published twice.
    """

    def __init__(self, preview: PreviewSource, account: AccountSource) -> None:
        self._preview = preview
        self._account = account

    async def fetch(self, cursor: Cursor) -> Fetched:
        """Look once; see :class:`services.collector.sources.Source`."""
        if cursor.get(WAY) == "account":
            return await self._by_account(cursor)
        try:
            return await self._preview.fetch(cursor)
        except PreviewClosed as closed:
            fetched = await self._by_account(cursor)
            log.warning("channel has no preview, the account reads on", reason=closed.reason)
            return fetched

    async def close(self) -> None:
        """Let both go."""
        await self._preview.close()
        await self._account.close()

    async def _by_account(self, cursor: Cursor) -> Fetched:
        fetched = await self._account.fetch(cursor)
        return replace(fetched, cursor={**fetched.cursor, WAY: "account"})


def _client(settings: TelegramSettings, engine: AsyncEngine) -> TelethonClient:
    from services.collector.sources.telegram.telethon_client import (  # noqa: PLC0415 - slow to import
        TelethonClient,
        fingerprint,
    )

    if settings.api_id is None or settings.api_hash is None or settings.session is None:
        raise ConfigurationError("telegram.session", "is missing", "Set api_id, api_hash and session")
    return TelethonClient(
        api_id=settings.api_id,
        api_hash=settings.api_hash,
        session=settings.session,
        lease=SessionLease(engine, fingerprint(settings.session)),
        server=settings.address,
    )
