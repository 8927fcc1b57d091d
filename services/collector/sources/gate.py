"""What is worth fetching and reading in full, asked of whoever composes the collector with a classifier. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Opens = Callable[[str], bool]
"""Whether a text may hold, or lead to, something the reader looks for. Quick; answers the same for the same text."""


@dataclass(frozen=True)
class Gate:
    """``teaser`` is asked with an entry's title and summary before its page is fetched, ``page`` with raw HTML."""

    teaser: Opens
    page: Opens
