"""Fits the gate: a linear model over word beginnings, so cheap that every post can pay for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional

from services.classifier.gate import signs
from services.classifier.training.passages import Passage

SEEN = 2
"""Passages that a word beginning must stand in."""
RESTRAINT = 5e-5
ROUNDS = 60
LEAST = 0.02
"""Weights below this are left out: they decide nothing."""


def fit_gate(passages: Sequence[Passage], path: Path) -> None:
    """Write the weights of the gate, one sign a line, its weight after a tab; the first line is the bias."""
    rows = [signs(passage.document) for passage in passages]
    counted = Counter(sign for row in rows for sign in row)
    columns = {sign: at for at, sign in enumerate(sorted(sign for sign, seen in counted.items() if seen >= SEEN))}
    indices, values = [], []
    for at, row in enumerate(rows):
        known = [columns[sign] for sign in row if sign in columns]
        indices += [(at, column) for column in known]
        values += [len(known) ** -0.5] * len(known)
    matrix = torch.sparse_coo_tensor(
        torch.tensor(indices).T, torch.tensor(values), (len(rows), len(columns))
    ).coalesce()
    wanted = torch.tensor([float(bool(passage.claims)) for passage in passages])
    weights = torch.zeros(len(columns) + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        scores = torch.sparse.mm(matrix, weights[:-1, None])[:, 0] + weights[-1]
        loss = functional.binary_cross_entropy_with_logits(scores, wanted) + RESTRAINT * (weights[:-1] ** 2).sum() / 2
        loss.backward()
        return loss

    optimiser.step(closure)
    fitted = weights.detach()
    lines = [f"{sign}\t{fitted[at]:.3f}\n" for sign, at in columns.items() if abs(float(fitted[at])) >= LEAST]
    path.write_text(f"\t{fitted[-1]:.3f}\n" + "".join(lines), encoding="utf-8")
