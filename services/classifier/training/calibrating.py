"""Fits the confidence: what the reader thought of its claims on passages kept aside, against the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch.nn import functional

from services.classifier.claims.drafting import Draft
from services.classifier.classify import Reader
from services.classifier.confidence import PARTS, odds
from services.classifier.telling import chances_of
from services.classifier.training.passages import Passage, Row
from shared.messages import RawItem, SourceRef

ROUNDS = 100


def fit_confidence(reader: Reader, passages: Sequence[Passage], path: Path) -> int:
    """Write the weights fitted on *passages* that the reader was not trained on; return on how many claims."""
    rows = [row for passage in passages for row in _judged(reader, passage)]
    inputs = torch.tensor([[odds(chances[part]) for part in PARTS] for chances, _ in rows])
    wanted = torch.tensor([float(right) for _, right in rows])
    weights = torch.zeros(len(PARTS) + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(inputs @ weights[:-1] + weights[-1], wanted)
        loss.backward()
        return loss

    optimiser.step(closure)
    *fitted, bias = (float(weight) for weight in weights.detach())
    lines = [f"{part} = {weight:.4f}" for part, weight in zip(PARTS, fitted, strict=True)]
    path.write_text(f"bias = {bias:.4f}\n\n[weights]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return len(rows)


def _judged(reader: Reader, passage: Passage) -> Iterator[tuple[dict[str, float], bool]]:
    """Return for each claim read what was thought of its parts, and whether a label says the same."""
    source = SourceRef(id=passage.source, name=passage.source, kind="rss")
    item = RawItem(
        id=passage.id, item=passage.id, source=source, title=passage.title or None, text=passage.text,
        lang=passage.language, published_at=passage.when, seen_at=passage.when,
    )  # fmt: skip
    left = list(passage.claims)
    for draft in reader.account(item).drafts:
        twin = next((label for label in left if _same(draft, label)), None)
        if twin is not None:
            left.remove(twin)
        yield chances_of(draft), twin is not None


def _same(draft: Draft, label: Row) -> bool:
    return (draft.outcome, draft.low, draft.high, draft.force) == (
        label["outcome"],
        label["min"],
        label["max"],
        label["force"],
    )
