"""The account's connection, shared by all channels of a process: the only file that knows Telethon.

Telethon has no types, so ``Any`` ends here: posts and errors leave in our own words. Flood waits are never slept
through (``flood_sleep_threshold=0``): they go to the schedule. The session string is a password and is never logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

import structlog
from telethon import TelegramClient, events, functions, types
from telethon.errors import (
    AuthKeyDuplicatedError,
    AuthKeyNotFound,
    ChannelInvalidError,
    ChannelPrivateError,
    FloodWaitError,
    RPCError,
    SessionPasswordNeededError,
    UnauthorizedError,
    UsernameInvalidError,
    UsernameNotOccupiedError,
)
from telethon.sessions import StringSession

from services.collector.sources.telegram.account import AccountUnusable, ChannelUnknown, FloodWait, Peer
from services.collector.sources.telegram.floods import Floods
from services.collector.sources.telegram.post import Post
from services.collector.sources.telegram.session_lease import Lease
from shared.errors import ConfigurationError, Retry
from shared.settings import Secret

log = structlog.get_logger(__name__)

T = TypeVar("T")

CHANGES = (
    types.UpdateNewChannelMessage,
    types.UpdateEditChannelMessage,
    types.UpdateDeleteChannelMessages,
)
ENDED = (AuthKeyDuplicatedError, UnauthorizedError)
MEANINGS = {
    UsernameNotOccupiedError: "there is no such channel. Check its name",
    UsernameInvalidError: "there is no such channel. Check its name",
    ChannelPrivateError: "it is private, or this account is banned from it",
}
RENEW = "Log in again (claimwatch telegram-login), put the new string into collector.telegram.session and restart"
FIRST_DC = 2
"""The data centre a new number is greeted by; Telegram sends it on to its own."""
ATTEMPTS = 1
"""Tries again of Telethon itself; the schedule does the rest."""
CONNECT_SECONDS = 10
AT_ONCE = 4
"""Requests side by side, however many channels there are: Telegram limits accounts, not connections."""
ANSWER_SECONDS = 60
"""Telethon waits for an answer without end; a look that takes longer than this is given up and repeated."""


class TelethonClient:
    """Connects when first asked, reconnects when needed, and stays down once Telegram has ended the session."""

    def __init__(
        self, *, api_id: int, api_hash: Secret, session: Secret, lease: Lease, server: tuple[str, int] | None = None
    ) -> None:
        self._lease = lease
        self._client = TelegramClient(
            _session(session, server),
            api_id,
            api_hash.get_secret_value(),
            flood_sleep_threshold=0,
            raise_last_call_error=True,
            request_retries=ATTEMPTS,
            connection_retries=ATTEMPTS,
            timeout=CONNECT_SECONDS,
        )
        self._client.add_event_handler(self._changed, events.Raw(types=CHANGES))
        self._connecting = asyncio.Lock()
        self._naming = asyncio.Lock()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._wakes: dict[int, Callable[[], None]] = {}
        self._ended: str | None = None
        self._dropping: asyncio.Task[None] | None = None
        self._floods = Floods()

    async def resolve(self, name: str) -> Peer:
        """See :class:`services.collector.sources.telegram.account.Api`."""
        async with self._naming:
            found = await self._look_up(name)
        for chat in found.chats:
            if isinstance(chat, types.Channel) and chat.id == getattr(found.peer, "channel_id", None):
                return Peer(chat.id, chat.access_hash or 0, _username(chat) or name)
        raise Retry(_says(name, "this name belongs to a person or a bot, not to a channel. Check the name"))

    async def latest(self, peer: Peer, count: int) -> list[Post]:
        """See :class:`services.collector.sources.telegram.account.Api`."""
        return await self._posts(peer, limit=count)

    async def since(self, peer: Peer, after: int, most: int) -> list[Post]:
        """See :class:`services.collector.sources.telegram.account.Api`."""
        return await self._posts(peer, min_id=after, limit=most, reverse=True)

    async def by_ids(self, peer: Peer, ids: Iterable[int]) -> list[Post]:
        """See :class:`services.collector.sources.telegram.account.Api`."""
        return await self._posts(peer, ids=list(ids))

    def watch(self, peer: Peer, wake: Callable[[], None]) -> None:
        """See :class:`services.collector.sources.telegram.account.Api`."""
        self._wakes[peer.id] = wake

    async def close(self) -> None:
        """Disconnect and let another process have the session; the next request connects again."""
        await self._go_offline()
        await self._lease.release()

    async def _look_up(self, name: str) -> Any:
        pause = await self._lease.names_pause()
        if pause:
            raise FloodWait(_says(name, f"Telegram wants no name looked up for {pause:.0f} s"), after=pause)
        try:
            return await self._ask(name, lambda client: client(functions.contacts.ResolveUsernameRequest(name)))
        except FloodWait as flood:
            await self._lease.pause_names(flood.after or 0.0)
            raise

    def _drop(self) -> None:
        """Disconnect at once: the session is not this process's any more."""
        self._dropping = asyncio.create_task(self._go_offline(), name="disconnect from telegram")

    async def _go_offline(self) -> None:
        async with self._connecting:
            await self._disconnect()

    async def _posts(self, peer: Peer, **query: Any) -> list[Post]:
        channel = types.InputPeerChannel(peer.id, peer.access_hash)
        clock = asyncio.get_running_loop()
        pause = self._floods.pause(peer.id, clock.time())
        if pause:
            raise FloodWait(_says(peer.name, f"Telegram still wants {pause:.0f} s of rest"), after=pause)
        try:
            messages = await self._ask(peer.name, lambda client: client.get_messages(channel, **query))
        except FloodWait as flood:
            self._floods.note(peer.id, clock.time() + (flood.after or 0.0))
            raise
        return [_post(message, peer) for message in messages if message is not None]

    async def _ask(self, name: str, ask: Callable[[Any], Awaitable[T]]) -> T:
        if self._ended:
            raise AccountUnusable(self._ended)
        await self._lease.hold(self._drop)
        try:
            async with self._turns, _only_our_own_cancellation(), asyncio.timeout(ANSWER_SECONDS):
                await self._connect()
                return await ask(self._client)
        except AccountUnusable:
            raise
        except (RPCError, AuthKeyNotFound, OSError, EOFError, BufferError) as error:
            refusal = translate(error, name)
            # Telethon would refuse every channel for one's wait; which wait means which channels is decided here.
            self._client._flood_waited_requests.clear()  # noqa: SLF001 - there is no public way
            if isinstance(refusal, AccountUnusable):
                self._ended = refusal.reason
                log.error("telegram account cannot be used", reason=refusal.reason)  # noqa: TRY400 - no traceback
                await self.close()
            raise refusal from error

    async def _connect(self) -> None:
        async with self._connecting:
            if self._client.is_connected():
                return
            try:
                await self._client.connect()
            except BaseException:
                await self._disconnect()
                raise
            log.info("telegram account was connected")

    async def _disconnect(self) -> None:
        await asyncio.wait_for(self._client.disconnect(), CONNECT_SECONDS)
        ended = self._client.disconnected
        await asyncio.wait([ended], timeout=1)
        if ended.done() and not ended.cancelled():
            ended.exception()  # looked at, or asyncio would report it as an error that nobody saw

    async def _changed(self, update: Any) -> None:
        channel = getattr(update, "channel_id", None) or update.message.peer_id.channel_id
        wake = self._wakes.get(channel)
        if wake:
            wake()


async def log_in(
    *,
    api_id: int,
    api_hash: Secret,
    ask: Callable[[str], str],
    ask_hidden: Callable[[str], str],
    server: tuple[str, int] | None = None,
) -> Secret:
    """Log a number in and return its string session; *ask* and *ask_hidden* put the questions to the operator.

    Raises:
        Retry: refused or unreachable; the message says which, nothing was stored.

    """
    session = StringSession()
    if server:
        session.set_dc(FIRST_DC, *server)
    client = TelegramClient(
        session, api_id, api_hash.get_secret_value(), flood_sleep_threshold=0, connection_retries=ATTEMPTS
    )
    try:
        await client.connect()
        phone = ask("Phone number, with the country's code: ")
        await client.send_code_request(phone)
        try:
            await client.sign_in(phone, ask("Code that Telegram has sent: "))
        except SessionPasswordNeededError:
            await client.sign_in(password=ask_hidden("Password of two-step verification: "))
        return Secret(session.save())
    except FloodWaitError as error:
        raise Retry(f"telegram login: Telegram asks to wait {error.seconds} s", after=float(error.seconds)) from error
    except RPCError as error:
        raise Retry(f"telegram login: Telegram answered {_code(error)}") from error
    except OSError as error:
        raise Retry(f"telegram login: Telegram cannot be reached: {error}. Check the network") from error
    finally:
        await client.disconnect()


@asynccontextmanager
async def _only_our_own_cancellation() -> AsyncIterator[None]:
    """Telethon cancels the requests of a lost connection; to their caller that must not look like a shutdown."""
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionError("the connection was lost while waiting for the answer") from None


def translate(error: Exception, name: str) -> Retry:
    """Return what *error*, met while reading the channel *name*, means to the schedule and to the operator."""
    if isinstance(error, FloodWaitError):
        return FloodWait(_says(name, f"Telegram asks to wait {error.seconds} s"), after=float(error.seconds))
    if isinstance(error, ENDED):
        return AccountUnusable(_ended(error))
    if isinstance(error, ChannelInvalidError):
        return ChannelUnknown(_says(name, "Telegram does not know its stored id; another account may have stored it"))
    if isinstance(error, AuthKeyNotFound):
        return Retry(
            "telegram account: Telegram does not know this session's key just now. If that goes on, the session was "
            f"ended: {RENEW}"
        )
    if isinstance(error, RPCError):
        meaning = next((text for kind, text in MEANINGS.items() if isinstance(error, kind)), None)
        return Retry(_says(name, meaning or f"Telegram answered {_code(error)}"))
    return Retry(_says(name, f"Telegram cannot be reached: {error or type(error).__name__}. Check the network"))


def _ended(error: Exception) -> str:
    if isinstance(error, AuthKeyDuplicatedError):
        return (
            "telegram account: the session was used from two places at once, so Telegram has ended it. Let only one "
            f"process read Telegram. {RENEW}"
        )
    return (
        f"telegram account: the session is not logged in any more ({_code(error)}): it was ended from another device, "
        f"or the account was banned. {RENEW}"
    )


def _says(name: str, problem: str) -> str:
    return f"telegram channel {name} (account): {problem}"


def _code(error: Exception) -> str:
    return " ".join(str(error).split()).partition(" (caused by")[0] or type(error).__name__


def fingerprint(session: Secret) -> str:
    """Return the name under which processes agree on who uses *session*; nothing about its key can be told from it.

    Raises:
        ConfigurationError: that is no string session.

    """
    return sha256(_session(session, None).auth_key.key).hexdigest()


class _Session(StringSession):  # type: ignore[misc]  # Telethon has no types
    """A session that keeps nobody it met.

    Telethon's own keeps every channel and person that any answer names, for as long as the process lives. We address
    channels by the id and hash in their cursors.
    """

    def process_entities(self, _tlo: Any) -> None:
        """Keep nothing."""


def _session(secret: Secret, server: tuple[str, int] | None) -> StringSession:
    try:
        session = _Session(secret.get_secret_value().strip())
    except Exception:  # noqa: BLE001 - base64, struct and address errors alike; their texts would quote the secret
        raise ConfigurationError(
            "telegram.session", "is not a string session of Telethon", "Copy it whole, in one line"
        ) from None
    if session.auth_key is None:
        raise ConfigurationError("telegram.session", "holds no key: nobody was logged in", "Log in and copy it again")
    if server:
        session.set_dc(session.dc_id, *server)
    return session


def _post(message: Any, peer: Peer) -> Post:
    name = _username(message.chat) or peer.name
    if isinstance(message, types.MessageService):
        return Post(name, message.id, "", _moment(message.date), service=True)
    poll = message.poll
    return Post(
        channel=name,
        id=message.id,
        text=_plain(poll.poll.question) if poll else message.message or "",
        published_at=_moment(message.date),
        edited=bool(message.edit_date and not message.edit_hide),
        edited_at=_moment(message.edit_date),
        forwarded=message.fwd_from is not None,
        forwarded_from=_origin(message),
        byline=message.post_author,
        reply=message.reply_to is not None,
        media=message.media is not None and not isinstance(message.media, types.MessageMediaWebPage),
        poll=poll is not None,
        album=message.grouped_id,
    )


def _origin(message: Any) -> str | None:
    """Return the permalink of the post that *message* forwards, as far as Telegram tells."""
    forward = message.forward
    if forward is None:
        return None
    name = _username(forward.chat or forward.sender)
    if forward.channel_post is None:
        return f"https://t.me/{name}" if name else None
    if name:
        return f"https://t.me/{name}/{forward.channel_post}"
    channel = getattr(forward.from_id, "channel_id", None)
    return f"https://t.me/c/{channel}/{forward.channel_post}" if channel else None


def _username(entity: Any) -> str | None:
    """Return the public name; collectible names live in a list of their own."""
    if getattr(entity, "username", None):
        return str(entity.username)
    active = [name.username for name in getattr(entity, "usernames", None) or () if name.active]
    return str(active[0]) if active else None


def _plain(text: Any) -> str:
    return str(getattr(text, "text", text))


def _moment(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
