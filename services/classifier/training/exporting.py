"""Writes what the reader loads: vocabulary, names of features, the encoder as an eight-bit ONNX file, the heads."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from services.classifier.network.features import MOST
from services.classifier.network.heads import POINTERS
from services.classifier.training.model import Reader

OPSET = 17
NAMES = {"phrase": "rep.1"}
"""Layers of the model by the name that ``network.heads`` knows them by, where it is not their own."""


class _Exported(nn.Module):
    """What of the model runs for every window; heads run for figures only, in numpy."""

    def __init__(self, model: Reader) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.model.encode(ids, features)
        return hidden, self.model.tag(hidden), self.model.relh(hidden[:, 0])


def export(model: Reader, pieces: dict[str, float], features: list[str], folder: Path) -> None:
    """Write *model* and its vocabularies into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{piece}\t{score:.4f}\n" for piece, score in pieces.items()]
    (folder / "pieces.tsv").write_text("".join(lines), encoding="utf-8")
    (folder / "features.txt").write_text("\n".join(features) + "\n", encoding="utf-8")
    _encoder(model, folder / "encoder.onnx")
    _heads(model, folder / "heads.npz")


def _encoder(model: Reader, path: Path) -> None:
    model.eval()
    example = (torch.ones(1, 16, dtype=torch.long) * 5, torch.zeros(1, 16, MOST, dtype=torch.long))
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "encoder.onnx"
        torch.onnx.export(
            _Exported(model),
            example,
            str(whole),
            input_names=["ids", "features"],
            output_names=["hidden", "tags", "relevance"],
            dynamic_axes={
                "ids": {1: "pieces"},
                "features": {1: "pieces"},
                "hidden": {1: "pieces"},
                "tags": {1: "pieces"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
        # Seven bits of weight: without VNNI, products of eight bits overflow sixteen when summed in pairs.
        quantize_dynamic(
            whole,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )


def _heads(model: Reader, path: Path) -> None:
    state = model.state_dict()
    stored: dict[str, Tensor] = {}
    for name in ("weight", "bias"):
        stored |= {f"{own}.{name}": state[f"{theirs}.{name}"] for own, theirs in NAMES.items()}
        stored |= {f"{head}.{name}": state[f"head.{head}.{name}"] for head in model.head}
        for pointer in POINTERS:
            stored[f"{pointer}.query.{name}"] = state[f"q.{pointer}.{name}"]
            stored[f"{pointer}.key.{name}"] = state[f"k.{pointer}.{name}"]
    stored |= {f"{pointer}.steps": state[f"dist.{pointer}"] for pointer in POINTERS}
    np.savez_compressed(path, **{name: weights.numpy().astype(np.float16) for name, weights in stored.items()})
