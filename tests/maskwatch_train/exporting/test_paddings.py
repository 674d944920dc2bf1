from __future__ import annotations

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn
from torch.nn import functional

from maskwatch_train.exporting.onnx import Signature, to_onnx
from maskwatch_train.exporting.paddings import fix_paddings

SIZE = 21


class Padding(nn.Module):
    """Pads to even sides, which the exporter works out from the shape of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3, stride=2)

    def forward(self, pixels: Tensor) -> Tensor:
        height, width = pixels.shape[-2:]
        padded = functional.pad(pixels, [0, width % 2, 0, height % 2])
        result: Tensor = self.convolution(padded).flatten(1)
        return result


def exported(dynamic: dict[int, str]) -> tuple[Padding, bytes, list[str]]:
    torch.manual_seed(0)
    network = Padding()
    signature = Signature(torch.zeros(2, 3, SIZE, SIZE), "pixels", ("y",), {"pixels": dynamic})
    model = to_onnx(network, signature)
    return network, model.SerializeToString(), [node.op_type for node in model.graph.node]


def test_paddings_are_constants_and_nothing_else_changes() -> None:
    network, model, kinds = exported({0: "pictures"})
    assert "Shape" not in kinds
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(0).normal(size=(5, 3, SIZE, SIZE)).astype(np.float32)
    (got,) = session.run(None, {"pixels": pictures})
    with torch.inference_mode():
        wanted = network(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_a_network_for_pictures_of_any_size_keeps_working_them_out() -> None:
    _, _, kinds = exported({0: "pictures", 2: "height", 3: "width"})
    assert "Shape" in kinds


def test_a_network_without_computed_paddings_stays_as_it_is() -> None:
    signature = Signature(torch.zeros(2, 3, 9, 9), "pixels", ("y",), {"pixels": {0: "n"}})
    model = to_onnx(nn.Conv2d(3, 4, 3), signature)
    before = model.SerializeToString()
    fix_paddings(model, {"pixels": np.zeros((1, 3, 9, 9), np.float32)})
    assert model.SerializeToString() == before
