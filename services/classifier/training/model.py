"""The network: a transformer encoder that also takes what the lexicon says of a word, and a head for every question."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from services.classifier.network import heads
from services.classifier.network.chances import Floats
from services.classifier.network.heads import CHOICES, FARTHEST_WORD, KEY, OUTCOMES, POINTERS, STEPS
from services.classifier.training.base import INNER, WIDTH, Base

HEADS = 12
LAYERS = 12
MIXED = 5
"""Layers whose vectors are added up, each with a learned weight: the last ones of a sentence encoder alone forget which
word they stand at (Peters et al. 2018 mix layers likewise)."""
PLACES = 512
DROPPED = 0.1
NORM = 1e-12
CLOSED = -1e9
"""Score of what must not be chosen."""
STEP_OF = torch.from_numpy(heads.STEP_OF)


class Dropout(nn.Module):
    """Hides a share of the numbers, as torch's own does, with two random bytes for each: a third of the time."""

    def forward(self, values: Tensor) -> Tensor:
        """Return *values* with ``DROPPED`` of them zero and the others larger, while learning."""
        if not self.training:
            return values
        drawn = torch.empty(values.numel() // 4 + 1, dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        kept = drawn[: values.numel()].view(values.shape) >= round(2**16 * DROPPED) - 2**15
        return values * (kept.to(values.dtype) * (1 / (1 - DROPPED)))


def _attended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Return what attention sees, spelt out: torch's own takes five times as long to learn from in 16 bits."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    unseen = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill(~mask, CLOSED)
    seen: Tensor = (scores + unseen).softmax(-1).to(value.dtype) @ value
    return seen


class Layer(nn.Module):
    """One layer of the encoder: attention and a feed-forward step, each normalised after its sum (BERT)."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.ao = nn.Linear(WIDTH, WIDTH)
        self.aln = nn.LayerNorm(WIDTH, NORM)
        self.fi = nn.Linear(WIDTH, INNER)
        self.fo = nn.Linear(INNER, WIDTH)
        self.oln = nn.LayerNorm(WIDTH, NORM)
        self.drop = Dropout()

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Return the next layer's vectors (texts, pieces, width); *mask* is true where a piece stands."""
        texts, pieces, _ = hidden.shape
        split = self.qkv(hidden).view(texts, pieces, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        if self.training:
            seen = _attended(query, key, value, mask)
        else:
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        joined = self.ao(seen.transpose(1, 2).reshape(texts, pieces, WIDTH))
        hidden = self.aln(hidden + self.drop(joined))
        inner = self.fo(functional.gelu(self.fi(hidden)))
        normed: Tensor = self.oln(hidden + self.drop(inner))
        return normed


class Reader(nn.Module):
    """Encoder, tags and heads; the shapes of what the heads answer are those of ``network.heads``."""

    def __init__(self, pieces: int, features: int, layers: int = LAYERS) -> None:
        super().__init__()
        self.emb = nn.Embedding(pieces, WIDTH, padding_idx=1)
        self.emb.weight.requires_grad = False
        self.pos = nn.Parameter(torch.zeros(PLACES, WIDTH))
        self.eln = nn.LayerNorm(WIDTH, NORM)
        self.feat = nn.Embedding(features, WIDTH, padding_idx=0)
        nn.init.normal_(self.feat.weight, std=0.02)
        self.feat.weight.data[0] = 0
        self.drop = Dropout()
        self.layers = nn.ModuleList([Layer() for _ in range(layers)])
        self.mix = nn.Linear(MIXED, 1)
        nn.init.constant_(self.mix.weight, 1 / MIXED)
        nn.init.zeros_(self.mix.bias)
        self.tag = nn.Linear(WIDTH, 6)
        self.relh = nn.Linear(WIDTH, 1)
        self.rep = nn.Sequential(
            nn.Dropout(DROPPED), nn.Linear(4 * WIDTH, WIDTH), nn.GELU(approximate="tanh"), nn.Dropout(DROPPED)
        )
        sizes = {"outcome": len(OUTCOMES), "total": 1, "part": 1} | {name: len(CHOICES[name]) for name in CHOICES}
        self.head = nn.ModuleDict({name: nn.Linear(WIDTH, size) for name, size in sizes.items()})
        self.q = nn.ModuleDict({name: nn.Linear(WIDTH, KEY) for name in POINTERS})
        self.k = nn.ModuleDict({name: nn.Linear(WIDTH, KEY) for name in POINTERS})
        self.dist = nn.ParameterDict({name: nn.Parameter(torch.zeros(2 * STEPS)) for name in POINTERS})

    def start_from(self, base: Base, rows: list[int]) -> None:
        """Take the weights of *base*: its layers, and the vectors of the pieces in *rows* of its vocabulary."""

        def take(name: str, *shape: int) -> Tensor:
            return torch.tensor(base.tensor(name)).view(*shape) if shape else torch.tensor(base.tensor(name))

        self.emb.weight.data = take("emb.word", -1, WIDTH)[rows].clone()
        self.emb.weight.data[1] = 0
        self.pos.data = take("emb.pos", -1, WIDTH) + take("emb.type", -1, WIDTH)[0]
        self.eln.weight.data, self.eln.bias.data = take("emb.ln.w"), take("emb.ln.b")
        for number, layer in enumerate(self.layers):
            at = f"l{number}"
            layer.qkv.weight.data = torch.cat([take(f"{at}.{part}.w", WIDTH, WIDTH) for part in "qkv"])
            layer.qkv.bias.data = torch.cat([take(f"{at}.{part}.b") for part in "qkv"])
            shapes = {"ao": (WIDTH, WIDTH), "fi": (INNER, WIDTH), "fo": (WIDTH, INNER), "aln": (), "oln": ()}
            for part, shape in shapes.items():
                getattr(layer, part).weight.data = take(f"{at}.{part}.w", *shape)
                getattr(layer, part).bias.data = take(f"{at}.{part}.b")

    def go_on_from(self, weights: dict[str, Floats]) -> None:
        """Take *weights*, by name; pieces and features that are new since keep the vectors they have.

        A weight that is missing, unknown or of another shape raises RuntimeError.
        """
        state = self.state_dict()
        grown = {name: torch.from_numpy(values) for name, values in weights.items()}
        for name in ("emb.weight", "feat.weight"):
            grown[name] = torch.cat([grown[name], state[name][len(grown[name]) :]])
        self.load_state_dict(grown)

    def encode(self, ids: Tensor, features: Tensor) -> Tensor:
        """Return the vectors of all pieces (texts, pieces, width)."""
        hidden = self.emb(ids) + self.pos[: ids.shape[1]] + self._told(features)
        hidden = self.drop(self.eln(hidden))
        mask = (ids != 1)[:, None, None, :]
        told = []
        for layer in self.layers:
            hidden = layer(hidden, mask)
            told.append(hidden)
        mixed: Tensor = self.mix(torch.stack(told[-MIXED:], -1)).squeeze(-1)
        return mixed

    def _told(self, features: Tensor) -> Tensor:
        """Return the sum of the vectors of each piece's features; while learning, without a copy of each."""
        if not self.training:
            return self.feat(features).sum(2)
        flat = features.flatten(0, 1)
        summed: Tensor = functional.embedding_bag(flat, self.feat.weight, mode="sum", padding_idx=0)
        return summed.unflatten(0, features.shape[:2])

    def vectors(self, words: Tensor, whole: Tensor, rows: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """Return one vector for each figure: its *first* and *last* word, their mean, and its window as a *whole*.

        *rows* says in which window each figure stands.
        """
        sums = functional.pad(words.float().cumsum(1), (0, 0, 1, 0))
        mean = (sums[rows, last] - sums[rows, first]) / (last - first)[:, None]
        parts = [words[rows, first], words[rows, last - 1], mean.to(words.dtype), whole[rows]]
        vectors: Tensor = self.rep(torch.cat(parts, -1))
        return vectors

    def pointers(  # noqa: PLR0917 - the encoder's answer, and where in it the figures stand
        self, vectors: Tensor, words: Tensor, whole: Tensor, rows: Tensor, first: Tensor, sentences: Tensor
    ) -> dict[str, Tensor]:
        """Return the scores (figures, 1 + words) of what each figure points to; the first column is nowhere.

        *words*, *whole* and *sentences* are of each window, *rows* says in which of them each figure stands.
        """
        figures, count = len(first), words.shape[1]
        steps = STEP_OF[torch.arange(count)[None, :] - first[:, None] + FARTHEST_WORD]
        inside = sentences[rows]
        same = (inside == inside[torch.arange(figures), first][:, None]).long()
        targets = torch.cat([whole[:, None], words], 1)
        found: dict[str, Tensor] = {}
        for name in POINTERS:
            keys = self.k[name](targets)[rows]
            scores = torch.einsum("nd,nwd->nw", self.q[name](vectors), keys) / math.sqrt(KEY)
            away = self.dist[name][steps + same * STEPS]
            found[name] = scores + torch.cat([torch.zeros(figures, 1), away], 1)
        return found
