"""Fine-tuning of the face detector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from maskwatch.faces.yunet import STRIDES, grid
from maskwatch_train.detector.dataset import UNVARIED, Scene, SceneDataset, Variations
from maskwatch_train.detector.degrade import USUAL, Degradation
from maskwatch_train.detector.loss import Target, detection_loss
from maskwatch_train.detector.network import Predictions, YuNet
from maskwatch_train.running.engine import (
    VALIDATION_LOSS,
    Losses,
    Run,
    Site,
    check_moves,
    fit,
    plan_of,
)
from maskwatch_train.running.hardware import batches_of
from maskwatch_train.running.recipe import read_recipe, require_multiple, require_range
from maskwatch_train.running.run_folder import RECIPE_FILE, kept_weights

VALIDATION_EPOCH = 1_000_000
"""Stands for an epoch in the seed of the validation's windows, which are the same each time."""


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """Every number behind a fine-tuning run.

    Attributes:
        seed: of data order and augmentation.
        epochs: passes over the scenes.
        batch: pictures a step.
        size: side of the training squares in pixels, a multiple of 32.
        learning_rate: peak of the one-cycle schedule (AdamW).
        weight_decay: of AdamW.
        ema: decay of the running average of the weights.
        mosaic_share: share of items made of four pictures.
        synthetic_share: share of bare faces given a synthetic mask or occluder.
        turned_share: share of pictures that are turned, for heads that lean or lie.
        bala_pictures: close-up pictures mixed in, chosen at random from the training split.
        patience: epochs without a lower validation loss after which the run ends, with the learning
            rate not yet at its lowest; 0: never.
        keep_best: whether the epoch with the lowest validation loss is exported, not the last.
        degradation: what else happens to pictures.

    Raises:
        ValueError: a value makes no sense; the message begins with its key.
    """

    seed: int = 1
    epochs: int = 20
    batch: int = 16
    size: int = 512
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    ema: float = 0.998
    mosaic_share: float = 0.25
    synthetic_share: float = 0.25
    turned_share: float = 0.0
    bala_pictures: int = 400
    patience: int = 0
    keep_best: bool = False
    degradation: Degradation = USUAL

    def __post_init__(self) -> None:
        check_moves(self)
        require_multiple(self, "size", STRIDES[-1])
        require_range(self, ["seed", "bala_pictures"], 0)
        require_range(self, ["mosaic_share", "synthetic_share", "turned_share"], 0, 1)

    @property
    def variations(self) -> Variations:
        """How its scenes are varied."""
        return Variations(
            self.mosaic_share, self.synthetic_share, self.turned_share, self.degradation
        )


def weights_of(run: Path) -> Path:
    """The weights of a detector's run, of which its recipe says which to keep."""
    return kept_weights(run, read_recipe(run / RECIPE_FILE, DetectorRecipe).keep_best)


def collate(items: Sequence[tuple[Tensor, Target]]) -> tuple[Tensor, list[Target]]:
    """A list of items to a uint8 batch ``(B, 3, H, W)`` and its truths."""
    return torch.stack([pixels for pixels, _ in items]), [target for _, target in items]


def freeze_statistics(network: nn.Module) -> None:
    """Training mode, but batch normalisation keeps its statistics: batches here are too small."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def fine_tune(
    network: YuNet,
    scenes: Sequence[Scene],
    recipe: DetectorRecipe,
    site: Site,
    *,
    validation: Sequence[Scene] = (),
) -> nn.Module:
    """Fine-tunes the network at a site (see ``Run``) and returns the averaged weights.

    Args:
        network: with the weights to start from.
        scenes: pictures to train on.
        recipe: every number behind the run.
        site: where, and on what.
        validation: pictures that the averaged weights are asked about after each epoch.

    Raises:
        DataError: the scenes fill no batch, or the state in the folder is of another run.
        NotFinite: the loss is not finite.
        OutputError: the folder of the run cannot be written.
        UsageError: the batch cannot be shared by the processes that there are.
    """
    dataset = SceneDataset(scenes, recipe.size, recipe.seed, recipe.variations)
    plan = plan_of(recipe, len(dataset), warmup=0.1)
    run = Run(network, plan, site.out, site.fabric, site.watcher)

    def batches(epoch: int) -> Iterable[tuple[Tensor, list[Target]]]:
        dataset.epoch = epoch
        order = np.random.default_rng((recipe.seed, epoch)).permutation(len(dataset))
        return batches_of(dataset, order, recipe.batch, site, collate)

    return fit(
        run,
        recipe.seed,
        batches,
        lambda batch: losses(run.network, batch, recipe.size, run.fabric),
        (lambda averaged: measure(averaged, validation, recipe)) if validation else None,
        freeze_statistics,
    )


def losses(
    network: nn.Module,
    batch: tuple[Tensor, list[Target]],
    size: int,
    fabric: Fabric | None = None,
) -> Losses:
    """Loss terms of a batch.

    Args:
        network: gives raw outputs for ``(B, 3, size, size)``.
        batch: from ``collate``.
        size: side of the pictures in pixels.
        fabric: the processes that share the batch, which is this one's share; None: there are none.
    """
    shared = fabric if fabric is not None and fabric.world_size > 1 else None

    pixels, targets = batch
    device = next(network.parameters()).device
    points, strides = (torch.from_numpy(a).to(device) for a in grid(size, size))
    inputs = pixels.to(device).float().contiguous(memory_format=torch.channels_last)
    predictions = Predictions(*(part.float() for part in network(inputs)))

    def mean(positives: int) -> float:
        if shared is None:
            return positives
        told = shared.all_reduce(torch.tensor(float(positives), device=device), reduce_op="mean")
        return float(cast("Tensor", told))

    truths = [each.to(device) for each in targets]
    terms = detection_loss(predictions, truths, points, strides, divisor=mean)
    if shared is not None:
        # All outputs take part, if only with a weight of 0, so that every weight has a gradient
        # even where no face is: the others wait for it.
        terms["obj"] = terms["obj"] + 0.0 * torch.stack([part.sum() for part in predictions]).sum()
    return terms


@torch.no_grad()
def measure(
    network: nn.Module, validation: Sequence[Scene], recipe: DetectorRecipe
) -> dict[str, float]:
    """Mean loss on one window of each picture, always the same, as the picture is."""
    pictures = SceneDataset(validation, recipe.size, recipe.seed, UNVARIED)
    pictures.epoch = VALIDATION_EPOCH
    network.eval()
    total = 0.0
    for start in range(0, len(pictures), recipe.batch):
        items = [pictures[i] for i in range(start, min(start + recipe.batch, len(pictures)))]
        terms = losses(network, collate(items), recipe.size)
        total += sum(term.item() for term in terms.values()) * len(items)
    return {VALIDATION_LOSS: total / len(pictures)}
