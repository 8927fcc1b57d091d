"""How the storyline looks to a visitor: feeds, article pages, channel pages. Pure: values in, markup out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape
from xml.sax.saxutils import escape as xml_escape

from services.demo.storyline import Outlet, Shown

NO_POSTS = '<div class="tme_no_messages_found">No posts found</div>'


def feed(outlet: Outlet, items: Sequence[Shown], base: str) -> str:
    """Return the RSS 2.0 feed of *outlet*, newest item first; *base* is the site's address."""
    entries = "".join(_entry(outlet, item, base) for item in reversed(items))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<rss version="2.0"><channel><title>{xml_escape(outlet.name)}</title><link>{base}/</link>'
        f"<description>Demo feed of {xml_escape(outlet.name)}</description><language>{outlet.language}</language>"
        f"{entries}</channel></rss>\n"
    )


def _entry(outlet: Outlet, item: Shown, base: str) -> str:
    link = f"{base}/articles/{outlet.id}/{item.key}"
    body = item.summary if outlet.summaries else _paragraphs(item.text)
    return (
        f"<item><title>{xml_escape(item.title or '')}</title><link>{link}</link>"
        f'<guid isPermaLink="true">{link}</guid><pubDate>{format_datetime(item.published_at)}</pubDate>'
        f"<description>{xml_escape(body or '')}</description></item>"
    )


def article(outlet: Outlet, item: Shown) -> str:
    """Return the page of one article, with the furniture that real pages have around their text."""
    title = escape(item.title or "")
    return (
        f'<!doctype html><html lang="{outlet.language}"><head><meta charset="utf-8"><title>{title} - '
        f"{escape(outlet.name)}</title></head><body><header><nav><a href='/'>Home</a> <a href='/'>World</a> "
        f"<a href='/'>Business</a></nav></header><main><article><h1>{title}</h1>"
        f'<time datetime="{item.published_at.isoformat()}">{item.published_at:%d %B %Y}</time>'
        f"{_paragraphs(item.text)}</article></main><aside><h2>Most read</h2><ul><li>Markets end the week higher</li>"
        f"<li>Ten recipes for the winter</li></ul></aside><footer>All rights reserved.</footer></body></html>\n"
    )


def channel(outlet: Outlet, posts: Sequence[Shown]) -> str:
    """Return the public preview page of a channel, in the markup of Telegram's own preview pages."""
    rows = "".join(_post(outlet, post) for post in posts) or NO_POSTS
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(outlet.name)}</title></head><body>'
        f'<main class="tgme_main"><section class="tgme_channel_history js-message_history">{rows}</section></main>'
        "</body></html>\n"
    )


def _post(outlet: Outlet, post: Shown) -> str:
    name = f"{outlet.channel}/{post.key}"
    edited = "edited " if post.edited_at else ""
    return (
        f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message '
        f'js-widget_message" data-post="{name}"><div class="tgme_widget_message_bubble">'
        f'<div class="tgme_widget_message_author"><a class="tgme_widget_message_owner_name" '
        f'href="https://t.me/{outlet.channel}"><span>{escape(outlet.name)}</span></a></div>'
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{_lines(post.text)}</div>'
        f'<div class="tgme_widget_message_footer"><div class="tgme_widget_message_info">'
        f'<span class="tgme_widget_message_views">1.2K</span>'
        f'<span class="tgme_widget_message_meta">{edited}<a class="tgme_widget_message_date" '
        f'href="https://t.me/{name}"><time datetime="{_moment(post.published_at)}" class="time">'
        f"{post.published_at:%H:%M}</time></a></span></div></div></div></div></div>"
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n"))


def _lines(text: str) -> str:
    return "<br/>".join(escape(line) for line in text.splitlines())


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
