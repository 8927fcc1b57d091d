"""Trains the network: every question at once, the encoder slowly and the heads fast, on the processor alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from services.classifier.network.features import Features
from services.classifier.training.batches import IGNORED, Batch, batch, grouped
from services.classifier.training.examples import Example
from services.classifier.training.model import CLOSED, Reader
from services.classifier.training.targets import PointerTargets, Targets

RATE, FASTER = 1.5e-4, 12
"""How fast the encoder learns, and how much faster what is new to it."""
WARM, LEAST_RATE = 0.08, 0.02
WEIGHTS = {
    "figures": 6.0, "names": 2.0, "relevance": 0.5, "outcome": 3.0, "force": 1.5, "stance": 1.0, "cause": 0.8,
    "range": 1.0, "value": 1.0, "governorate": 0.4, "total": 1.0, "part": 1.0, "speaker": 1.0, "end": 0.7, "day": 1.0,
    "place": 1.0,
}  # fmt: skip
"""How much each question counts."""
MEMORY = 0.998
"""Share that the running mean of the weights keeps at each step: it looks back over some five hundred."""
SEED = 7


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to learn and how fast: *epochs* over all examples, each reported and its network given to *keep*."""

    epochs: int
    rate: float
    report: Callable[[str], None]
    keep: Callable[[int, Reader], None]


def fit(
    model: Reader,
    draw: Callable[[random.Random], Sequence[Example]],
    aside: Sequence[Example],
    features: Features,
    plan: Schedule,
) -> None:
    """Train *model* on what *draw* gives for each epoch; the loss on examples kept *aside* is reported, no more.

    What is kept after an epoch, and what the model ends with, is the running mean of its weights, which reads what it
    has not seen better than the last ones do (Polyak and Juditsky 1992).
    """
    chance = random.Random(SEED)  # noqa: S311 - the same shuffles each time are the point
    mean = deepcopy(model)
    learnt = [weights for weights in model.parameters() if weights.requires_grad]
    means = [weights for weights in mean.parameters() if weights.requires_grad]
    follow = get_ema_multi_avg_fn(MEMORY)
    slow = [weights for name, weights in model.named_parameters() if _is_encoder(name) and weights.requires_grad]
    fast = [weights for name, weights in model.named_parameters() if not _is_encoder(name) and weights.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": slow}, {"params": fast}], lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    for epoch in range(plan.epochs):
        model.train()
        started, seen = time.monotonic(), 0.0
        groups = grouped(draw(chance), chance)
        for number, group in enumerate(groups):
            done = (epoch + number / len(groups)) / plan.epochs
            rate = plan.rate * min(1.0, done / WARM + 1e-3) * max(LEAST_RATE, 1 - done)
            for parameters, faster in zip(optimiser.param_groups, (1, FASTER), strict=True):
                parameters["lr"] = rate * faster
            loss = torch.stack(list(losses_of(model, batch(group, features, chance)).values())).sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            follow(means, learnt, 0)
            seen += loss.item() / len(groups)
        took = time.monotonic() - started
        plan.report(
            f"epoch {epoch + 1} of {plan.epochs}: loss {seen:.2f}, "
            f"aside {_aside(mean, aside, features):.2f}, {took:.0f} s"
        )
        plan.keep(epoch + 1, mean)
    model.load_state_dict(mean.state_dict())


def _is_encoder(name: str) -> bool:
    return name.startswith(("layers", "pos", "eln"))


def _aside(model: Reader, aside: Sequence[Example], features: Features) -> float:
    model.eval()
    groups = grouped(aside)
    with torch.no_grad():
        losses = [sum(loss.item() for loss in losses_of(model, batch(group, features)).values()) for group in groups]
    return float(sum(losses)) / max(1, len(losses))


def losses_of(model: Reader, made: Batch) -> dict[str, Tensor]:
    """Return the weighted loss of every question over one batch."""
    with torch.autocast("cpu", torch.bfloat16, enabled=model.training):
        hidden = model.encode(made.ids, made.features)
    hidden = hidden.float()
    words = hidden[torch.arange(len(made.examples))[:, None], made.first]
    whole = hidden[:, 0]
    tags = model.tag(words)
    losses: dict[str, Tensor] = {}
    for name, wanted, chosen in (("figures", made.figures, tags[..., :3]), ("names", made.names, tags[..., 3:])):
        total = functional.cross_entropy(chosen.reshape(-1, 3), wanted.reshape(-1), reduction="sum")
        losses[name] = total / (wanted != IGNORED).sum()
    relevant = torch.tensor([float(bool(one.figures)) for one in made.examples])
    losses["relevance"] = functional.binary_cross_entropy_with_logits(model.relh(whole)[:, 0], relevant)
    if len(made.targets.rows):
        losses |= _of_figures(model, made, words, whole)
    return {name: loss * WEIGHTS[name] for name, loss in losses.items()}


def _of_figures(model: Reader, made: Batch, words: Tensor, whole: Tensor) -> dict[str, Tensor]:
    at, first, last = map(torch.from_numpy, (made.targets.rows, made.targets.first, made.targets.last))
    vectors = model.vectors(words, whole, at, first, last)
    losses = _choices(model, vectors, made.targets)
    pointers = model.pointers(vectors, words, whole, at, first, made.sentences)
    for name, wanted in made.targets.pointers.items():
        if wanted.known.any():
            losses[name] = _pointer(pointers[name], wanted)
    return losses


def _choices(model: Reader, vectors: Tensor, targets: Targets) -> dict[str, Tensor]:
    binary = functional.binary_cross_entropy_with_logits
    forces = torch.from_numpy(targets.forces)
    losses = {
        "outcome": binary(model.head["outcome"](vectors), torch.from_numpy(targets.outcomes)),
        "force": -(forces * model.head["force"](vectors).log_softmax(-1)).sum(-1).mean(),
        "total": binary(model.head["total"](vectors)[:, 0], torch.from_numpy(targets.total)),
        "part": binary(model.head["part"](vectors)[:, 0], torch.from_numpy(targets.part)),
    }
    for name, wanted in targets.choices.items():
        losses[name] = functional.cross_entropy(model.head[name](vectors), torch.from_numpy(wanted))
    return losses


def _pointer(scores: Tensor, targets: PointerTargets) -> Tensor:
    """Return the loss of one pointer: of all right targets together, among those it may choose."""
    known, wanted, open_ = map(torch.from_numpy, targets)
    chances = scores[known].masked_fill(~open_[known], CLOSED).log_softmax(-1)
    return -chances.masked_fill(~wanted[known], -torch.inf).logsumexp(-1).mean()
