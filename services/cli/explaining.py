"""``explain``: the reader's decision about one text."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.files import read_bytes
from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.errors import ClaimwatchError, Retry

if TYPE_CHECKING:
    from rich.text import Text

    from services.classifier.explanation import NearClaim
    from services.configuration import Configuration
    from shared.messages import Claim, RawItem, TaggedItem

WEB = ("http://", "https://")


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Reading")(explain)


def explain(
    text: Annotated[str, typer.Argument(metavar="FILE|URL|-", help="A file, a web page, or - for standard input.")],
    wanted: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Which document, when the file holds several (JSON lines).")
    ] = None,
    date: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="When it was published; else now.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how one text is read: relevant or not and why, each claim, and the quote it was read from.

    Takes plain text, a saved page, or documents as for replay.

    [dim]Examples:[/dim]

      echo "Four officers were killed near Palmyra, the ministry said." | claimwatch explain -
      claimwatch explain https://example.org/article --date 2016-02-03
      claimwatch explain docs.jsonl --id s-003
    """
    from datetime import UTC

    from shared.clock import SystemClock

    settings = configured(config).configuration
    log_plainly(settings, "explain")
    now = date.replace(tzinfo=UTC) if date else SystemClock().now()
    item = asyncio.run(_fetch(text, now, settings) if text.startswith(WEB) else _open(text, now, wanted, settings))
    tagged, near = _read(item, settings)
    if as_json:
        print(tagged.model_dump_json())
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())
    for line in lines_about(tagged, near):
        console.print(line)


def lines_about(tagged: TaggedItem, near: Sequence[NearClaim] = ()) -> list[Text]:
    """Return the decision about an item, line by line, the quotes marked in their sentences. Pure.

    *near* are the phrases that might have been claims.
    """
    from rich.text import Text

    verdict = "relevant" if tagged.relevant else "not relevant" if tagged.read else "not read"
    colour = "bold green" if tagged.relevant else "bold yellow"
    language = f"language {tagged.lang}" if tagged.lang else "language unknown"
    lines = [Text.assemble((verdict, colour), f" · score {tagged.score:.2f} · {language}")]
    lines += [Text(f"  because {plain(reason)}") for reason in tagged.reasons]
    for number, claim in enumerate(tagged.claims, 1):
        lines += [Text(), *_claim(number, claim, tagged.item.document)]
    if near:
        lines += [Text(), Text("Nearly a claim:", style="bold")]
        lines += [Text(f"  “{plain(one.words)}”: {one.reason}") for one in near]
    return lines


def plain(text: str) -> str:
    """Return *text* on one line, without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def _claim(number: int, claim: Claim, document: str) -> list[Text]:
    from rich.text import Text

    kind = " (a total)" if claim.total else " (part of a larger figure)" if claim.part else ""
    lines = [Text(f"{number}. {claim.force}: {_range(claim)} {claim.outcome}{kind}", style="bold")]
    facts = {
        "stance": claim.stance,
        "place": ", ".join(filter(None, (claim.place, claim.governorate))),
        "date": claim.date.isoformat() if claim.date else "",
        "cause": claim.cause or "",
        "role": claim.role or "",
        "names": ", ".join(claim.names),
        "said by": _speaker(claim),
        "read by": claim.reader or "",
    }
    lines += [Text(f"   {name:<8} {plain(value)}") for name, value in facts.items() if value]
    before, after = document[max(0, claim.start - 60) : claim.start], document[claim.end : claim.end + 60]
    quote = Text.assemble(
        "   “", (plain(before), "dim"), (plain(claim.evidence), "reverse"), (plain(after), "dim"), "”"
    )
    return [*lines, quote]


def _range(claim: Claim) -> str:
    if claim.min is None and claim.max is None:
        return "no number"
    if claim.min == claim.max:
        return str(claim.min)
    if claim.max is None:
        return f"{claim.min} or more"
    return f"up to {claim.max}" if claim.min is None else f"{claim.min} to {claim.max}"


def _speaker(claim: Claim) -> str:
    said = claim.attributed_to or "the outlet itself"
    party = f" ({claim.party})" if claim.party and claim.party != claim.attributed_to else ""
    return said + party + (f", through {claim.relayed_by}" if claim.relayed_by else "")


async def _open(name: str, now: datetime, wanted: str | None, settings: Configuration) -> RawItem:
    from services.texts import is_document, is_page, item_from_documents, item_from_text

    data = read_bytes(Path(name))
    content = data.decode("utf-8-sig", "replace")
    if is_document(content):
        return item_from_documents(content, now=now, wanted=wanted)
    if is_page(content):
        return item_from_text(await _article(data, None, None, settings), now=now)
    return item_from_text(content, now=now)


async def _fetch(url: str, now: datetime, settings: Configuration) -> RawItem:
    from services.collector.sources.fetching import PAGE_ACCEPT, Fetcher
    from services.texts import item_from_text

    async with Fetcher(contact=settings.collector.contact) as fetcher:
        try:
            answer = await fetcher.get(url, accept=PAGE_ACCEPT)
        except Retry as error:
            raise ClaimwatchError(error.reason) from error
    if answer.status != 200:  # noqa: PLR2004 - HTTP's OK
        raise ClaimwatchError(f"{url} answered with status {answer.status}")
    body = await _article(answer.body, answer.headers.get("content-type"), answer.url, settings)
    return item_from_text(body, now=now, url=answer.url)


async def _article(page: bytes, content_type: str | None, url: str | None, settings: Configuration) -> str:
    """Return the article's text in *page*, read in a process of its own as the collector does."""
    from services.collector.sources.parser_process import ParserPool

    limits = settings.collector.limits
    parsers = ParserPool(seconds=limits.parse, memory=limits.memory)
    try:
        return (await parsers.article(page, content_type, url or "")).text
    except Retry as error:
        raise ClaimwatchError(error.reason) from error
    finally:
        await parsers.close()


def _read(item: RawItem, settings: Configuration) -> tuple[TaggedItem, Sequence[NearClaim]]:
    from services.classifier.classify import Reader
    from services.classifier.explanation import explain as account

    reader = Reader.load(settings.classifier.languages, settings.classifier.threshold)
    tagged = asyncio.run(_review(reader.read(item), settings))
    return tagged, account(reader, item).rejected


async def _review(tagged: TaggedItem, settings: Configuration) -> TaggedItem:
    """Return *tagged* after the second reader, if there is one, was asked as it would be live."""
    from services.classifier.second_reader.reviewing import opened
    from shared.clock import SystemClock

    async with opened(settings.classifier, SystemClock()) as second:
        return await second.review(tagged) if second else tagged
