"""Training as the papers did: Adam with a constant learning rate, cross-entropy, last weights.

Binary cross-entropy over a softmax of two outputs, which some of them name, is the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import Dataset

from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.views import Pixels, Views
from maskwatch_train.running.engine import (
    VALIDATION_LOSS,
    Run,
    Site,
    TrainingPlan,
    fit,
    full_batches,
)
from maskwatch_train.running.hardware import batches_of, mixed, share_of, shared

ASKED_AT_ONCE = 32
Network = TypeVar("Network", bound=nn.Module)
Batch = tuple[Tensor, Tensor] | list[Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Inputs of a network and their classes; the first axis counts the rows of the data."""

    inputs: NDArray[np.generic]
    """Pictures ``(N, R, R, 3)``, or features ``(N, V, D)`` of V views of each."""
    labels: NDArray[np.int64]
    """``(N,)``"""
    train: NDArray[np.intp]
    """Rows to learn from."""
    held_out: NDArray[np.intp]
    """Rows that every epoch is measured on; perhaps none."""


class AugmentedPictures(Dataset[tuple[Tensor, int]]):
    """Item ``position * N + row`` is a picture's view at a position of the epoch."""

    def __init__(self, data: Labelled, recipe: PublishedRecipe, epoch: int) -> None:
        self._data = data
        self._views = Views(recipe)
        self._seed = (recipe.seed, epoch)

    def __len__(self) -> int:
        return len(self._data.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """The view and the class."""
        position, row = divmod(index, len(self))
        picture: Pixels = np.array(self._data.inputs[row], dtype=np.uint8)
        view = self._views.augmented(picture, (*self._seed, position))
        return view, int(self._data.labels[row])


def train_on_pictures(
    network: Network, data: Labelled, recipe: PublishedRecipe, site: Site
) -> Network:
    """Trains on augmented pictures; returns the last weights.

    Raises:
        DataError: the training side fills no batch.
        NotFinite: the loss is not finite.
        OutputError: the folder of the run cannot be written.
    """

    def batches(epoch: int) -> Iterable[Batch]:
        order = _order(data, recipe, epoch)
        items = np.arange(len(order)) * len(data.labels) + order
        pictures = AugmentedPictures(data, recipe, epoch)
        return batches_of(pictures, items, recipe.batch, site)

    def measured(averaged: nn.Module) -> dict[str, float]:
        pictures = np.asarray(data.inputs[data.held_out], dtype=np.uint8)
        said = probabilities_of_pictures(averaged, pictures, recipe)
        return _measures(said, data.labels[data.held_out])

    return _train(network, batches, measured, data, recipe, site)


def train_on_features(
    head: Network, data: Labelled, recipe: PublishedRecipe, site: Site
) -> Network:
    """The same for a head on kept features: each epoch draws one of a picture's views.

    Validation sees the first of them.
    """

    def batches(epoch: int) -> Iterator[Batch]:
        order = _order(data, recipe, epoch)
        rng = np.random.default_rng((recipe.seed, epoch, 1))
        views = rng.integers(data.inputs.shape[1], size=len(order))
        share = share_of(recipe.batch, site.fabric)
        taken = np.array(shared(np.arange(len(order)), recipe.batch, share))
        for some in taken.reshape(-1, share.stop - share.start):
            rows = order[some]
            features = torch.from_numpy(data.inputs[rows, views[some]])
            yield features, torch.from_numpy(data.labels[rows])

    def measured(averaged: nn.Module) -> dict[str, float]:
        said = probabilities_of_features(averaged, data.inputs[data.held_out, 0])
        return _measures(said, data.labels[data.held_out])

    return _train(head, batches, measured, data, recipe, site)


def _train(
    network: Network,
    batches: Callable[[int], Iterable[Batch]],
    measured: Callable[[nn.Module], dict[str, float]],
    data: Labelled,
    recipe: PublishedRecipe,
    site: Site,
) -> Network:
    steps = full_batches(len(data.train), recipe.batch)
    plan = TrainingPlan(
        epochs=recipe.epochs,
        steps=steps,
        learning_rate=recipe.learning_rate,
        weight_decay=0.0,
        ema=0.0,
        warmup=0.0,
        constant=True,
    )
    run = Run(network, plan, site.out, site.fabric, site.watcher)

    def losses(batch: Batch) -> dict[str, Tensor]:
        inputs, labels = (each.to(run.fabric.device) for each in batch)
        return {"loss": F.cross_entropy(run.network(inputs).float(), labels)}

    validate = measured if len(data.held_out) else None
    return cast("Network", fit(run, recipe.seed, batches, losses, validate))


def _measures(said: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    chosen = said[np.arange(len(labels)), labels]
    return {
        VALIDATION_LOSS: float(-np.log(np.maximum(chosen, 1e-12)).mean()),
        "val_accuracy": float((said.argmax(axis=1) == labels).mean()),
    }


def _order(data: Labelled, recipe: PublishedRecipe, epoch: int) -> NDArray[np.intp]:
    return np.random.default_rng((recipe.seed, epoch)).permutation(data.train)


@torch.inference_mode()
def probabilities_of_pictures(
    network: nn.Module, pictures: NDArray[np.uint8], recipe: PublishedRecipe
) -> NDArray[np.float64]:
    """``(M, C)`` for M pictures as they are, without augmentation."""
    network.eval()
    views = Views(recipe)
    parts = []
    for start in range(0, len(pictures), ASKED_AT_ONCE):
        some = np.array(pictures[start : start + ASKED_AT_ONCE])
        parts.append(_asked(network, torch.stack([views.plain(picture) for picture in some])))
    return _softmax(torch.cat(parts))


@torch.inference_mode()
def probabilities_of_features(
    head: nn.Module, features: NDArray[np.float32]
) -> NDArray[np.float64]:
    """``(M, C)`` for the features ``(M, D)`` of plain pictures."""
    head.eval()
    return _softmax(_asked(head, torch.from_numpy(np.ascontiguousarray(features))))


def _asked(network: nn.Module, inputs: Tensor) -> Tensor:
    """Logits on the CPU; convolutions in half precision, half the time on current processors."""
    device = next(network.parameters()).device
    inputs = inputs.to(device)
    if inputs.ndim == 4:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    with mixed(device) if inputs.ndim == 4 else nullcontext():
        logits: Tensor = network(inputs)
    return logits.float().cpu()


def _softmax(logits: Tensor) -> NDArray[np.float64]:
    out: NDArray[np.float64] = logits.double().softmax(dim=1).numpy()
    return out
