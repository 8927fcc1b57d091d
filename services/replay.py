"""The real reader and ledger over documents: at the documents' own time, on a fresh store, telling nobody."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.alerter.policy import PolicySettings
from services.alerter.store import Store, Tracked
from services.alerter.track import track
from services.classifier.settings import ClassifierSettings
from services.documents import Document
from shared.clock import SystemClock
from shared.database import create_engine
from shared.errors import ClaimwatchError
from shared.messages import Claim, RawItem, TaggedItem, stable_id
from shared.migrations import upgrade

Read = Callable[[Document], TaggedItem]
"""Makes a tagged item of a document: the classifier's reader, or the labels of a gold file."""

Review = Callable[[TaggedItem], Awaitable[TaggedItem]]
"""Looks at what was read once more: the second reader."""

CLAIM_FIELDS = (
    "outcome", "min", "max", "force", "part", "place", "governorate", "date", "cause", "stance", "attributed_to",
    "party", "names", "evidence", "confidence",
)  # fmt: skip
"""What a result says of a claim, beside its incident."""

SILENT = PolicySettings(live=False)


async def replay(
    documents: Iterable[Document], read: Read, review: Review | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Yield what the product makes of each of *documents*, in the order of their publication.

    Each is handled as if it had just been collected. Nothing outlives the replay, and nobody is told anything.
    """
    async with _fresh_store() as store:
        for document in sorted(documents, key=lambda one: one.published_at):
            tagged = read(document)
            if review is not None:
                tagged = await review(tagged)
            yield result(document, tagged, await track(tagged, store, document.published_at, settings=SILENT))


def result(document: Document, tagged: TaggedItem, kept: Tracked) -> dict[str, Any]:
    """Return the line of the result file for one *document*; ``incident`` is null for a total. Pure."""
    return {
        "id": document.id,
        "relevant": tagged.relevant,
        "score": tagged.score,
        "lang": tagged.lang,
        "reasons": list(tagged.reasons),
        "claims": [_claim(claim, kept.links.get(claim.id)) for claim in tagged.claims],
        "alerts": [{"kind": alert.kind, "incident": alert.incident, "summary": alert.summary} for alert in kept.alerts],
    }


def load_reader(settings: ClassifierSettings) -> Read:
    """Return the classifier's reader."""
    from services.classifier.classify import Reader  # noqa: PLC0415 - labels need no reader, and it takes its time

    reader = Reader.load(settings.languages, settings.threshold)
    return lambda document: reader.read(document.as_collected())


@asynccontextmanager
async def load_review(settings: ClassifierSettings) -> AsyncIterator[Review | None]:
    """Yield the second reader's review, if *settings* ask for one; it asks and pays as it does live, at the real time.

    Raises:
        ConfigurationError: its file cannot be used.

    """
    from services.classifier.second_reader.reviewing import opened  # noqa: PLC0415 - the same

    async with opened(settings, SystemClock()) as second:
        yield second.review if second else None


def read_from_labels(labels: Iterable[Mapping[str, Any]]) -> Read:
    """Return a reading that takes every claim from *labels*, all but its incident: the ledger measured alone.

    A claim that the labels give no incident is a total; a document that is not labelled is irrelevant.
    """
    by_id = {str(one["id"]): one for one in labels}

    def read(document: Document) -> TaggedItem:
        label = by_id.get(document.id, {"relevant": False, "claims": []})
        item = document.as_collected()
        claims = tuple(_labelled(item, i, one) for i, one in enumerate(label["claims"]))
        return TaggedItem(
            id=item.id,
            item=item,
            relevant=label["relevant"],
            score=float(label["relevant"]),
            lang=document.lang,
            reasons=("as labelled",),
            claims=claims,
            reader="labels",
        )

    return read


@asynccontextmanager
async def _fresh_store() -> AsyncIterator[Store]:
    with tempfile.TemporaryDirectory(prefix="claimwatch-replay-") as folder:
        url = f"sqlite:///{Path(folder) / 'replay.db'}"
        await upgrade(url)
        engine = create_engine(url)
        try:
            yield Store(engine)
        finally:
            await engine.dispose()


def _claim(claim: Claim, incident: str | None) -> dict[str, Any]:
    told = claim.model_dump(mode="json", include=set(CLAIM_FIELDS))
    return {name: told[name] for name in CLAIM_FIELDS} | {"incident": None if claim.total else incident}


def _labelled(item: RawItem, position: int, label: Mapping[str, Any]) -> Claim:
    evidence = str(label.get("evidence") or "")
    start = item.document.find(evidence)
    if not evidence or start < 0:
        raise ClaimwatchError(f"claim {position + 1} labelled for {item.url or item.id} quotes what its text lacks")
    known: dict[str, Any] = {name: label[name] for name in CLAIM_FIELDS if label.get(name) is not None}
    return Claim(
        id=stable_id(item.id, "label", str(position)),
        total=label.get("incident") is None,
        start=start,
        end=start + len(evidence),
        **known,
    )
