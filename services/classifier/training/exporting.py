"""Writes what the reader loads: vocabulary, names of features, the encoder as an eight-bit ONNX file, the heads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from services.classifier.network.features import MOST
from services.classifier.network.heads import POINTERS
from services.classifier.training.model import Reader

OPSET = 17
TOP, TINY = 127, 1e-12
"""Greatest number of eight bits; keeps a row of zeros from dividing by zero."""
LARGE = 50_000
"""Numbers of a matrix worth storing small."""
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
    free = {1: "pieces"}
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "encoder.onnx"
        torch.onnx.export(
            _Exported(model),
            example,
            str(whole),
            input_names=["ids", "features"],
            output_names=["hidden", "tags", "relevance"],
            dynamic_axes={"ids": free, "features": free, "hidden": free, "tags": free},
            opset_version=OPSET,
            dynamo=False,
        )
        graph = onnx.load(str(whole))
    _shrink(graph.graph)
    onnx.save(graph, str(path))


def _shrink(graph: Any) -> None:
    """Store the large weights in eight bits, a scale for each row or column; all arithmetic stays in floats.

    Reckoning in eight bits as well was measured: it cost .03 to .06 of strict F1.
    """
    weights = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}  # noqa: PLR2004 - matrices
    for at, node in reversed(list(enumerate(graph.node))):
        stored = next((weights[name] for name in node.input if name in weights), None)
        if stored is None or np.prod(stored.dims) < LARGE:
            continue
        values = numpy_helper.to_array(stored)
        rows = node.op_type == "Gather"
        scales = np.abs(values).max(axis=1 if rows else 0, keepdims=True).astype(np.float32) / TOP + TINY
        small = np.round(values / scales).astype(np.int8)
        graph.initializer.remove(stored)
        name = stored.name
        graph.initializer.append(numpy_helper.from_array(small, f"{name}.small"))
        graph.initializer.append(numpy_helper.from_array(scales if rows else scales[0], f"{name}.scales"))
        if not rows:
            graph.node.insert(
                at, helper.make_node("DequantizeLinear", [f"{name}.small", f"{name}.scales"], [name], axis=1)
            )
            continue
        whole = node.output[0]
        picked, scaled = f"{whole}.small", f"{whole}.scales"
        node.input[0], node.output[0] = f"{name}.small", picked
        indices = node.input[1]
        graph.node.insert(at + 1, helper.make_node("Gather", [f"{name}.scales", indices], [scaled], axis=0))
        graph.node.insert(at + 2, helper.make_node("Cast", [picked], [f"{picked}.float"], to=onnx.TensorProto.FLOAT))
        graph.node.insert(at + 3, helper.make_node("Mul", [f"{picked}.float", scaled], [whole]))


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
