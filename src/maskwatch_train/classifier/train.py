"""Training of the mask classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, Dataset

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX, label_index
from maskwatch.types import Fault, State
from maskwatch_train.classifier.augment import augment, plain_crop, ruin
from maskwatch_train.classifier.network import normalise
from maskwatch_train.classifier.samples import Sample
from maskwatch_train.engine import Run, Schedule
from maskwatch_train.synthesis import OccluderKind, WearKind, occlude, synthesise

WEAR_LABELS = {
    WearKind.MASK: label_index(State.MASK, None),
    WearKind.NOSE_OUT: label_index(State.INCORRECT, Fault.NOSE_OUT),
    WearKind.UNDER_CHIN: label_index(State.INCORRECT, Fault.UNDER_CHIN),
    WearKind.CHIN_OUT: label_index(State.INCORRECT, Fault.CHIN_OUT),
    WearKind.OTHER: label_index(State.INCORRECT, Fault.OTHER),
}
WEAR_SHARES = {
    WearKind.MASK: 0.3,
    WearKind.NOSE_OUT: 0.22,
    WearKind.UNDER_CHIN: 0.18,
    WearKind.CHIN_OUT: 0.18,
    WearKind.OTHER: 0.12,
}
"""How often each way of wearing is drawn."""


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """Every number behind a training run.

    Attributes:
        backbone: key of ``maskwatch_train.classifier.network.BACKBONES``.
        size: side of the input in pixels.
        margin: added on each side of a face, as a fraction of its longer side.
        seed: of data order, augmentation and the fresh head.
        epochs: passes; each draws as many samples as there are.
        batch: crops a step.
        learning_rate: peak of the one-cycle schedule (AdamW).
        weight_decay: of AdamW.
        label_smoothing: of the cross-entropy.
        ema: decay of the running average of the weights.
        synthetic_share: share of bare faces on which a mask is drawn.
        occluder_share: share of bare faces before which something else is held.
        ruined_share: share of crops made unreadable.
        background_per_picture: face-free squares cut from each street picture.
    """

    backbone: str = "mobilenetv2"
    size: int = 128
    margin: float = 0.2
    seed: int = 1
    epochs: int = 10
    batch: int = 64
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    ema: float = 0.995
    synthetic_share: float = 0.35
    occluder_share: float = 0.1
    ruined_share: float = 0.02
    background_per_picture: int = 1


class CropDataset(Dataset[tuple[Tensor, int]]):
    """Random crops. Item ``p * len(dataset) + i`` is sample ``i`` at position ``p`` of the epoch.

    A sample that is drawn twice in an epoch so looks different each time, and every item still
    depends on seed, epoch and position alone.
    """

    def __init__(self, samples: Sequence[Sample], recipe: ClassifierRecipe) -> None:
        self.samples = samples
        self._recipe = recipe
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """A crop ``(S, S, 3)`` uint8 RGB and its label."""
        recipe = self._recipe
        position, chosen = divmod(index, len(self))
        rng = np.random.default_rng((recipe.seed, self.epoch, position))
        sample = self.samples[chosen]
        image, label = sample.image, sample.label
        draw = rng.random()
        if sample.is_bare and draw < recipe.synthetic_share:
            kinds, shares = zip(*WEAR_SHARES.items(), strict=True)
            kind = kinds[int(rng.choice(len(kinds), p=shares))]
            if not sample.has_room(kind):
                # The mask would hang outside of the picture and leave a bare face behind.
                kind = WearKind.NOSE_OUT if rng.random() < 0.5 else WearKind.MASK
            image, label = synthesise(image, sample.face, kind, rng), WEAR_LABELS[kind]
        elif sample.is_bare and draw < recipe.synthetic_share + recipe.occluder_share:
            image = occlude(image, sample.face, rng.choice(list(OccluderKind)), rng)
        crop = augment(image, sample, recipe.size, recipe.margin, rng)
        if rng.random() < recipe.ruined_share:
            crop, label = ruin(crop, rng), UNREADABLE_INDEX
        return torch.from_numpy(np.ascontiguousarray(crop[..., ::-1])), label


def sampling_weights(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Chance of each sample to be drawn: classes count by the square root of their size.

    Faces under 20 px are drawn half as often: their labels are guesses. So are squares of
    background: they only have to be told from faces.
    """
    labels = np.array([sample.label for sample in samples])
    counts = np.bincount(labels, minlength=len(LABELS))
    weights = 1 / np.sqrt(counts[labels])
    weights *= np.where(np.array([sample.size for sample in samples]) < 20, 0.5, 1.0)
    weights *= np.where([sample.source == "background" for sample in samples], 0.5, 1.0)
    out: NDArray[np.float64] = weights / weights.sum()
    return out


def train(
    network: nn.Module,
    samples: Sequence[Sample],
    recipe: ClassifierRecipe,
    out: Path,
    workers: int = 1,
    progress: Callable[[str], None] = lambda _line: None,
) -> nn.Module:
    """Trains the network in ``out`` (see ``Run``) and returns the averaged weights.

    Raises:
        NotFinite: the loss is not finite.
    """
    dataset = CropDataset(samples, recipe)
    schedule = Schedule(
        epochs=recipe.epochs,
        steps=len(dataset) // recipe.batch,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        ema=recipe.ema,
        warmup=0.15,
    )
    run = Run(network, schedule, out)
    while run.next_epoch < recipe.epochs:
        # Dropout is the only randomness of torch: seeded per epoch, a resumed run repeats what
        # an unbroken one does.
        torch.manual_seed(recipe.seed * 1000 + run.next_epoch)
        run.network.train()
        for pixels, labels in _batches(dataset, recipe, run.next_epoch, workers):
            inputs = normalise(pixels).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = run.network(inputs)
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=recipe.label_smoothing)
            run.step({"loss": loss})
        progress(run.finish_epoch())
    return run.averaged


@torch.no_grad()
def predict(
    network: nn.Module, samples: Sequence[Sample], size: int, margin: float, batch: int = 64
) -> NDArray[np.float32]:
    """Logits ``(N, 7)`` of N samples, cropped as the running classifier would."""
    network.eval()
    parts = []
    for start in range(0, len(samples), batch):
        crops = [plain_crop(s, size, margin) for s in samples[start : start + batch]]
        pixels = torch.from_numpy(np.ascontiguousarray(np.stack(crops)[..., ::-1]))
        parts.append(network(normalise(pixels)).float().numpy())
    return np.concatenate(parts)


def _batches(
    dataset: CropDataset, recipe: ClassifierRecipe, epoch: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one epoch, drawn as the seed and the epoch decide."""
    dataset.epoch = epoch
    weights = sampling_weights(dataset.samples)
    rng = np.random.default_rng((recipe.seed, epoch))
    drawn = rng.choice(len(dataset), size=len(dataset), p=weights)
    order = (np.arange(len(dataset)) * len(dataset) + drawn).tolist()
    yield from DataLoader(
        dataset, batch_size=recipe.batch, sampler=order, num_workers=workers, drop_last=True
    )
