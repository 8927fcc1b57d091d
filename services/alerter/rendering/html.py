"""A card as the HTML part of an e-mail: one table, styles in place, nothing fetched from anywhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from services.alerter.rendering.card import Card
from services.alerter.rendering.text import title
from shared.messages import AlertKind

COLOURS: dict[AlertKind, str] = {
    "new": "#0b6bcb",
    "conflict": "#b3261e",
    "update": "#8a5a00",
    "confirmation": "#1b6e3c",
    "denial": "#7b3fa0",
    "correction": "#8a5a00",
}
"""Each readable on white and under white letters: contrast above 4.5 (WCAG 2.1, 1.4.3)."""


def render_html(card: Card) -> str:
    """Return *card* as one HTML document; every text in it is escaped."""
    return _template().render(card=card, title=title(card), colour=COLOURS[card.kind])


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("services.alerter"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("alert.html.j2")
