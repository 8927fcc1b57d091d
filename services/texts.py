"""One text from wherever a person has it (plain text, a saved page, a document as JSON) as an item to read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.documents import BadLine, Document, mend_text, read_lines
from shared.errors import ClaimwatchError
from shared.messages import RawItem, SourceRef, stable_id

SOURCE = SourceRef(id="explain", name="explain", kind="rss")
MARKUP = re.compile(r"<(?:!doctype|html|head|body|article|p|div)\b", re.IGNORECASE)


def is_page(text: str) -> bool:
    """Whether *text* begins like an HTML page."""
    return bool(MARKUP.search(text[:2000]))


def is_document(text: str) -> bool:
    """Whether *text* is one or more lines of JSON objects, as in a file to replay."""
    return text.lstrip().startswith("{")


def item_from_text(text: str, *, now: datetime, url: str | None = None, title: str | None = None) -> RawItem:
    """Return *text* as an item published at *now*."""
    body = str(mend_text(text))
    item = stable_id(SOURCE.id, url or "", title or "", body)
    return RawItem(
        id=stable_id(item, "1"),
        item=item,
        source=SOURCE,
        url=url,
        title=title,
        text=body,
        published_at=now,
        seen_at=now,
    )


def item_from_documents(text: str, *, now: datetime, wanted: str | None) -> RawItem:
    """Return the document in *text* whose id is *wanted*; the only one when none is named.

    Only its text is needed; what else a file to replay must say may be missing here.

    Raises:
        ClaimwatchError: there is no such document, or several and none is named.

    """
    lines = [text.encode()] if _is_one(text) else text.encode().split(b"\n")
    parsed = read_lines(lines, lambda value: _complete(value, now), _id)
    found = list(parsed)
    good = {one.id: one for one in found if isinstance(one, Document)}
    if not good:
        bad = next((one for one in found if isinstance(one, BadLine)), BadLine(1, "there is nothing"))
        raise ClaimwatchError(f"line {bad.number} is no document: {bad.reason}")
    if wanted is None and len(good) > 1:
        raise ClaimwatchError(f"there are {len(good)} documents; name one with --id, as in --id {next(iter(good))}")
    if wanted is not None and wanted not in good:
        raise ClaimwatchError(f"there is no document with the id {wanted!r}")
    return good[wanted or next(iter(good))].as_collected()


def _id(document: Document) -> str:
    return document.id


def _is_one(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _complete(value: Any, now: datetime) -> Document:
    """Return the document of the JSON *value*, with whatever it leaves out."""
    if not isinstance(value, Mapping):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a bad value of a line is a ValueError to its reader
    missing = {"id": "-", "source": SOURCE.model_dump(include={"id", "name", "kind"}), "published_at": now}
    return Document.model_validate({**missing, **value})
