"""Channels served the way ``t.me`` shows them to the public, over real HTTP on loopback."""

from __future__ import annotations

import re
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.support.channel import Channel, Stored

PAGE = 20
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


class PreviewSite:
    """An HTTP server in a thread; ``url`` is its address, ``requests`` the paths asked for so far.

    The next requests are answered with ``statuses``, then with ``pages``, if there are any. ``links_older``: a page
    links to the one with older posts.
    """

    def __init__(self, *channels: Channel) -> None:
        self.channels = {channel.name.casefold(): channel for channel in channels}
        self.requests: list[str] = []
        self.statuses: list[int] = []
        self.pages: list[str] = []
        self.links_older = True
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Base address, to be used in place of ``https://t.me``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def channel(self, name: str) -> Channel:
        """Return the channel called *name*, created when it is new."""
        return self.channels.setdefault(name.casefold(), Channel(name))

    def fail_next(self, *statuses: int) -> None:
        """Answer the next requests with these statuses, in this order."""
        self.statuses.extend(statuses)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, target: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers and page for one request."""
        self.requests.append(target)
        if self.statuses:
            return self.statuses.pop(0), {"Retry-After": "90"}, "busy"
        if self.pages:
            return 200, {}, self.pages.pop(0)
        parts = urlsplit(target)
        *_, name = parts.path.split("/")
        channel = self.channels.get(name.casefold())
        if not parts.path.startswith("/s/"):
            return 200, {}, landing(channel, name)
        if channel is None or not channel.preview:
            return 302, {"Location": f"/{name}"}, ""
        query = {key: int(values[0]) for key, values in parse_qs(parts.query).items()}
        return 200, {}, history(channel, query.get("before"), links=self.links_older)


def _handler(site: PreviewSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, page = site.answer(self.path)
            body = page.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Requests are kept in ``PreviewSite.requests``."""

    return Handler


def landing(channel: Channel | None, name: str) -> str:
    """Return the page with the name, the subscribers and the button, but no posts."""
    if channel is None:
        return f'<div class="tgme_page"><div class="tgme_page_description">You can contact @{escape(name)}.</div></div>'
    about = channel.restriction or "All the news"
    return (
        f'<div class="tgme_page"><div class="tgme_page_title"><span>{escape(channel.title)}</span></div>'
        f'<div class="tgme_page_extra">12 345 subscribers</div>'
        f'<div class="tgme_page_description">{escape(about)}</div></div>'
    )


def history(channel: Channel, before: int | None, *, links: bool = True) -> str:
    """Return one page of posts, oldest first, with the link to older ones if pages have *links*."""
    groups = [group for group in channel.albums() if before is None or group[0].id < before]
    shown = groups[-PAGE:]
    older = links and len(groups) > len(shown)
    link = f"/s/{channel.name}?before={shown[0][0].id}" if older else ""
    more = (
        f'<a href="{link}" class="tme_messages_more js-messages_more" data-before="{shown[0][0].id}"></a>'
        if older
        else ""
    )
    posts = "\n".join(_wrap(channel, group) for group in shown)
    nothing = "" if shown else '<div class="tme_no_messages_found">No posts found</div>'
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>Telegram</title></head>'
        '<body class="widget_frame_base"><main class="tgme_main">'
        f'<section class="tgme_channel_history js-message_history">{more}{posts}{nothing}'
        "</section></main></body></html>"
    )


def _wrap(channel: Channel, group: list[Stored]) -> str:
    message = group[0]
    label = "data-message" if message.id in channel.unreadable else "data-post"
    kind = " service_message" if message.service else " text_not_supported_wrap js-widget_message"
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        f'<div class="tgme_widget_message{kind}" {label}="{channel.name}/{message.id}" data-view="eyJ">'
        f'<div class="tgme_widget_message_bubble"><div class="tgme_widget_message_author">'
        f'<a class="tgme_widget_message_owner_name" href="https://t.me/{channel.name}">{escape(channel.title)}</a></div>'
        f"{_forward(message)}{_reply(channel, message)}"
        f"{_NOT_SHOWN if message.id in channel.unshown else _media(channel, group) + _words(group) + _FALLBACK}"
        f"{_footer(channel, message)}"
        "</div></div></div>"
    )


_NOT_SHOWN = (
    '<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">'
    '<div class="message_media_not_supported_label">Please open Telegram to view this post</div>'
    '<a href="https://t.me/x/1" class="message_media_view_in_telegram">VIEW IN TELEGRAM</a></div></div>'
)
_FALLBACK = f'<div class="media_not_supported_cont">{_NOT_SHOWN}</div>'
"""Stands hidden in many posts, and means nothing there."""


def _forward(message: Stored) -> str:
    if not message.forward and message.origin is None:
        return ""
    if message.origin is None:
        name = '<span class="tgme_widget_message_forwarded_from_name">Hidden</span>'
    else:
        link = f"https://t.me/{message.origin}?single&amp;amp;x=1"
        name = f'<a class="tgme_widget_message_forwarded_from_name" href="{link}" onclick="return confirm()">Other</a>'
    return f'<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from {name}</div>'


def _reply(channel: Channel, message: Stored) -> str:
    if message.reply_to is None:
        return ""
    quoted = channel.messages.get(message.reply_to)
    text = escape(message.quote or (quoted.text if quoted else "Deleted message"))
    return (
        f'<a class="tgme_widget_message_reply user-color-default" href="https://t.me/{channel.name}/{message.reply_to}">'
        f'<div class="tgme_widget_message_author"><span>{escape(channel.title)}</span></div>'
        f'<div class="tgme_widget_message_text js-message_reply_text" dir="auto">{text}</div></a>'
    )


def _media(channel: Channel, group: list[Stored]) -> str:
    photos = "".join(
        f'<a class="tgme_widget_message_photo_wrap{" grouped_media_wrap" if message.album else ""}" '
        f"style=\"background-image:url('x.jpg')\" "
        f'href="https://t.me/{channel.name}/{message.id}{"?single" if message.album else ""}"></a>'
        for message in group
        if message.photo
    )
    return f'<div class="tgme_widget_message_grouped_wrap">{photos}</div>' if group[0].album else photos


def _words(group: list[Stored]) -> str:
    text = next((message.text for message in group if message.text), "")
    if not text:
        return ""
    if group[0].poll:
        question = f'<div class="tgme_widget_message_poll_question">{escape(text)}</div>'
        return f'<div class="tgme_widget_message_poll">{question}</div>'
    quotation = group[0].quotation or ""
    own = _marked(text.removeprefix(quotation).removeprefix("\n" if quotation else ""))
    block = f"<blockquote>{_marked(quotation)}</blockquote>" if quotation else ""
    return f'<div class="tgme_widget_message_text js-message_text" dir="auto">{block}{own}</div>'


def _marked(text: str) -> str:
    """Return *text* with emoji as pictures and lines ended as the pages do it."""
    pictured = EMOJI.sub(
        lambda found: f'<i class="emoji" style="background-image:url()"><b>{found[0]}</b></i>', escape(text)
    )
    return pictured.replace("\n", "<br/>")


def _footer(channel: Channel, message: Stored) -> str:
    author = (
        f'<span class="tgme_widget_message_from_author" dir="auto">{escape(message.author)}</span>'
        if message.author
        else ""
    )
    edited = "edited &nbsp;" if message.edited_at and not message.edit_hidden else ""
    return (
        '<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short">'
        f'<span class="tgme_widget_message_views">7.5K</span><span class="tgme_widget_message_meta">{author}{edited}'
        f'<a class="tgme_widget_message_date" href="https://t.me/{channel.name}/{message.id}">'
        f'<time datetime="{message.at.isoformat()}" class="time">09:00</time></a></span></div></div>'
    )
