"""A backbone with a new head, of which the last layers learn."""

from __future__ import annotations

from collections.abc import Sequence

from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn

from maskwatch_train.published.recipe import ALL_LAYERS

_COUNTED = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU, nn.ReLU6, nn.MaxPool2d, nn.Dropout)
"""What Keras calls a layer; softmax is part of the loss here."""


class Classifier(nn.Module):
    """From pictures ``(N, 3, S, S)`` to logits ``(N, C)``.

    Args:
        body: to features ``(N, D)``.
        head: to logits.
        trained_layers: of the last layers, as `layers_of` counts them.
    """

    def __init__(self, body: nn.Module, head: nn.Module, trained_layers: int) -> None:
        super().__init__()
        self.body: nn.Module = body
        self.head = head
        self._frozen = frozen_layers(body, head, trained_layers)
        for layer in self._frozen:
            layer.requires_grad_(False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.head(self.body(inputs))
        return logits

    def train(self, mode: bool = True) -> Classifier:
        """Frozen layers stay as they are: their statistics and their dropout too."""
        super().train(mode)
        for layer in self._frozen:
            layer.train(False)
        return self


def new_head(features: int, hidden: Sequence[int], dropout: float, classes: int) -> nn.Sequential:
    """Hidden layers with ReLU and dropout, then one output a class.

    Args:
        features: width of what the backbone gives.
        hidden: neurons of each hidden layer.
        dropout: after each hidden layer; before the output where there is none.
        classes: number of outputs.
    """
    layers: list[nn.Module] = []
    width = features
    for neurons in hidden:
        layers += [nn.Linear(width, neurons), nn.ReLU(), nn.Dropout(dropout)]
        width = neurons
    if not hidden:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(width, classes))


def layers_of(network: nn.Module) -> list[nn.Module]:
    """What Keras would call the layers, in order; a fused normalisation and activation is two.

    Padding, pooling over everything and identities do not count.
    """
    if isinstance(network, BatchNormAct2d):
        fused = not isinstance(network.act, nn.Identity)
        return [network, network] if fused else [network]
    if isinstance(network, _COUNTED):
        return [network]
    return [layer for child in network.children() for layer in layers_of(child)]


def frozen_layers(body: nn.Module, head: nn.Module, trained: int) -> list[nn.Module]:
    """The layers of a body that do not learn when so many of the last do; a head always learns."""
    if trained == ALL_LAYERS:
        return []
    layers = layers_of(body)
    return layers[: max(len(layers) + len(layers_of(head)) - trained, 0)]
