"""An exported face detector becomes a network again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

import onnx  # noqa: E402
from torch import nn  # noqa: E402

from maskwatch.models import DEFAULT_CLASSIFIER, DEFAULT_DETECTOR  # noqa: E402
from maskwatch.types import Image  # noqa: E402
from maskwatch_train.detector.network import ExportedYuNet, YuNet  # noqa: E402
from maskwatch_train.detector.restore import restore  # noqa: E402
from maskwatch_train.errors import DataError  # noqa: E402
from maskwatch_train.exporting.onnx import DETECTOR, to_onnx  # noqa: E402

PATH = Path("model.onnx")


def pictures() -> list[Image]:
    """Coarse chequers in which much differs."""
    coarse = np.random.default_rng(1).integers(0, 256, (8, 6, 4, 3), dtype=np.uint8)
    return list(coarse.repeat(32, axis=1).repeat(32, axis=2))


def batch() -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures()).transpose(0, 3, 1, 2)).float()


def used() -> YuNet:
    """A network whose normalisations have seen something, as after training."""
    torch.manual_seed(1)
    network = YuNet().train()
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.momentum = None  # the mean of all, without the values that it was made with
    with torch.no_grad():
        network(batch())
    return network.eval()


def apart(was: Iterable[torch.Tensor], now: Iterable[torch.Tensor]) -> float:
    """Mean difference of outputs, as a share of how much they vary."""
    return float(max((b - a).abs().mean() / a.std() for a, b in zip(was, now, strict=True)))


def test_a_restored_network_says_the_same_and_can_be_trained_on() -> None:
    network, again = used(), YuNet().eval()
    restore(again, to_onnx(ExportedYuNet(network), DETECTOR), pictures, PATH)
    with torch.no_grad():
        # The export stores weights as float16.
        assert apart(network(batch()), again(batch())) < 0.02
        # In training a normalisation goes by its batch. By this one it comes to the same, if what
        # it keeps is what it has seen.
        assert apart(again(batch()), again.train()(batch())) < 0.02


def test_the_shipped_detector_is_one_that_can_be_restored() -> None:
    shipped = onnx.load(DEFAULT_DETECTOR / "model.onnx")
    network = YuNet()
    restore(network, shipped, pictures, PATH)
    again = to_onnx(ExportedYuNet(network), DETECTOR)
    pixels = np.stack(pictures())
    was, now = (
        onnx.reference.ReferenceEvaluator(each).run(None, {"pixels": pixels})
        for each in (shipped, again)
    )
    assert apart(map(torch.from_numpy, was), map(torch.from_numpy, now)) < 0.02


def test_steps_of_a_usual_rate_do_not_undo_what_was_learned() -> None:
    """The first layer takes pixels of up to 255, so what export leaves of its weights is tiny."""
    network = YuNet().eval()
    restore(network, onnx.load(DEFAULT_DETECTOR / "model.onnx"), pictures, PATH)
    for layer in (m for m in network.modules() if isinstance(m, nn.Conv2d)):
        assert layer.weight.square().mean().sqrt() > 0.03, layer


def test_what_is_no_face_detector_is_refused_before_any_picture_is_read() -> None:
    def none_yet() -> list[Image]:
        raise AssertionError

    with pytest.raises(DataError, match="layers and the network"):
        restore(YuNet(), onnx.load(DEFAULT_CLASSIFIER / "model.onnx"), none_yet, PATH)
