"""``evaluate``: the accuracy table on labelled documents."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.calibration import error
from services.cli.files import read_lines
from services.cli.options import ConfigOption, JsonOption, configured, log_plainly
from shared.errors import ClaimwatchError

if TYPE_CHECKING:
    from services.configuration import Configuration
    from services.documents import BadLine, Document
    from services.evaluation import Ratio, Table

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Reading")(evaluate)


def evaluate(
    docs: Annotated[list[Path], typer.Option("--docs", metavar="DOCS.jsonl", help="Documents; may be repeated.")],
    gold: Annotated[list[Path], typer.Option("--gold", metavar="GOLD.jsonl", help="Their labels; may be repeated.")],
    result: Annotated[
        list[Path] | None,
        typer.Option("--result", metavar="RESULT.jsonl", help="What replay made of them; else it is made now."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="FIELD", help="Also by this field, for example lang.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Measure the reader and the ledger on labelled documents.

    [dim]Examples:[/dim]

      claimwatch evaluate --docs stories.docs.jsonl --gold stories.gold.jsonl --by lang
      claimwatch evaluate --docs d.jsonl --gold g.jsonl --result r.jsonl --json
    """
    from services.documents import read_labels
    from services.evaluation import evaluate as measure
    from services.evaluation import evaluate_by

    settings = configured(config).configuration
    log_plainly(settings, "evaluate")
    documents, parts = _documents(docs), []
    labels = [one for path in gold for one in _good(path, read_labels(read_lines(path)))]
    if result:
        results = [one for path in result for one in _results(path)]
    else:
        results = [one for part in documents for one in asyncio.run(_replay(part, settings))]
    plain = [document.model_dump(mode="json") for part in documents for document in part]
    parts.append(("all", measure(plain, labels, results)))
    if by:
        parts += [(f"{by}={value}", table) for value, table in evaluate_by(by, plain, labels, results).items()]
    for title, table in parts:
        if as_json:
            print(json.dumps({"part": title} | _figures(table)))
        else:
            print(_text(title, table))


def _documents(paths: Sequence[Path]) -> list[list[Document]]:
    from services.documents import read_documents

    return [_good(path, read_documents(read_lines(path))) for path in paths]


async def _replay(documents: Sequence[Document], settings: Configuration) -> list[Mapping[str, Any]]:
    from services.replay import load_reader, load_review, replay

    async with load_review(settings.classifier) as review:
        return [line async for line in replay(documents, load_reader(settings.classifier), review)]


def _good(path: Path, lines: Iterable[T | BadLine]) -> list[T]:
    """Return the values on *lines*; a measure over half a file would mislead, so any bad line ends the command."""
    from services.documents import BadLine

    good: list[T] = []
    bad = 0
    for line in lines:
        if isinstance(line, BadLine):
            bad += 1
            print(f"{path}:{line.number}: {line.reason}", file=sys.stderr)
        else:
            good.append(line)
    if bad:
        raise ClaimwatchError(f"{path}: {bad} of {bad + len(good)} lines cannot be used, so nothing was measured")
    return good


def _results(path: Path) -> list[Mapping[str, Any]]:
    try:
        return [json.loads(line) for line in read_lines(path) if line.strip()]
    except ValueError as error:
        raise ClaimwatchError(f"{path} is not a result of claimwatch replay: {error}") from error


def _figures(table: Table) -> dict[str, Any]:
    figures = asdict(table)
    for name in ("relevance", "strict", "lenient", "linking", "new", "conflict"):
        ratio: Ratio = getattr(table, name)
        figures[name] |= {"precision": ratio.precision, "recall": ratio.recall, "f1": ratio.f1}
    return figures


def _text(title: str, table: Table) -> str:
    missing = f", {table.missing} missing from the result" if table.missing else ""
    lines = [f"{title}: {table.documents} documents{missing}"]
    for name, words in ROWS.items():
        ratio: Ratio = getattr(table, name)
        lines.append(
            f"  {words:<16}P {ratio.precision:.3f}  R {ratio.recall:.3f}  F1 {ratio.f1:.3f}"
            f"   {ratio.right} right of {ratio.found} found, {ratio.there} there"
        )
    slots = "  ".join(f"{name} {share:.2f}" for name, share in table.slots.items() if share is not None)
    lines.append(f"  {'slots':<16}{slots or 'no strictly matched claims'}")
    if table.evidence is not None:
        lines.append(f"  {'verbatim quotes':<16}{table.evidence:.3f}")
    if table.calibration:
        curve = "  ".join(f"{one.stated:.2f}→{one.right:.2f} ({one.claims})" for one in table.calibration)
        lines.append(f"  {'confidence':<16}stated→right (claims): {curve}; error {error(table.calibration):.3f}")
    return "\n".join(lines)


ROWS = {
    "relevance": "relevance",
    "strict": "claims strict",
    "lenient": "claims lenient",
    "linking": "linking",
    "new": "new alerts",
    "conflict": "conflict alerts",
}
