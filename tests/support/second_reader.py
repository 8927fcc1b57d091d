"""What the tests of the second reader share: doubtful items, answers of a model, the vocabulary to check them with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from services.classifier.second_reader.vocabulary import Vocabulary
from services.classifier.settings import ClassifierSettings
from shared.messages import Claim, RawItem, SourceRef, Span, TaggedItem

NOW = datetime(2016, 2, 3, 12, 0, tzinfo=UTC)
TEXT = (
    "An adviser was killed near Salma on Monday, the Russian Defence Ministry said. "
    "Opposition sources claimed that at least four generals died in the shelling."
)
FOUR = "Opposition sources claimed that at least four generals died in the shelling."
KEY = "sk-made-up-0123456789"


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of all languages; it takes a second to build."""
    return Vocabulary.load(("en", "ru", "ar", "tr", "uk"))


def settings(threshold: float = 0.5, **second: Any) -> ClassifierSettings:
    """Return the classifier's settings with a second reader switched on, but for what *second* says."""
    own = {"enabled": True, "base_url": "http://127.0.0.1:9/v1", "model": "tiny", **second}
    return ClassifierSettings.model_validate({"threshold": threshold, "second_reader": own})


def doubtful(
    text: str = TEXT,
    *claims: Claim,
    lang: str | None = "en",
    score: float = 0.45,
    relevant: bool = False,
    read: bool = True,
    source: str = "Wire",
    change: str = "new",
) -> TaggedItem:
    """Return an item as the first reader leaves it."""
    item = RawItem(
        id="i-1",
        item="i",
        change=change,  # type: ignore[arg-type]
        source=SourceRef(id="wire", name=source, kind="rss"),
        text=text,
        published_at=NOW,
        seen_at=NOW,
    )
    return TaggedItem(
        id="t-1", item=item, relevant=relevant or bool(claims), score=score, lang=lang, read=read, claims=claims
    )


def own_claim(at: tuple[int, int] = (1, 11), **fields: Any) -> Claim:
    """Return a claim of the first reader whose number stands *at*."""
    told: dict[str, Any] = {
        "id": "own",
        "outcome": "killed",
        "min": 1,
        "max": 1,
        "force": "RU",
        "stance": "reported",
        "evidence": "An adviser was killed",
        "start": 1,
        "end": 22,
        "confidence": 0.9,
        "spans": (Span(field="count", start=at[0], end=at[1], rule="rule"),),
    }
    return Claim(**{**told, **fields})


def answered(**fields: Any) -> dict[str, Any]:
    """Return one claim as a model writes it, but for *fields*."""
    told: dict[str, Any] = {
        "evidence": FOUR,
        "outcome": "killed",
        "min": 4,
        "max": None,
        "force": "RU",
        "part": False,
        "total": False,
        "place": "Salma",
        "governorate": "Latakia",
        "date": "2016-02-01",
        "date_words": "on Monday",
        "cause": "mortar",
        "stance": "alleged",
        "attributed_to": "Opposition sources",
        "names": [],
    }
    return {**told, **fields}


def completion(*claims: Mapping[str, Any], content: str | None = None, tokens: int | None = 700) -> bytes:
    """Return the body of a chat completion that says *claims*, or *content* as it is."""
    said = json.dumps({"claims": claims}, ensure_ascii=False) if content is None else content
    body: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": said}}]}
    if tokens is not None:
        body["usage"] = {"total_tokens": tokens}
    return json.dumps(body).encode()
