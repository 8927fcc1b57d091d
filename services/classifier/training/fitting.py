"""Trains the network: every question at once, the encoder slowly and the heads fast, on the processor alone."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from services.classifier.network.features import Features
from services.classifier.network.heads import CHOICES, OUTCOMES, POINTERS
from services.classifier.training.batches import Batch, batch, grouped
from services.classifier.training.examples import Example, Figure
from services.classifier.training.model import Reader

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
CLOSED = -1e9
SEED = 7


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to learn: *epochs* over all examples, reporting after each."""

    epochs: int
    report: Callable[[str], None]


def fit(
    model: Reader,
    draw: Callable[[random.Random], Sequence[Example]],
    aside: Sequence[Example],
    features: Features,
    plan: Schedule,
) -> None:
    """Train *model* on what *draw* gives for each epoch; the loss on examples kept *aside* is reported, no more.

    The model ends with the running mean of its weights, which reads what it has not seen better than the last ones do
    (Polyak and Juditsky 1992).
    """
    chance = random.Random(SEED)  # noqa: S311 - the same shuffles each time are the point
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(MEMORY))
    slow = [weights for name, weights in model.named_parameters() if _is_encoder(name) and weights.requires_grad]
    fast = [weights for name, weights in model.named_parameters() if not _is_encoder(name) and weights.requires_grad]
    optimiser = torch.optim.AdamW([{"params": slow}, {"params": fast}], lr=RATE, betas=(0.9, 0.98), weight_decay=0.01)
    for epoch in range(plan.epochs):
        model.train()
        started, seen = time.monotonic(), Counter[str]()
        groups = grouped(draw(chance), chance)
        for number, group in enumerate(groups):
            done = (epoch + number / len(groups)) / plan.epochs
            rate = RATE * min(1.0, done / WARM + 1e-3) * max(LEAST_RATE, 1 - done)
            for parameters, faster in zip(optimiser.param_groups, (1, FASTER), strict=True):
                parameters["lr"] = rate * faster
            losses = losses_of(model, batch(group, features, chance))
            optimiser.zero_grad()
            torch.stack(list(losses.values())).sum().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            mean.update_parameters(model)
            seen.update({name: loss.item() / len(groups) for name, loss in losses.items()})
        took = time.monotonic() - started
        plan.report(
            f"epoch {epoch + 1} of {plan.epochs}: loss {sum(seen.values()):.2f}, "
            f"aside {_aside(mean.module, aside, features):.2f}, {took:.0f} s"
        )
    model.load_state_dict(mean.module.state_dict())


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
        losses[name] = total / made.words.sum()
    relevant = torch.tensor([float(bool(one.figures)) for one in made.examples])
    losses["relevance"] = functional.binary_cross_entropy_with_logits(model.relh(whole)[:, 0], relevant)
    rows = [(row, figure) for row, one in enumerate(made.examples) for figure in one.figures]
    if rows:
        losses |= _of_figures(model, made, words, whole, rows)
    return {name: loss * WEIGHTS[name] for name, loss in losses.items()}


def _of_figures(
    model: Reader, made: Batch, words: Tensor, whole: Tensor, rows: Sequence[tuple[int, Figure]]
) -> dict[str, Tensor]:
    at = torch.tensor([row for row, _ in rows])
    figures = [figure for _, figure in rows]
    first = torch.tensor([figure.first for figure in figures])
    last = torch.tensor([figure.last for figure in figures])
    vectors = model.vectors(words, whole, at, first, last)
    losses = _choices(model, vectors, figures)
    pointers = model.pointers(vectors, words, whole, at, first, made.sentences)
    for name in POINTERS:
        loss = _pointer(name, pointers[name], made, rows)
        if loss is not None:
            losses[name] = loss
    return losses


def _choices(model: Reader, vectors: Tensor, figures: Sequence[Figure]) -> dict[str, Tensor]:
    binary = functional.binary_cross_entropy_with_logits
    outcomes = torch.tensor([[float(name in figure.outcomes) for name in OUTCOMES] for figure in figures])
    forces = torch.tensor([[float(key in f.forces) / len(f.forces) for key in CHOICES["force"]] for f in figures])
    losses = {
        "outcome": binary(model.head["outcome"](vectors), outcomes),
        "force": -(forces * model.head["force"](vectors).log_softmax(-1)).sum(-1).mean(),
        "total": binary(model.head["total"](vectors)[:, 0], torch.tensor([float(f.total) for f in figures])),
        "part": binary(model.head["part"](vectors)[:, 0], torch.tensor([float(f.part) for f in figures])),
    }
    for name in ("stance", "cause", "range", "value", "governorate"):
        wanted = torch.tensor([CHOICES[name].index(figure.answers[name]) for figure in figures])
        losses[name] = functional.cross_entropy(model.head[name](vectors), wanted)
    return losses


def _pointer(name: str, scores: Tensor, made: Batch, rows: Sequence[tuple[int, Figure]]) -> Tensor | None:
    """Return the loss of one pointer: of all right targets together, among those it may choose."""
    losses = []
    for number, (row, figure) in enumerate(rows):
        wanted, candidates = _targets(name, figure, made.examples[row])
        if wanted is None:
            continue
        open_ = torch.cat([torch.ones(1, dtype=torch.bool), made.words[row]])
        if candidates is not None:
            open_ = torch.zeros_like(open_)
            open_[torch.tensor([0, *candidates])] = True
        chances = scores[number].masked_fill(~open_, CLOSED).log_softmax(-1)
        losses.append(-torch.logsumexp(chances[torch.tensor(sorted(set(wanted)))], 0))
    return torch.stack(losses).mean() if losses else None


def _targets(name: str, figure: Figure, example: Example) -> tuple[list[int] | None, list[int] | None]:
    """Return the columns a pointer should choose (None: not known) and those it may choose (None: any word's)."""
    if name in {"speaker", "end"}:
        if figure.speaker is None:
            return [0], None
        return [1 + a if name == "speaker" else b for a, b in figure.speaker] or None, None
    wanted = figure.day if name == "day" else figure.place
    candidates = [1 + at for at in (example.dates if name == "day" else example.places)]
    if wanted is None:
        return (None if name == "place" and figure.is_placed else [0]), candidates
    return [1 + at for at in wanted] or None, candidates
