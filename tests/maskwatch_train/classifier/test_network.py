"""Where a network starts from."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from maskwatch.errors import UsageError  # noqa: E402
from maskwatch_train.classifier.network import blank, create, start_from  # noqa: E402

SMALL = "mobilenetv4-small"


def test_a_network_of_another_input_size_starts_from_all_but_the_place_of_the_box() -> None:
    trained = blank(SMALL, 64).eval()
    network = blank(SMALL, 96).eval()
    start_from(network, trained)

    crops = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(network.backbone(crops), trained.backbone(crops))
    fresh = network.box[-1].weight
    assert fresh.shape != trained.box[-1].weight.shape
    assert fresh.std().item() == pytest.approx(0.001, rel=0.1)


def test_a_network_of_the_same_size_starts_from_everything() -> None:
    trained, network = blank(SMALL, 64).eval(), blank(SMALL, 64).eval()
    start_from(network, trained)
    crops = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(crops), trained(crops))


def test_a_network_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="other networks: backbone"):
        start_from(blank(SMALL, 64), blank("mobilenetv3-small", 64))


def test_a_backbone_whose_weights_are_in_a_folder_needs_one() -> None:
    with pytest.raises(UsageError, match="give --weights"):
        create("mobilenetv2", None, 64)
