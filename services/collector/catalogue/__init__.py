"""The shipped list of outlets and channels that cover Syria; used when the configuration names no sources."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from services.collector.settings import SourceSettings


@cache
def catalogue() -> tuple[SourceSettings, ...]:
    """Return the sources in ``catalogue.toml``."""
    table = tomllib.loads(files(__name__).joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return tuple(SourceSettings(**row) for row in table["sources"])
