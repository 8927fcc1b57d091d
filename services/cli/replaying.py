"""``replay``: the real reader and ledger over a file of documents."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from services.cli.errors import Status
from services.cli.files import STDIN, read_lines
from services.cli.options import ConfigOption, configured, log_plainly
from shared.errors import ClaimwatchError

if TYPE_CHECKING:
    from services.configuration import Configuration
    from services.documents import Document
    from services.replay import Read


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Reading")(replay)


def replay(
    docs: Annotated[
        Path, typer.Argument(metavar="DOCS.jsonl", help="The documents, one JSON object a line; - is standard input.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="RESULT.jsonl", help="Where the results go; - is standard output.")
    ],
    claims: Annotated[
        Path | None,
        typer.Option("--claims", metavar="GOLD.jsonl", help="Take the claims from these labels, not from the reader."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Show what the product would have made of a file of documents.

    They are handled in the order of their publication, each as if it had just been collected, with the clock at its
    time, on a store of their own; nobody is notified. A line that is not a document is reported with its number on
    standard error, and the exit status is then 1.

    [dim]Examples:[/dim]

      claimwatch replay docs.jsonl --output result.jsonl
      claimwatch replay docs.jsonl --output - | jq .alerts
    """
    settings = configured(config).configuration
    log_plainly(settings, "replay")
    if output != STDIN and output.exists() and docs != STDIN and output.samefile(docs):
        raise ClaimwatchError("the result would overwrite the documents; name another file with --output")
    documents, bad = sort_out(docs)
    read = _reader(claims, settings)
    with _writing(output) as target:
        asyncio.run(_replay(documents, read, None if claims else settings, target))
    if bad:
        print(f"claimwatch: {bad} of {bad + len(documents)} lines were not documents", file=sys.stderr)
        raise typer.Exit(Status.FAILED)


def sort_out(path: Path) -> tuple[list[Document], int]:
    """Return the documents in *path* and how many lines were none, each reported on standard error."""
    from services.documents import BadLine, read_documents

    documents: list[Document] = []
    bad = 0
    for line in read_documents(read_lines(path)):
        if isinstance(line, BadLine):
            bad += 1
            print(f"{path}:{line.number}: {line.reason}", file=sys.stderr)
        else:
            documents.append(line)
    return documents, bad


def _reader(claims: Path | None, settings: Configuration) -> Read:
    from services.documents import BadLine, read_labels
    from services.replay import load_reader, read_from_labels

    if claims is None:
        return load_reader(settings.classifier)
    labels = []
    for line in read_labels(read_lines(claims)):
        if isinstance(line, BadLine):
            raise ClaimwatchError(f"{claims}:{line.number}: {line.reason}")
        labels.append(line)
    return read_from_labels(labels)


async def _replay(documents: Sequence[Document], read: Read, settings: Configuration | None, target: TextIO) -> None:
    """Write what *read* and the ledger make of *documents*; with *settings*, the second reader is asked too."""
    from rich.console import Console
    from rich.progress import Progress

    from services.replay import load_review
    from services.replay import replay as run

    console = Console(stderr=True)
    async with AsyncExitStack() as stack:
        review = await stack.enter_async_context(load_review(settings.classifier)) if settings else None
        progress = stack.enter_context(Progress(console=console, transient=True, disable=not console.is_terminal))
        task = progress.add_task("replaying", total=len(documents))
        async for line in run(documents, read, review):
            target.write(json.dumps(line, ensure_ascii=False) + "\n")
            progress.advance(task)


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    if path == STDIN:
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        yield sys.stdout
        return
    try:
        target = path.open("w", encoding="utf-8")
    except OSError as error:
        raise ClaimwatchError(f"{path} cannot be written: {error.strerror}") from error
    with target:
        yield target
