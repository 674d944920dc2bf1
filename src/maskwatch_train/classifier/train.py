"""Training of the mask classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, Dataset
from torchvision.ops import complete_box_iou_loss

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX, label_index
from maskwatch.masks.preprocess import to_batch
from maskwatch.types import Fault, State
from maskwatch_train.classifier.augment import augment, plain_crop, ruin
from maskwatch_train.classifier.network import MaskNetwork, create, normalise
from maskwatch_train.classifier.samples import Sample
from maskwatch_train.classifier.teachers import Teachers, distance
from maskwatch_train.engine import Run, Schedule
from maskwatch_train.errors import DataError
from maskwatch_train.recipe import read_recipe
from maskwatch_train.synthesis import OccluderKind, WearKind, occlude, synthesise

RECIPE_FILE = "recipe.toml"
"""The recipe of a run, in its folder."""
WEAR_LABELS = {
    WearKind.MASK: label_index(State.MASK, None),
    WearKind.NOSE_OUT: label_index(State.INCORRECT, Fault.NOSE_OUT),
    WearKind.UNDER_CHIN: label_index(State.INCORRECT, Fault.UNDER_CHIN),
    WearKind.CHIN_OUT: label_index(State.INCORRECT, Fault.CHIN_OUT),
    WearKind.OTHER: label_index(State.INCORRECT, Fault.OTHER),
}
WEAR_SHARES = {
    WearKind.MASK: 0.3,
    WearKind.NOSE_OUT: 0.14,
    WearKind.UNDER_CHIN: 0.26,
    WearKind.CHIN_OUT: 0.18,
    WearKind.OTHER: 0.12,
}
"""How often each way of wearing is drawn on a face with room for all of them. Many pictures end
above the neck, so ``under_chin`` is asked for more often to be seen as often as ``nose_out``."""


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
        rarity: how much more often rare outputs are drawn: 0 as they come, 1 all alike.
        box_weight: of the box's loss beside the cross-entropy.
        teacher_share: how much of what the labels teach is taught by other trained networks
            instead (see ``classifier.teachers``); 0 needs none.
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
    rarity: float = 0.5
    box_weight: float = 1.0
    teacher_share: float = 0.0


def load_run(run: Path, third_party: Path) -> tuple[ClassifierRecipe, MaskNetwork]:
    """The recipe of a run and its averaged weights in a network, ready to predict.

    Args:
        run: folder with ``recipe.toml`` and ``weights.safetensors``.
        third_party: folder with the third-party starting weights.

    Raises:
        DataError: the weights cannot be read.
        ValueError: they do not fit the recipe's network.
    """
    recipe = read_recipe(run / RECIPE_FILE, ClassifierRecipe)
    network = create(recipe.backbone, third_party, recipe.size)
    weights = run / "weights.safetensors"
    try:
        network.load_state_dict(load_file(weights))
    except OSError as error:
        raise DataError(weights, error.strerror or "cannot be read") from error
    return recipe, network.eval()


class Crop(NamedTuple):
    """One training crop, or a batch of them."""

    pixels: Tensor
    """``(S, S, 3)`` uint8 RGB."""
    label: Tensor
    """Index into ``maskwatch.masks.labels.LABELS``."""
    box: Tensor
    """``(4,)`` float, fractions of the side; NaN where nobody drew one."""


class CropDataset(Dataset[Crop]):
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

    def __getitem__(self, index: int) -> Crop:
        """A crop, its label and the box of its face."""
        recipe = self._recipe
        position, chosen = divmod(index, len(self))
        rng = np.random.default_rng((recipe.seed, self.epoch, position))
        sample = self.samples[chosen]
        image, label = sample.image, sample.label
        draw = rng.random()
        if sample.is_bare and draw < recipe.synthetic_share:
            kind = possible_wear(sample, rng)
            image, label = synthesise(image, sample.face, kind, rng), WEAR_LABELS[kind]
        elif sample.is_bare and draw < recipe.synthetic_share + recipe.occluder_share:
            image = occlude(image, sample.face, rng.choice(list(OccluderKind)), rng)
        crop, box = augment(image, sample, recipe.size, recipe.margin, rng)
        labelled = sample.has_labelled_box
        if rng.random() < recipe.ruined_share:
            crop, label, labelled = ruin(crop, rng), UNREADABLE_INDEX, False
        target = torch.tensor(box) if labelled else torch.full((4,), torch.nan)
        pixels = torch.from_numpy(np.ascontiguousarray(crop[..., ::-1]))
        return Crop(pixels, torch.tensor(label), target)


def possible_wear(sample: Sample, rng: np.random.Generator) -> WearKind:
    """A way of wearing drawn by ``WEAR_SHARES`` among those that the picture has room for.

    A mask that hangs outside of the picture would leave a bare face behind.
    """
    kinds = [kind for kind in WEAR_SHARES if sample.has_room(kind)] or [WearKind.MASK]
    shares = np.array([WEAR_SHARES[kind] for kind in kinds])
    return kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]


def sampling_weights(samples: Sequence[Sample], rarity: float) -> NDArray[np.float64]:
    """Chance of each sample to be drawn: by the size of its class to the power of ``-rarity``.

    Faces under 20 px are drawn half as often: their labels are guesses. So are squares of
    background: they only have to be told from faces.
    """
    labels = np.array([sample.label for sample in samples])
    counts = np.bincount(labels, minlength=len(LABELS))
    weights = counts[labels].astype(np.float64) ** -rarity
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
    teachers: Teachers | None = None,
) -> nn.Module:
    """Trains the network in ``out`` (see ``Run``) and returns the averaged weights.

    Raises:
        NotFinite: the loss is not finite.
        ValueError: the recipe wants teachers and there are none, or the other way round.
    """
    if (recipe.teacher_share > 0) != (teachers is not None):
        raise ValueError("teachers go with a teacher_share above 0")
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
        for batch in _batches(dataset, recipe, run.next_epoch, workers):
            inputs = normalise(batch.pixels).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits, boxes = run.network(inputs)
            label = F.cross_entropy(
                logits.float(), batch.label, label_smoothing=recipe.label_smoothing
            )
            terms = {
                "label": (1 - recipe.teacher_share) * label,
                "box": recipe.box_weight * box_loss(boxes.float(), batch.box),
            }
            if teachers is not None:
                told = teachers(inputs)
                terms["teacher"] = recipe.teacher_share * distance(logits.float(), told)
            run.step(terms)
        progress(run.finish_epoch())
    return run.averaged


def box_loss(boxes: Tensor, truth: Tensor) -> Tensor:
    """Mean complete-IoU loss (Zheng et al., AAAI 2020) of boxes ``(N, 4)``.

    Rows of NaN are skipped; zero when nothing else is there.
    """
    known = ~truth.isnan().any(dim=1)
    if not known.any():
        return boxes.sum() * 0.0
    loss: Tensor = complete_box_iou_loss(boxes[known], truth[known], reduction="mean")
    return loss


@torch.no_grad()
def predict(
    network: nn.Module, samples: Sequence[Sample], size: int, margin: float, batch: int = 64
) -> NDArray[np.float32]:
    """Logits ``(N, 7)`` of N samples, cropped as the running classifier would."""
    network.eval()
    parts = []
    for start in range(0, len(samples), batch):
        crops = [plain_crop(s, size, margin) for s in samples[start : start + batch]]
        pixels = torch.from_numpy(to_batch(crops))
        parts.append(network(normalise(pixels))[0].float().numpy())
    return np.concatenate(parts)


def _batches(
    dataset: CropDataset, recipe: ClassifierRecipe, epoch: int, workers: int
) -> Iterator[Crop]:
    """The batches of one epoch, drawn as the seed and the epoch decide."""
    dataset.epoch = epoch
    weights = sampling_weights(dataset.samples, recipe.rarity)
    rng = np.random.default_rng((recipe.seed, epoch))
    drawn = rng.choice(len(dataset), size=len(dataset), p=weights)
    order = (np.arange(len(dataset)) * len(dataset) + drawn).tolist()
    yield from DataLoader(
        dataset, batch_size=recipe.batch, sampler=order, num_workers=workers, drop_last=True
    )
