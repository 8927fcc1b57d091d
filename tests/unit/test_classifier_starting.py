"""The shipped network read back to go on from; needs ``onnx``, which only training installs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from services.classifier.classify import MODELS
from services.classifier.network.subwords import SPECIAL, read_scores

pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    from services.classifier.training.starting import stored  # noqa: PLC0415 - not importable without onnx

    return stored(MODELS)


def test_vectors_of_pieces_and_features_fit_the_vocabularies(weights: dict[str, Any]) -> None:
    features = (MODELS / "features.txt").read_text(encoding="utf-8").split()
    assert len(weights["emb.weight"]) == len(read_scores(MODELS / "pieces.tsv")) + SPECIAL
    assert len(weights["feat.weight"]) == len(features) + 1


@pytest.mark.parametrize("name", ["qkv", "ao", "fi", "fo"])
@pytest.mark.parametrize("layer", range(12))
def test_every_matrix_is_turned_back_to_answer_to_its_bias(weights: dict[str, Any], layer: int, name: str) -> None:
    matrix, bias = (weights[f"layers.{layer}.{name}.{part}"] for part in ("weight", "bias"))
    assert matrix.shape == (len(bias), 1536 if name == "fo" else 384)
    assert 0.005 < np.abs(matrix).mean() < 0.5  # scaled, not the small whole numbers of the file
