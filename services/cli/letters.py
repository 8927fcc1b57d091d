"""``dead``: what could not be handled, listed, shown, put back, or given up."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.errors import ClaimwatchError

if TYPE_CHECKING:
    from shared.dead_letters import DeadLetter
    from shared.eventlog import EventLog

T = TypeVar("T")

LetterArgument = Annotated[str, typer.Argument(metavar="ID", help="The letter's id, or its beginning.")]
TopicOption = Annotated[str | None, typer.Option("--topic", metavar="TOPIC", help="Only letters about this topic.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Dead letters: what could not be handled, with who, why, when and how often.",
        rich_markup_mode="rich",
    )
    group.command(name="list")(list_letters)
    for command in (show, replay, drop):
        group.command()(command)
    app.add_typer(group, name="dead", rich_help_panel="Operation")


def list_letters(
    topic: TopicOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those put back or dropped before.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the letters that wait for a decision, oldest first."""
    from shared.dead_letters import summarise

    found = _with_log(config, lambda log: _letters(log, topic))
    shown = [letter for letter in found if everything or letter.state == "waiting"]
    if as_json:
        for letter in shown:
            print(json.dumps(_facts(letter), ensure_ascii=False))
        return
    for row in summarise(shown):
        print("  ".join(row))
    if sys.stdout.isatty() and not shown:
        print("no dead letters")


def show(letter: LetterArgument, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show one letter whole: its story, its headers, its value."""
    from shared.dead_letters import describe

    found = _with_log(config, lambda log: _find(log, letter))
    print(json.dumps(_facts(found), ensure_ascii=False) if as_json else describe(found))


def replay(
    letter: Annotated[str | None, typer.Argument(metavar="[ID]", help="The letter's id, or its beginning.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every letter that waits.")] = False,
    topic: TopicOption = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it was put back or dropped before.")] = False,
    config: ConfigOption = None,
) -> None:
    """Put a letter back into its topic, once its cause is mended.

    [dim]Examples:[/dim]

      claimwatch dead replay 5a0c
      claimwatch dead replay --all --topic items.raw
    """
    if (letter is None) == (not everything):
        raise ClaimwatchError("name one letter, or say --all")

    async def work(log: EventLog) -> list[str]:
        from shared.dead_letters import replay as put_back

        chosen = [await _find(log, letter)] if letter else await _waiting(log, topic)
        for one in chosen:
            await put_back(log, one, force=force)
            print(f"put back into {one.topic}: {one.id}")
        return [one.id for one in chosen]

    if not _with_log(config, work):
        print("no letter waits")


def drop(letter: LetterArgument, config: ConfigOption = None) -> None:
    """Mark a letter as not worth putting back; it is kept until its topic forgets it."""

    async def work(log: EventLog) -> str:
        from shared.dead_letters import drop as give_up

        one = await _find(log, letter)
        await give_up(log, one)
        return one.id

    print(f"dropped: {_with_log(config, work)}")


def _with_log(config: Path | None, work: Callable[[EventLog], Awaitable[T]]) -> T:
    """Return what *work* gives on the configured log."""
    from shared.eventlog.address import SqliteAddress, parse
    from shared.eventlog.opening import open_log

    settings = configured(config).configuration
    log_plainly(settings, "dead")
    address = parse(settings.log)
    if isinstance(address, SqliteAddress) and not address.path.exists():
        raise ClaimwatchError(f"there is no log at {address.path} yet; claimwatch run or claimwatch topics makes it")

    async def run() -> T:
        log = await open_log(settings.log, client="claimwatch-dead")
        try:
            return await work(log)
        finally:
            await log.close()

    return asyncio.run(run())


async def _letters(log: EventLog, topic: str | None) -> list[DeadLetter]:
    from shared.dead_letters import letters
    from shared.topics import TOPICS

    chosen = [one for one in TOPICS if topic in (None, one.name)]
    if not chosen:
        raise ClaimwatchError(f"there is no topic {topic}; the topics are {', '.join(one.name for one in TOPICS)}")
    found = [letter for one in chosen for letter in await letters(log, one)]
    return sorted(found, key=lambda letter: letter.time)


async def _waiting(log: EventLog, topic: str | None) -> list[DeadLetter]:
    return [letter for letter in await _letters(log, topic) if letter.state == "waiting"]


async def _find(log: EventLog, beginning: str) -> DeadLetter:
    found = [letter for letter in await _letters(log, None) if letter.id.startswith(beginning)]
    if len(found) != 1:
        problem = "no letter has" if not found else f"{len(found)} letters have"
        raise ClaimwatchError(f"{problem} an id that begins with {beginning!r}; see: claimwatch dead list --all")
    return found[0]


def _facts(letter: DeadLetter) -> dict[str, object]:
    return {
        "id": letter.id,
        "state": letter.state,
        "stage": letter.stage,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "time": letter.time.isoformat(),
        "attempts": letter.attempts,
        "replays": letter.replays,
        "version": letter.version,
        "error": letter.error,
        "headers": dict(letter.headers),
        "value": letter.value.decode("utf-8", "replace"),
    }
