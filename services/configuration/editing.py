"""Adds sources to a configuration file: what stands there, comments included, stays as it is. Pure but for the file.

A TOML file may be continued at its end by ``[[collector.sources]]``, unless the list was written inline. Whatever is
written was read back before, and means what was meant.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.collector.settings import SourceSettings
from services.configuration.printing import toml_lines
from shared.errors import ConfigurationError

BOM = "\ufeff"
NEW_FILE = """\
# claimwatch's configuration; deploy/claimwatch.toml of the distribution explains every key.

[collector]
# Go on reading the shipped catalogue beside the sources below.
catalogue = true
"""


class CannotEdit(ConfigurationError):
    """The file cannot be continued; its reason and the lines to paste are for the person."""


def block(source: SourceSettings) -> str:
    """Return *source* as it stands in a configuration file. Pure."""
    set_ = {
        key: value for key, value in source.model_dump(exclude_unset=True, mode="json").items() if value is not None
    }
    return "\n".join(("[[collector.sources]]", *toml_lines(set_))) + "\n"


def with_sources(text: str, sources: Sequence[SourceSettings]) -> str:
    """Return the configuration *text* continued by *sources*. Pure.

    Raises:
        CannotEdit: it is broken, or written so that nothing can be added at its end.

    """
    before = _read(text)
    after = text if not text or text.endswith("\n") else f"{text}\n"
    after += "".join(f"\n{block(source)}" for source in sources)
    try:
        tree = tomllib.loads(after.removeprefix(BOM))
    except tomllib.TOMLDecodeError:
        raise CannotEdit(
            "collector.sources", "stands in one line, so that nothing can be added at the end", "Paste it there"
        ) from None
    if tree != _expected(before, sources):
        raise CannotEdit("collector.sources", "cannot be continued at the end of the file", "Paste it where they stand")
    return after


def write_sources(file: Path, sources: Sequence[SourceSettings]) -> None:
    """Add *sources* to *file*, which is made if it is not there: all of them, or nothing.

    Raises:
        CannotEdit: the file cannot be read, continued or written.

    """
    try:
        text = NEW_FILE
        if file.exists():
            with file.open(encoding="utf-8", newline="") as old:  # line ends stay as they are
                text = old.read()
        _replace(file, with_sources(text, sources))
    except OSError as error:
        raise CannotEdit(str(file), f"cannot be written: {error.strerror}", "Paste the lines yourself") from error
    except UnicodeDecodeError as error:
        raise CannotEdit(str(file), f"is not UTF-8 text (byte {error.start})", "Save it as UTF-8") from error


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix(BOM))
    except tomllib.TOMLDecodeError as error:
        raise CannotEdit("the configuration", f"is broken TOML: {error}", "Correct that line first") from error


def _expected(before: Mapping[str, Any], sources: Sequence[SourceSettings]) -> dict[str, Any]:
    added = [tomllib.loads(block(source))["collector"]["sources"][0] for source in sources]
    collector = dict(before.get("collector", {}))
    return {**before, "collector": {**collector, "sources": [*collector.get("sources", []), *added]}}


def _replace(file: Path, text: str) -> None:
    """Put *text* in the place of *file* in one step; a link stays a link, and the rights stay as they were."""
    target = file.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        Path(name).chmod(target.stat().st_mode & 0o7777 if target.exists() else 0o644)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
