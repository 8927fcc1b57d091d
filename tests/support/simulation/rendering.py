"""How an outlet's stories look as bytes: RSS, Atom or JSON Feed, the same text in changing mark-up. Pure."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime
from html import escape
from random import Random

from tests.support.simulation.outlets import Outlet, Story, Text
from tests.support.simulation.time import START

TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}


def render(outlet: Outlet, phase: int) -> bytes:
    """Return the feed as it is served in *phase*."""
    entries = [_entry(outlet, phase, story, text) for story, text in outlet.shown(phase)]
    match outlet.form:
        case "rss":
            return (
                '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
                f"<title>{outlet.name}</title><!-- {phase} -->{''.join(map(_rss, entries))}</channel></rss>"
            ).encode()
        case "atom":
            return (
                '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
                f"<title>{outlet.name}</title><id>{outlet.name}:{phase}</id>{''.join(map(_atom, entries))}</feed>"
            ).encode()
        case _:
            feed = {"version": "https://jsonfeed.org/version/1.1", "title": outlet.name, "description": str(phase)}
            return json.dumps(feed | {"items": entries}).encode()


def _entry(outlet: Outlet, phase: int, story: Story, text: Text) -> dict[str, str]:
    born = START + timedelta(seconds=story.born)
    return {
        "id": f"{_namespace(outlet, phase)}:{story.token}",
        "url": f"http://{outlet.name}.example/{story.token}?utm_source=feed{phase}",
        "title": text.title,
        "content_html": _marked_up(text.body, phase),
        "date_published": born.isoformat(timespec="seconds"),
        "date_modified": (START + timedelta(seconds=outlet.changes[phase])).isoformat(timespec="seconds"),
        "rfc822": format_datetime(born),
    }


def _namespace(outlet: Outlet, phase: int) -> str:
    if outlet.guids == "flaky":
        return f"session{phase}"
    return "https" if outlet.guids == "moves" and outlet.changes[phase] >= outlet.moves_at else "http"


def _marked_up(text: str, phase: int) -> str:
    """Return *text* as HTML that differs from phase to phase and reads the same."""
    chance = Random(phase)
    match phase % 3:
        case 0:
            return f"<p>{escape(text)}</p>"
        case 1:
            return f'<div class="story-{phase}"><p>{escape(text)}</p><img src="p.gif?{phase}"></div>'
        case _:
            words = escape(text).split(" ")
            place = chance.randrange(1, len(words))
            return f"<p>{' '.join(words[:place])}  &#8203;{' '.join(words[place:])}\n</p>"


def _rss(entry: dict[str, str]) -> str:
    return (
        f'<item><guid isPermaLink="false">{entry["id"]}</guid><link>{escape(entry["url"])}</link>'
        f"<title>{escape(entry['title'])}</title><pubDate>{entry['rfc822']}</pubDate>"
        f"<description>{escape(entry['content_html'])}</description></item>"
    )


def _atom(entry: dict[str, str]) -> str:
    return (
        f'<entry><id>{entry["id"]}</id><link href="{escape(entry["url"])}"/><title>{escape(entry["title"])}</title>'
        f"<published>{entry['date_published']}</published><updated>{entry['date_modified']}</updated>"
        f'<content type="html">{escape(entry["content_html"])}</content></entry>'
    )
