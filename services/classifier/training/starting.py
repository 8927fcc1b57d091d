"""Reads a trained network back from the files that ``exporting`` wrote, so that it can learn further."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from services.classifier.network.chances import Floats
from services.classifier.network.heads import CHOICES, POINTERS, Heads

PREFIX = "model."
QUESTIONS = ("outcome", "total", "part", *CHOICES)


def stored(folder: Path) -> dict[str, Floats]:
    """Return the weights in *folder* by the names the model has for them, as 32-bit floats.

    They are as near as the files have them: matrices of the encoder in eight bits, heads in sixteen.
    """
    return _encoder(folder / "encoder.onnx") | _heads(folder / "heads.npz")


def _encoder(path: Path) -> dict[str, Floats]:
    graph = onnx.load(str(path)).graph
    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    whole = {
        name: values.astype(np.float32) for name, values in kept.items() if not name.endswith((".small", ".scales"))
    }
    for name, values in kept.items():
        if name.endswith(".small"):
            plain = name.removesuffix(".small")
            whole[plain] = values.astype(np.float32) * kept[f"{plain}.scales"]
    for weights, bias in _products(graph):
        # The exporter turns a layer's matrix round and takes its name from it; the bias keeps its own.
        whole[f"{bias.removesuffix('.bias')}.weight"] = whole[weights].T.copy()
    return {name.removeprefix(PREFIX): values for name, values in whole.items() if name.startswith(PREFIX)}


def _products(graph: Any) -> list[tuple[str, str]]:
    """Return the matrices that vectors are multiplied by, each with the bias that is added after."""
    added = {name: node.input[0] for node in graph.node if node.op_type == "Add" for name in node.input[1:]}
    products = [(node.input[1], added.get(node.output[0], "")) for node in graph.node if node.op_type == "MatMul"]
    return [(weights, bias) for weights, bias in products if bias.endswith(".bias")]


def _heads(path: Path) -> dict[str, Floats]:
    weights = Heads.load(path).weights
    found: dict[str, Floats] = {f"dist.{pointer}": weights[f"{pointer}.steps"] for pointer in POINTERS}
    for name in ("weight", "bias"):
        found[f"rep.1.{name}"] = weights[f"phrase.{name}"]
        found |= {f"head.{head}.{name}": weights[f"{head}.{name}"] for head in QUESTIONS}
        for pointer in POINTERS:
            found[f"q.{pointer}.{name}"] = weights[f"{pointer}.query.{name}"]
            found[f"k.{pointer}.{name}"] = weights[f"{pointer}.key.{name}"]
    return found
