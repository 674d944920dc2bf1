"""Fine-tuning of the face detector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from maskwatch.faces.yunet import grid
from maskwatch_train.detector.dataset import Scene, SceneDataset
from maskwatch_train.detector.loss import Target, detection_loss
from maskwatch_train.detector.network import Predictions, YuNet
from maskwatch_train.engine import Run, Schedule


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
    out: Path,
    workers: int = 1,
    progress: Callable[[str], None] = lambda _line: None,
) -> nn.Module:
    """Fine-tunes the network in ``out`` (see ``Run``) and returns the averaged weights.

    Raises:
        NotFinite: the loss is not finite.
    """
    torch.manual_seed(recipe.seed)
    dataset = SceneDataset(
        scenes,
        recipe.size,
        recipe.seed,
        recipe.mosaic_share,
        recipe.synthetic_share,
        recipe.turned_share,
    )
    schedule = Schedule(
        epochs=recipe.epochs,
        steps=len(dataset) // recipe.batch,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        ema=recipe.ema,
        warmup=0.1,
    )
    run = Run(network, schedule, out)
    points, strides = (torch.from_numpy(a) for a in grid(recipe.size, recipe.size))
    while run.next_epoch < recipe.epochs:
        freeze_statistics(run.network)
        for pixels, targets in _batches(dataset, recipe, run.next_epoch, workers):
            inputs = pixels.float().contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                raw = run.network(inputs)
            predictions = Predictions(*(part.float() for part in raw))
            run.step(detection_loss(predictions, targets, points, strides))
        progress(run.finish_epoch())
    return run.averaged


def _batches(
    dataset: SceneDataset, recipe: DetectorRecipe, epoch: int, workers: int
) -> Iterator[tuple[Tensor, list[Target]]]:
    """The batches of one epoch, in an order that the seed and the epoch decide."""
    dataset.epoch = epoch
    order = np.random.default_rng((recipe.seed, epoch)).permutation(len(dataset)).tolist()
    loader = DataLoader(
        dataset,
        batch_size=recipe.batch,
        sampler=order,
        num_workers=workers,
        collate_fn=collate,
        drop_last=True,
    )
    yield from loader
