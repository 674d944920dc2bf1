"""Training as the papers did: Adam with a constant learning rate, cross-entropy, last weights.

Binary cross-entropy over a softmax of two outputs, which some of them name, is the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, Dataset

from maskwatch_train.engine import Run, Schedule
from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.views import Pixels, Views

ASKED_AT_ONCE = 32
Network = TypeVar("Network", bound=nn.Module)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Inputs of a network and their classes; the first axis counts the rows of the data."""

    inputs: NDArray[np.generic]
    """Pictures ``(N, R, R, 3)``, or features ``(N, V, D)`` of V views of each."""
    labels: NDArray[np.int64]
    """``(N,)``"""
    train: NDArray[np.intp]
    """Rows to learn from."""


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
    network: Network,
    data: Labelled,
    recipe: PublishedRecipe,
    out: Path,
    workers: int,
    say: Say,
) -> Network:
    """Trains in ``out`` (see ``Run``) on augmented pictures; returns the last weights.

    Raises:
        NotFinite: the loss is not finite.
    """

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = _order(data, recipe, epoch)
        items = np.arange(len(order)) * len(data.labels) + order
        yield from DataLoader(
            AugmentedPictures(data, recipe, epoch),
            batch_size=recipe.batch,
            sampler=items.tolist(),
            num_workers=workers,
            drop_last=len(order) >= recipe.batch,
        )

    return _train(network, batches, data, recipe, out, say)


def train_on_features(
    head: Network, data: Labelled, recipe: PublishedRecipe, out: Path, say: Say
) -> Network:
    """The same for a head on kept features: each epoch draws one of a picture's views."""

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = _order(data, recipe, epoch)
        rng = np.random.default_rng((recipe.seed, epoch, 1))
        views = rng.integers(data.inputs.shape[1], size=len(order))
        for start in range(0, len(order), recipe.batch):
            some = slice(start, start + recipe.batch)
            features = data.inputs[order[some], views[some]]
            yield torch.from_numpy(features), torch.from_numpy(data.labels[order[some]])

    return _train(head, batches, data, recipe, out, say)


def _train(
    network: Network,
    batches: Callable[[int], Iterator[tuple[Tensor, Tensor]]],
    data: Labelled,
    recipe: PublishedRecipe,
    out: Path,
    say: Say,
) -> Network:
    schedule = Schedule(
        epochs=recipe.epochs,
        steps=max(len(data.train) // recipe.batch, 1),
        learning_rate=recipe.learning_rate,
        weight_decay=0.0,
        ema=0.0,
        warmup=0.0,
        constant=True,
    )
    run = Run(network, schedule, out)
    while run.next_epoch < recipe.epochs:
        torch.manual_seed(recipe.seed * 1000 + run.next_epoch)  # of the dropout
        run.network.train()
        for inputs, labels in batches(run.next_epoch):
            run.step({"loss": F.cross_entropy(_asked(run.network, inputs), labels)})
        say(run.finish_epoch())
    return cast("Network", run.averaged)


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
    """Logits; convolutions in bfloat16, which saves half of their time on current CPUs."""
    if inputs.ndim < 4:
        return network(inputs)  # type: ignore[no-any-return]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits: Tensor = network(inputs.contiguous(memory_format=torch.channels_last))
    return logits.float()


def _softmax(logits: Tensor) -> NDArray[np.float64]:
    out: NDArray[np.float64] = logits.double().softmax(dim=1).numpy()
    return out
