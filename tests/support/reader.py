"""The product's reader, and items to read, in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from services.classifier.classify import Reader
from shared.messages import RawItem, SourceRef

LABELLED = Path(__file__).parents[2] / "services" / "classifier" / "labelled"
MOMENT = datetime(2018, 2, 9, 12, tzinfo=UTC)


@cache
def shared_reader() -> Reader:
    """Return one reader for all tests: it is pure, and takes a second to build."""
    return Reader.load()


def item(text: str, *, title: str | None = None, when: datetime = MOMENT, **more: Any) -> RawItem:
    """Return a raw item with *text*."""
    source = SourceRef(id="wire", name="Wire", kind="rss")
    return RawItem(id="i-1", item="i-1", source=source, title=title, text=text, published_at=when, seen_at=when, **more)
