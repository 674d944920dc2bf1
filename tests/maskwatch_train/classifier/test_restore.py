"""An exported classifier becomes a network again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

import onnx  # noqa: E402
from torch import nn  # noqa: E402

from maskwatch_train.classifier.network import (  # noqa: E402
    ExportedClassifier,
    MaskNetwork,
    blank,
    normalise,
)
from maskwatch_train.classifier.restore import restore  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.exporting.onnx import classifier_signature, to_onnx  # noqa: E402

SMALL, SIZE = "mobilenetv4-small", 64


def used(backbone: str = SMALL) -> MaskNetwork:
    """A network whose normalisations have seen something, as after training."""
    torch.manual_seed(1)
    network = blank(backbone, SIZE, drop_rate=0.0).train()
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.momentum = None  # the mean of all, without the values that it was made with
    with torch.no_grad():
        for seed in range(5):
            network(normalise(torch.from_numpy(crops(seed))))
    return network.eval()


def exported(network: MaskNetwork) -> onnx.ModelProto:
    return to_onnx(ExportedClassifier(network), classifier_signature(SIZE))


PATH = Path("model.onnx")


def crops(seed: int, count: int = 200) -> np.ndarray:
    """Coarse chequers: plain noise looks alike, and differences so small are lost in float16."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(SIZE // 4, axis=1).repeat(SIZE // 4, axis=2)


def apart(was: tuple[torch.Tensor, ...], now: tuple[torch.Tensor, ...]) -> float:
    """Mean difference of logits and boxes, as a share of how much they differ between crops."""
    shares = [(b - a).abs().mean() / a.std(dim=0).mean() for a, b in zip(was, now, strict=True)]
    return float(max(shares))


def test_a_restored_network_says_the_same_and_can_be_trained_on() -> None:
    network = used()
    again = blank(SMALL, SIZE, drop_rate=0.0)
    measured = crops(0)
    restore(again, exported(network), lambda: measured, PATH)

    with torch.no_grad():
        for seed in (0, 1):
            seen = normalise(torch.from_numpy(crops(seed)))
            # The export stores weights as float16.
            assert apart(network.eval()(seen), again.eval()(seen)) < 0.02
        # In training a normalisation goes by its batch. By this one it comes to the same, if what
        # it keeps is what it has seen.
        seen = normalise(torch.from_numpy(measured))
        assert apart(again.eval()(seen), again.train()(seen)) < 0.02


def test_what_is_no_export_of_the_network_is_refused_before_any_face_is_looked_for() -> None:
    def none_yet() -> np.ndarray:
        raise AssertionError

    model = exported(used())
    with pytest.raises(DataError, match="layers and the network"):
        restore(blank("mobilenetv3-small", SIZE), model, none_yet, PATH)
    with pytest.raises(DataError, match="in the network"):
        restore(blank(SMALL, 96), model, none_yet, PATH)
