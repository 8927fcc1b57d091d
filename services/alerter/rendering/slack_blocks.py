"""A card as Slack blocks. Texts from outside stand in plain and rich text elements only, where Slack looks for nothing.

Limits: Slack's reference of blocks (50 blocks, 150 characters in a header, 3000 in a text, 10 elements of a context);
a message of all blocks together breaks at about 13 200 characters (slackapi/bolt-js#2509).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.alerter.rendering.card import Card, Saying
from services.alerter.rendering.neutral import clean, isolate
from services.alerter.rendering.text import title

Block = dict[str, Any]

BLOCKS = 46
BUDGET = 11_000
"""Characters of one message; what is left up to Slack's own limit is for the closing blocks."""
HEADER = 150
FALLBACK = 3000
CONTEXT = 10


@dataclass(frozen=True)
class SlackMessage:
    """What ``chat.postMessage`` takes: ``text`` for notifications and screen readers, ``blocks`` for the eye."""

    text: str
    blocks: tuple[Block, ...]


def render_root(card: Card) -> SlackMessage:
    """Return the incident's live message: its headline and figures as they stand; the claims are in the thread."""
    standing = card.standing
    figures = [_section([_text(f"{figure}\n") for figure in standing.figures])] if standing.figures else []
    blocks = [
        _header(standing.headline),
        *([_rich(figures)] if figures else []),
        _context([standing.voices, standing.since, "the claims are in the thread"]),
    ]
    return SlackMessage(escape(standing.headline), tuple(blocks))


def render_reply(card: Card, *, with_standing: bool = False) -> SlackMessage:
    """Return one alert; *with_standing* repeats the incident's figures where no live message shows them."""
    blocks = [_header(card.label), _rich([_section(_lead(card))])]
    groups = [*_disputes(card), *([_saying(saying)] for saying in card.sayings)]
    shown = 0
    for group in groups:
        if len(blocks) + len(group) > BLOCKS or _size(blocks) + _size(group) > BUDGET:
            break
        blocks += group
        shown += 1
    closing = [f"{len(groups) - shown} more not shown here"] if shown < len(groups) else []
    closing += [card.more] if card.more else []
    if with_standing:
        closing = [*card.standing.figures[:5], card.standing.voices, card.standing.since, *closing]
    if closing:
        blocks.append(_context(closing))
    return SlackMessage(escape(f"{title(card)}\n{card.summary}"), tuple(blocks))


def notice_blocks(title: str, lines: Sequence[str]) -> tuple[Block, ...]:
    """Return the blocks of a notice to the operator."""
    return (_header(title), *([_rich([_section([_text("\n".join(lines))])])] if lines else []))


def escape(text: str) -> str:
    """Return *text* for Slack's own markup, where three characters open everything: mentions, links, entities."""
    escaped = text[:FALLBACK].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped if len(escaped) <= FALLBACK else escaped[:FALLBACK].rpartition("&")[0]


def _lead(card: Card) -> list[Block]:
    lead = [_text(isolate(card.headline), bold=True)]
    return lead + ([_text(f"\n{isolate(card.summary)}")] if card.summary else [])


def _disputes(card: Card) -> Iterator[list[Block]]:
    for dispute in card.disputes:
        heading = _rich([_section([_text(f"In dispute: {dispute.dimension}", bold=True)])])
        against = _rich([_section([_text("against", bold=True)])])
        yield [heading, _saying(dispute.left), against, _saying(dispute.right)]


def _saying(saying: Saying) -> Block:
    rest = [isolate(part) for part in (saying.scene, saying.stance) if part]
    first = [_text(isolate(saying.claim), bold=True), _text("".join(f" · {part}" for part in rest))]
    first.append(_text(f"\n{isolate(saying.attribution)}"))
    if saying.names:
        first.append(_text(f"\nnames: {isolate(saying.names)}"))
    quote = {"type": "rich_text_quote", "elements": [_text(isolate(saying.quote))]}
    last: list[Block] = []
    if saying.link:
        last.append({"type": "link", "url": saying.link, "text": f"Read it at {_host(saying.link)}"})
    for number, doubt in enumerate(saying.doubts):
        last.append(_text(("\n" if number or saying.link else "") + f"! {doubt}", bold=True))
    return _rich([_section(first), quote, *([_section(last)] if last else [])])


def _header(text: str) -> Block:
    return {"type": "header", "text": _plain(clean(text, HEADER))}


def _context(lines: Sequence[str]) -> Block:
    return {"type": "context", "elements": [_plain(line) for line in lines[:CONTEXT] if line]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": isolate(text) or "-", "emoji": False}


def _rich(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": elements}


def _section(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": [element for element in elements if element.get("text")]}


def _text(text: str, *, bold: bool = False) -> Block:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _host(url: str) -> str:
    return clean(urlsplit(url).hostname or "its source", 80)


def _size(part: Any) -> int:
    if isinstance(part, dict):
        return sum(len(v) if k in ("text", "url") and isinstance(v, str) else _size(v) for k, v in part.items())
    return sum(_size(each) for each in part) if isinstance(part, (list, tuple)) else 0
