"""Where a network starts from."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [train]")

from pathlib import Path  # noqa: E402

from maskwatch_train.classifier.network import create, start_from  # noqa: E402

NOWHERE = Path("there are no weights here")
"""The network of these tests has none of ImageNet."""
SMALL = "mobilenetv4-small"


def test_a_network_of_another_input_size_starts_from_all_but_the_place_of_the_box() -> None:
    trained = create(SMALL, NOWHERE, 64).eval()
    network = create(SMALL, NOWHERE, 96).eval()
    start_from(network, trained)

    crops = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(network.backbone(crops), trained.backbone(crops))
    fresh = network.box[-1].weight
    assert fresh.shape != trained.box[-1].weight.shape
    assert fresh.std().item() == pytest.approx(0.001, rel=0.1)


def test_a_network_of_the_same_size_starts_from_everything() -> None:
    trained, network = create(SMALL, NOWHERE, 64).eval(), create(SMALL, NOWHERE, 64).eval()
    start_from(network, trained)
    crops = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(crops), trained(crops))


def test_a_network_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="other networks: backbone"):
        start_from(create(SMALL, NOWHERE, 64), create("mobilenetv3-small", NOWHERE, 64))
