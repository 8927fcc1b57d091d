"""A card as lines of plain text: for mail readers without HTML, for pipes, and for what Slack puts in notifications."""

from __future__ import annotations

from collections.abc import Iterator

from services.alerter.rendering.card import Card, Dispute, Saying
from services.alerter.rendering.neutral import isolate


def title(card: Card) -> str:
    """Return the one line that says it all: ``Conflicting claims: Russian forces, Homs, 1 Feb 2016: 1 to 4 killed``."""
    return f"{card.label}: {card.headline}"


def render_text(card: Card) -> str:
    """Return *card* as plain text, lines ended by a newline."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: Card) -> Iterator[str]:
    yield f"{card.label.upper()}: {isolate(card.headline)}"
    if card.summary:
        yield isolate(card.summary)
    for dispute in card.disputes:
        yield ""
        yield from _dispute(dispute)
    for saying in card.sayings:
        yield ""
        yield from saying_lines(saying)
    if card.more:
        yield ""
        yield f"({card.more})"
    yield ""
    yield from _standing(card)


def _dispute(dispute: Dispute) -> Iterator[str]:
    yield f"In dispute: {dispute.dimension}"
    yield from saying_lines(dispute.left)
    yield "  against"
    yield from saying_lines(dispute.right)


def saying_lines(saying: Saying) -> Iterator[str]:
    """Yield one claim with who says so, its quote and its link."""
    yield f"  {' · '.join(isolate(part) for part in (saying.claim, saying.scene, saying.stance) if part)}"
    yield f"  {isolate(saying.attribution)}"
    if saying.names:
        yield f"  names: {isolate(saying.names)}"
    yield f"  > {isolate(saying.quote)}"
    if saying.link:
        yield f"  {saying.link}"
    for doubt in saying.doubts:
        yield f"  ! {doubt}"


def _standing(card: Card) -> Iterator[str]:
    standing = card.standing
    yield f"The incident as it stands: {standing.voices}, {standing.since}"
    for figure in standing.figures:
        yield f"  {figure}"
    yield f"  incident {card.incident}"
