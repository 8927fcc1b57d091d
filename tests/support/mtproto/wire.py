"""Channels and messages as Telegram's API writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from telethon.tl import types

from tests.support.channel import Change, Channel, Stored

OPENED = datetime(2015, 1, 1, tzinfo=UTC)
ME = 4242
LIMITS = (
    "chat_size_max", "megagroup_size_max", "forwarded_count_max", "online_update_period_ms", "offline_blur_timeout_ms",
    "offline_idle_timeout_ms", "online_cloud_timeout_ms", "notify_cloud_delay_ms", "notify_default_delay_ms",
    "push_chat_period_ms", "push_chat_limit", "edit_time_limit", "revoke_time_limit", "revoke_pm_time_limit",
    "rating_e_decay", "stickers_recent_limit", "channels_read_media_period", "call_receive_timeout_ms",
    "call_ring_timeout_ms", "call_connect_timeout_ms", "call_packet_timeout_ms", "caption_length_max",
    "message_length_max", "webfile_dc_id",
)  # fmt: skip


def channel_object(channel: Channel) -> Any:
    """Return the channel with its access hash."""
    return types.Channel(
        channel.id,
        channel.title,
        types.ChatPhotoEmpty(),
        OPENED,
        access_hash=access_hash(channel),
        username=channel.name,
        broadcast=True,
    )


def access_hash(channel: Channel) -> int:
    """Return what one account must show to address the channel."""
    return channel.id * 7


def origin_id(name: str) -> int:
    """Return the id of a channel that is only known as the origin of forwards; ``c/ID`` has no public name."""
    return int(name.removeprefix("c/")) if name.startswith("c/") else crc32(name.encode())


def message_object(channel: Channel, message: Stored) -> Any:
    """Return one message, or the service message in its place."""
    peer = types.PeerChannel(channel.id)
    if message.service:
        return types.MessageService(
            message.id, peer, date=message.at, action=types.MessageActionChatEditTitle(message.text), post=True
        )
    return types.Message(
        message.id,
        peer,
        date=message.at,
        message="" if message.poll else message.text,
        post=True,
        views=1,
        forwards=0,
        fwd_from=_forward(message),
        reply_to=_reply(message),
        entities=[types.MessageEntityBlockquote(0, len(message.quotation))] if message.quotation else None,
        media=_media(message),
        edit_date=message.edited_at,
        edit_hide=message.edit_hidden or None,
        post_author=message.author,
        grouped_id=message.album,
    )


def _forward(message: Stored) -> Any:
    if message.origin:
        name, _, number = message.origin.rpartition("/")
        return types.MessageFwdHeader(message.at, from_id=types.PeerChannel(origin_id(name)), channel_post=int(number))
    return types.MessageFwdHeader(message.at, from_name="Hidden") if message.forward else None


def _reply(message: Stored) -> Any:
    if message.reply_to is None:
        return None
    return types.MessageReplyHeader(
        reply_to_msg_id=message.reply_to, quote=bool(message.quote) or None, quote_text=message.quote
    )


def _media(message: Stored) -> Any:
    if message.poll:
        question = types.TextWithEntities(message.text, [])
        return types.MessageMediaPoll(types.Poll(1, question, [], 0), types.PollResults())
    return types.MessageMediaPhoto(photo=types.PhotoEmpty(message.id)) if message.photo else None


def chats_of(channel: Channel, messages: list[Stored]) -> list[Any]:
    """Return the channel, and every channel its messages were forwarded from."""
    names = {message.origin.rpartition("/")[0] for message in messages if message.origin}
    origins = [
        types.Channel(
            origin_id(name),
            name,
            types.ChatPhotoEmpty(),
            OPENED,
            access_hash=1,
            username=None if name.startswith("c/") else name,
            min=True,
        )
        for name in sorted(names)
    ]
    return [channel_object(channel), *origins]


def messages_object(channel: Channel, messages: Sequence[Stored | int]) -> Any:
    """Return *messages* in that order; a number stands for one that is gone."""
    written = [
        message_object(channel, message)
        if isinstance(message, Stored)
        else types.MessageEmpty(message, types.PeerChannel(channel.id))
        for message in messages
    ]
    there = [message for message in messages if isinstance(message, Stored)]
    return types.messages.ChannelMessages(channel.pts, len(channel.messages), written, [], chats_of(channel, there), [])


def update_object(channel: Channel, pts: int, change: Change) -> Any:
    """Return one change as an update."""
    if change.kind == "deleted":
        return types.UpdateDeleteChannelMessages(channel.id, [change.message.id], pts, 1)
    kind = types.UpdateNewChannelMessage if change.kind == "new" else types.UpdateEditChannelMessage
    return kind(message_object(channel, change.message), pts, 1)


def user_object() -> Any:
    """Return the account's own user."""
    return types.User(ME, is_self=True, access_hash=1, first_name="Reader")


def state_object() -> Any:
    """Return the account's own update state, which no test moves."""
    return types.updates.State(1, 0, OPENED, 1, 0)


def config_object(dc: int, addresses: dict[int, int]) -> Any:
    """Return the configuration: this data centre, and the port of each on loopback."""
    options = [types.DcOption(number, "127.0.0.1", port) for number, port in sorted(addresses.items())]
    return types.Config(
        OPENED, OPENED, False, dc, options, "", me_url_prefix="https://t.me/", **dict.fromkeys(LIMITS, 1)
    )
