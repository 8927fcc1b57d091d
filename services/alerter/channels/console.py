"""The default channel: prints alerts, in colour on a terminal, as plain lines in a pipe."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from services.alerter.channels import Delivery, Receipt, Telling
from services.alerter.rendering import Card, Saying, make_card
from services.alerter.rendering.bulletin import Bulletin, bulletin_text, make_bulletin
from services.alerter.rendering.neutral import isolate
from services.alerter.rendering.text import render_text
from shared.errors import Retry
from shared.messages import AlertKind

COLOURS: dict[AlertKind, str] = {
    "new": "cyan",
    "conflict": "red",
    "update": "yellow",
    "confirmation": "green",
    "denial": "magenta",
    "correction": "yellow",
}
WIDTH = 110
"""Lines longer than this are hard to read, however wide the terminal."""


class ConsoleChannel:
    """Prints each alert to *console*, by default the process's standard output.

    Texts reach the terminal as :class:`rich.text.Text`, never as markup, and without control characters, so that no
    escape sequence of a hostile post gets through.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)

    async def send(self, delivery: Delivery) -> Receipt:
        """Print one alert.

        Raises:
            Retry: nobody reads standard output any more, or the disk behind it is full.

        """
        card = make_card(delivery.alert, delivery.incident)
        return self._print(draw(card), render_text(card))

    async def tell(self, telling: Telling) -> Receipt:
        """Print one notice; raises as ``send``."""
        bulletin = make_bulletin(telling.notice)
        return self._print(draw_bulletin(bulletin), bulletin_text(bulletin))

    async def close(self) -> None:
        """Leave standard output to the process."""

    def _print(self, panel: Panel, text: str) -> Receipt:
        """Write it in one piece: what rich held back after a failure would be printed again before the next one."""
        console = self._console
        try:
            with console.capture() as drawn:
                if console.is_terminal:
                    console.print(panel, width=min(console.width, WIDTH))
                else:
                    console.print(Text(text), soft_wrap=True)
            console.file.write(drawn.get())
            console.file.flush()
        except OSError as error:
            raise Retry(f"standard output takes nothing: {error.strerror}") from error
        return Receipt()


def draw(card: Card) -> Panel:
    """Return *card* as it looks on a terminal."""
    colour = COLOURS[card.kind]
    parts: list[RenderableType] = [Text(isolate(card.headline), style="bold")]
    if card.summary:
        parts.append(Text(isolate(card.summary)))
    for dispute in card.disputes:
        against = Text("against", style=f"bold {colour}")
        sides = [*_saying(dispute.left), against, *_saying(dispute.right)]
        parts += [Text(), Text(f"In dispute: {dispute.dimension}", style=f"bold {colour}"), _indented(sides)]
    for saying in card.sayings:
        parts += [Text(), _indented(_saying(saying))]
    if card.more:
        parts += [Text(), Text(f"({card.more})", style="dim")]
    parts += [Text(), *_standing(card)]
    title = Text(card.label, style=f"bold {colour}")
    return Panel(Group(*parts), title=title, title_align="left", border_style=colour, padding=(0, 1))


def draw_bulletin(bulletin: Bulletin) -> Panel:
    """Return a notice as it looks on a terminal."""
    colour = "red" if bulletin.raised else "green"
    parts = [Text(isolate(bulletin.headline), style="bold"), *(Text(line) for line in bulletin.lines)]
    title = Text(bulletin.label, style=f"bold {colour}")
    return Panel(Group(*parts), title=title, title_align="left", border_style=colour, padding=(0, 1))


def _indented(lines: list[Text]) -> Padding:
    return Padding(Group(*lines), (0, 0, 0, 2))


def _saying(saying: Saying) -> list[Text]:
    first = Text(isolate(saying.claim), style="bold")
    for part in (saying.scene, saying.stance):
        first.append(f" · {isolate(part)}" if part else "", style="not bold")
    lines = [first, Text(isolate(saying.attribution))]
    if saying.names:
        lines.append(Text(f"names: {isolate(saying.names)}"))
    lines.append(Text(f"“{isolate(saying.quote)}”", style="italic"))
    if saying.link:
        lines.append(Text(saying.link, style="blue", overflow="fold"))
    lines += [Text(f"! {doubt}", style="bold yellow") for doubt in saying.doubts]
    return lines


def _standing(card: Card) -> list[Text]:
    standing = card.standing
    lines = [Text(f"As it stands: {standing.voices}, {standing.since}", style="dim")]
    return lines + [Text(f"  {figure}", style="dim") for figure in standing.figures]
