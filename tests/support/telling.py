"""Tagged items with one claim each, in as few words as a test needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.messages import Claim, RawItem, SourceRef, TaggedItem, stable_id

NOON = datetime(2016, 2, 3, 12, 0, tzinfo=UTC)
DAY = date(2016, 2, 3)


def tell(
    item: str = "first",
    *,
    version: int = 1,
    change: str = "new",
    at: datetime = NOON,
    source: str | None = None,
    claims: int = 1,
    **fields: Any,
) -> TaggedItem:
    """Return the tagged *version* of *item*: *claims* claims of one adviser killed near Salma, but for *fields*."""
    raw = RawItem(
        id=stable_id(item, str(version)),
        item=item,
        version=version,
        change=change,  # type: ignore[arg-type]
        source=SourceRef(id=source or f"source of {item}", name=source or f"Source of {item}", kind="rss"),
        text=f"An adviser was killed, says {item}.",
        published_at=at,
        seen_at=at + timedelta(minutes=version),
    )
    made = tuple(_claim(raw, number, fields) for number in range(claims))
    return TaggedItem(id=stable_id("tagged", raw.id), item=raw, relevant=True, score=1.0, lang="en", claims=made)


def _claim(raw: RawItem, number: int, fields: dict[str, Any]) -> Claim:
    told: dict[str, Any] = {
        "outcome": "killed",
        "min": 1,
        "max": 1,
        "force": "RU",
        "place": "Salma",
        "governorate": "Latakia",
        "date": DAY,
        "cause": "mortar",
        "stance": "reported",
    }
    return Claim(
        id=stable_id(raw.id, str(number)),
        evidence="An adviser was killed",
        start=1,
        end=22,
        **{**told, **fields},
    )
