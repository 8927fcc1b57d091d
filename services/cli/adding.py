"""``sources add``: finds what can be collected at an address, shows it, and puts it into the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from services.cli.options import ConfigOption, configured, log_plainly
from shared.errors import ClaimwatchError, ConfigurationError

if TYPE_CHECKING:
    from services.collector.discovery import Finding
    from services.collector.settings import CollectorSettings, SourceSettings
    from services.configuration import Configuration, Loaded

NEWEST = 3


@dataclass(frozen=True)
class Preview:
    """What a source would collect, in figures: ``gap`` between items, ``passing`` those worth reading closely."""

    items: int
    dated: int
    gap: timedelta | None
    language: str | None
    passing: int
    newest: tuple[tuple[datetime | None, str], ...]


def add(
    address: Annotated[str, typer.Argument(metavar="URL", help="A site, a feed, a sitemap, or https://t.me/CHANNEL.")],
    config: ConfigOption = None,
    name: Annotated[str | None, typer.Option("--name", help="As shown in alerts; else the feed's own title.")] = None,
    source_id: Annotated[
        str | None, typer.Option("--id", help="Short name, kept for ever; else made from the address.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Add it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it, and the lines for the file.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The address is in your own network; else such are refused.")
    ] = False,
) -> None:
    """Find the feed at an address, show what it would collect, and add it to the configuration file.

    The page is searched for the feed it names, then the usual places, then the site's news sitemap. The file keeps its
    comments; where it cannot be changed, the lines to paste are printed.

    [dim]Examples:[/dim]

      claimwatch sources add https://news.example.org
      claimwatch sources add https://t.me/example --yes
      claimwatch sources add https://news.example.org/rss --id example --name "Example News" --dry-run
    """
    loaded = configured(config)
    settings = loaded.configuration
    log_plainly(settings, "sources")
    finding = asyncio.run(_find(settings, address, allow_private=allow_private))
    preview = make_preview(finding, settings.classifier.languages)
    made = make_source(
        finding,
        settings.collector,
        language=preview.language,
        name=name,
        source_id=source_id,
        allow_private=allow_private,
    )
    _print(finding, preview)
    offer(loaded, [made], config, yes=yes, dry_run=dry_run)


def offer(loaded: Loaded, sources: Sequence[SourceSettings], config: Path | None, *, yes: bool, dry_run: bool) -> None:
    """Show *sources* as they would stand in the configuration file, and write them there unless the person says no."""
    from services.configuration import FILE
    from services.configuration.editing import CannotEdit, block, write_sources

    check_together(loaded.configuration.collector, sources)
    file = loaded.file or config or Path(FILE)
    print("\n" + "\n".join(block(one) for one in sources), end="")
    if dry_run:
        return
    if not loaded.configuration.collector.sources and loaded.configuration.collector.catalogue is None and loaded.file:
        print(
            "\nThis will be your first own source, and the shipped catalogue is read only while there is none. To\n"
            "read both, write catalogue = true under [collector]."
        )
    if not yes and not typer.confirm(f"\nAdd this to {file}?", default=False):
        print("Nothing was changed.")
        return
    try:
        write_sources(file, sources)
    except CannotEdit as error:
        raise ClaimwatchError(f"{error}. Nothing was changed; the lines above are what to paste") from error
    print(f"Added to {file}. It takes effect when the collector starts the next time.")


def check_together(collector: CollectorSettings, sources: Sequence[SourceSettings]) -> None:
    """Check that *sources* go with what is configured.

    Raises:
        ConfigurationError: an id or an address stands there already, or a channel without a mode to read it.

    """
    from services.collector.settings import CollectorSettings

    known = {one.url or one.channel: one.id for one in collector.sources}
    for one in sources:
        if (there := known.get(one.url or one.channel)) is not None:
            raise ConfigurationError(f"collector.sources.{there}", "is this very source", "There is nothing to add")
    CollectorSettings.model_validate({**dict(collector), "sources": (*collector.sources, *sources)})


def make_preview(finding: Finding, languages: Sequence[str]) -> Preview:
    """Return the figures of what was found."""
    from services.classifier.language import detect
    from services.classifier.raw_gate import RawGate
    from services.collector.rhythm import learn, slot_of

    dates = sorted(one.published_at for one in finding.items if one.published_at)
    gaps = sorted(later - earlier for earlier, later in pairwise(dates))
    rhythm = learn(tuple(sorted({slot_of(moment) for moment in dates})))
    texts = [f"{one.title or ''}\n{one.text}" for one in finding.items]
    gate = RawGate.load(languages)
    newest = sorted(finding.items, key=lambda one: one.published_at.timestamp() if one.published_at else 0.0)
    return Preview(
        items=len(finding.items),
        dated=len(dates),
        gap=rhythm.gap if rhythm else gaps[len(gaps) // 2] if gaps else None,
        language=detect("\n".join(texts)[:20_000], None) if texts else None,
        passing=sum(gate.opens(text) for text in texts),
        newest=tuple((one.published_at, one.title or one.text) for one in reversed(newest[-NEWEST:])),
    )


def make_source(
    finding: Finding,
    collector: CollectorSettings,
    *,
    language: str | None,
    name: str | None = None,
    source_id: str | None = None,
    allow_private: bool = False,
) -> SourceSettings:
    """Return the settings of what was found; what nobody said is made from its address and title."""
    from services.collector.opml import free_id
    from services.collector.settings import SourceSettings

    telegram = finding.kind == "telegram"
    host = urlsplit(finding.address).hostname or ""
    taken = {one.id for one in collector.sources}
    values: dict[str, object] = {
        "id": source_id or free_id(f"tg-{finding.address}" if telegram else host, taken),
        "name": name or finding.name or (finding.address if telegram else host),
        **({"kind": finding.kind} if finding.kind != "rss" else {}),
        ("channel" if telegram else "url"): finding.address,
        **({"language": language} if language else {}),
        **({"allow_private": True} if allow_private else {}),
    }
    return SourceSettings.model_validate(values)


async def _find(settings: Configuration, address: str, *, allow_private: bool) -> Finding:
    from services.collector.discovery import telegram_channel, try_channel
    from services.collector.exploring import exploring

    channel = telegram_channel(address)
    url = address if "//" in address else f"https://{address}"
    async with exploring(settings.collector, allow_private=allow_private) as exploration:
        if channel is None:
            return await exploration.discovery.find(url)
        if exploration.preview is None:
            raise ConfigurationError(
                "collector.telegram.mode",
                f'is "{settings.collector.telegram.mode}", and {channel} can only be tried by its preview',
                'Choose "preview" or "both" in the configuration (it says what they mean), or add the channel by hand',
            )
        return await try_channel(exploration.preview(channel), channel)


def _print(finding: Finding, preview: Preview) -> None:
    from services.collector.diagnosis import in_words

    what = {"rss": "feed", "sitemap": "news sitemap", "telegram": "Telegram channel"}[finding.kind]
    told = [
        ("found", f"{what}, {finding.how}"),
        ("address", finding.address),
        ("title", finding.name or "-"),
        ("entries", f"{preview.items}, of which {preview.dated} dated"),
        ("rhythm", f"about every {in_words(preview.gap)}" if preview.gap is not None else "not to be told yet"),
        ("language", preview.language or "unknown"),
        ("worth reading", f"{preview.passing} of {preview.items} would be read closely for claims"),
    ]
    for label, value in told:
        print(f"{label:<14} {_line(value)}")
    for moment, title in preview.newest:
        when = f"{moment:%d %b %Y %H:%M}" if moment else "undated"
        print(f"  {when:<18} {_line(title)[:100]}")
    if not preview.items:
        print("  It is empty now; that may be right for a quiet source.")


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
