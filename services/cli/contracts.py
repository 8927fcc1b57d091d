"""``schemas``: the contract with downstream teams as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.errors import ClaimwatchError

FOLDER = Path("docs/schemas")
RELEASED = "released"


def register(app: typer.Typer) -> None:
    """Add the commands of this file to *app*."""
    app.command(rich_help_panel="Operation")(schemas)


def schemas(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIRECTORY", help="Where the files are.")] = FOLDER,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when the files are not what this version would write.")
    ] = False,
    release: Annotated[
        bool, typer.Option("--release", help="Also keep a copy as the last release's, for later comparison.")
    ] = False,
) -> None:
    """Write the JSON Schema of every message and the AsyncAPI document of every topic.

    With [bold]--check[/bold] it also fails when a change would break readers of the last release: only a new optional
    field keeps a type's version.

    [dim]Examples:[/dim]

      claimwatch schemas --output contracts
      claimwatch schemas --check
    """
    from importlib.metadata import version

    from shared.schemas import ASYNCAPI, files

    current = files(version("claimwatch"))
    if check:
        _check(output, current)
        return
    _write(output, current)
    if release:
        _write(output / RELEASED, {name: text for name, text in current.items() if name != ASYNCAPI})


def _write(folder: Path, contents: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


def _check(folder: Path, current: dict[str, str]) -> None:
    stale = [name for name, text in current.items() if _read(folder / name) != text]
    if stale:
        fix = f"claimwatch schemas --output {folder}"
        raise ClaimwatchError(f"out of date in {folder}: {', '.join(stale)}. Run: {fix}")
    faults = _broken_promises(folder / RELEASED, current)
    if faults:
        raise ClaimwatchError(
            "a change breaks readers of the last release; make it a new version of the type instead:\n  "
            + "\n  ".join(faults)
        )
    print(f"ok: {len(current)} files in {folder} are up to date and keep the last release's promises")


def _broken_promises(released: Path, current: dict[str, str]) -> list[str]:
    """Return what the *released* schemas promised and the *current* ones do not keep."""
    import json

    from shared.compatibility import breaking_changes

    faults: list[str] = []
    for path in sorted(released.glob("*.json")):
        if path.name not in current:
            faults.append(f"{path.stem}: the type was removed")
            continue
        before, after = json.loads(path.read_text(encoding="utf-8")), json.loads(current[path.name])
        faults += [f"{path.stem}: {fault}" for fault in breaking_changes(before, after)]
    return faults


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
