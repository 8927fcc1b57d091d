"""A notice as an operator reads it, in text, HTML and Slack blocks. Pure. Every string is harmless text on one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from services.alerter.rendering.neutral import clean, isolate
from services.alerter.rendering.slack_blocks import SlackMessage, escape, notice_blocks
from shared.notices import Notice

HEADLINE, SUMMARY, FIX = 240, 600, 300
NAMED = 12
"""Sources named; more are counted."""
COLOURS = {True: "#b3261e", False: "#1b6e3c"}
"""Of a problem, and of its end; readable under white letters (WCAG 2.1, 1.4.3)."""


@dataclass(frozen=True)
class Bulletin:
    """Everything a channel shows of one notice."""

    label: str
    headline: str
    summary: str
    fix: str
    sources: str
    since: str
    raised: bool

    @property
    def title(self) -> str:
        """The one line that says it all."""
        return f"{self.label}: {self.headline}"

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands below the headline."""
        told = (self.summary, f"To do: {self.fix}" if self.fix else "", self.sources, self.since)
        return tuple(isolate(line) for line in told if line)


def make_bulletin(notice: Notice) -> Bulletin:
    """Return what is shown of *notice*."""
    raised = notice.state == "raised"
    named = ", ".join(clean(source, 64) for source in notice.sources[:NAMED])
    more = f" and {len(notice.sources) - NAMED} more" if len(notice.sources) > NAMED else ""
    return Bulletin(
        label="For the operator" if raised else "For the operator, over",
        headline=clean(notice.headline, HEADLINE),
        summary=clean(notice.summary, SUMMARY),
        fix=clean(notice.fix, FIX) if raised else "",
        sources=f"Sources: {named}{more}" if named else "",
        since=f"Since {_moment(notice.since)}"
        if raised
        else f"Since {_moment(notice.since)}, until {_moment(notice.at)}",
        raised=raised,
    )


def bulletin_text(bulletin: Bulletin) -> str:
    """Return *bulletin* as plain text, lines ended by a newline."""
    head = f"{bulletin.label.upper()}: {isolate(bulletin.headline)}"
    return "".join(f"{line}\n" for line in (head, *bulletin.lines))


def bulletin_html(bulletin: Bulletin) -> str:
    """Return *bulletin* as one HTML document; every text in it is escaped."""
    return _template().render(bulletin=bulletin, colour=COLOURS[bulletin.raised])


def bulletin_slack(bulletin: Bulletin) -> SlackMessage:
    """Return *bulletin* as a message for Slack."""
    return SlackMessage(escape(bulletin.title), notice_blocks(bulletin.title, bulletin.lines))


def _moment(moment: datetime) -> str:
    return f"{moment:%d %b %Y, %H:%M} UTC"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("services.alerter"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("notice.html.j2")
