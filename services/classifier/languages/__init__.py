"""What is known of each language: a folder of data each, with its name and script in ``language.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its ISO 639-1 code, its English name, and the script it is written in."""

    code: str
    name: str
    script: str


@cache
def languages() -> dict[str, Language]:
    """Return every language with a data folder, by its code."""
    found = {}
    for path in sorted(HERE.glob("*/language.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        code = path.parent.name
        found[code] = Language(code, table["name"], table["script"])
    return found
