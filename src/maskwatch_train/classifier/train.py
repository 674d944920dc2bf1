"""Training of the mask classifier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import Dataset
from torchvision.ops import complete_box_iou_loss

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX, label_index
from maskwatch.masks.preprocess import to_batch
from maskwatch.masks.second_look import look_again
from maskwatch.types import Fault, Image, State
from maskwatch_train.backbones import BACKBONES, STRIDE, normalise
from maskwatch_train.classifier.augment import USUAL, Augmentation, augment, plain_crop, ruin
from maskwatch_train.classifier.mixing import Mixing
from maskwatch_train.classifier.network import MaskNetwork, blank
from maskwatch_train.classifier.samples import CONTEXT_MARGIN, Sample, Source
from maskwatch_train.classifier.teachers import Teachers, distances
from maskwatch_train.errors import DataError
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
from maskwatch_train.running.recipe import (
    read_recipe,
    require_known,
    require_multiple,
    require_range,
)
from maskwatch_train.running.run_folder import RECIPE_FILE, kept_weights, read_weights
from maskwatch_train.synthesis import (
    Donor,
    OccluderKind,
    WearKind,
    cut_out,
    drawn_by,
    occlude,
    synthesise,
    transplant,
)

CropJudge = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Crops ``(N, S, S, 3)`` RGB to logits ``(N, 7)``."""

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

TRANSPLANTED = frozenset(WearKind) - {WearKind.OTHER}
"""What is done with masks that were cut out; elsewhere than below the eyes they are drawn."""
MIN_DONOR_PX = 48
"""Masks are cut out of faces of at least this many pixels."""
SOURCE_WEIGHTS = {Source.BACKGROUND: 0.5, Source.LOOK_ALIKE: 2.0}
"""How often samples are drawn beside labelled faces of their class."""
OCCLUDER_SHARES = {
    OccluderKind.WRAP: 0.25,
    OccluderKind.HAND: 0.15,
    OccluderKind.BEARD: 0.15,
    OccluderKind.SCARF: 0.1,
    OccluderKind.CUP: 0.07,
    OccluderKind.BOTTLE: 0.07,
    OccluderKind.PHONE: 0.07,
    OccluderKind.MICROPHONE: 0.07,
    OccluderKind.PAPER: 0.07,
}
"""How often each thing that is no mask is drawn: what resembles one most, most often."""


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """Every number behind a training run.

    Attributes:
        backbone: ``mobilenetv2``, whose weights are in the folder ``--weights``,
            ``efficientnet-lite0``, which needs no file, or ``mobilenetv3-small`` or
            ``mobilenetv4-small``, which begin without ImageNet's weights.
        size: side of the input in pixels, a multiple of 32.
        margin: added on each side of a face, as a fraction of its longer side.
        seed: of data order, augmentation and the fresh head.
        epochs: passes; each draws as many samples as there are.
        batch: crops a step.
        learning_rate: peak of the one-cycle schedule (AdamW).
        weight_decay: of AdamW.
        label_smoothing: of the cross-entropy.
        ema: decay of the running average of the weights.
        synthetic_share: share of bare faces on which a mask is put.
        transplant_share: share of these masks that are cut out of the photographs of people who
            wear one; the others are drawn.
        occluder_share: share of bare faces before which something else is held.
        ruined_share: share of crops made unreadable.
        background_per_picture: face-free squares cut from each street picture.
        rarity: how much more often rare outputs are drawn: 0 as they come, 1 all alike.
        box_weight: of the box's loss beside the cross-entropy.
        teacher_share: how much of what the labels teach is taught by other trained networks
            (``--teacher``) instead; 0 needs none.
        patience: epochs without a lower validation loss after which the run ends, with the learning
            rate not yet at its lowest; 0: never.
        keep_best: whether the epoch with the lowest validation loss is exported, not the last.
        mixup: alpha of the shares in which two crops shine through each other, and their labels
            are mixed, in every second batch; 0: none are.
        cutmix: the same of a rectangle of one crop that lies in another.
        augmentation: what else happens to crops.

    Raises:
        ValueError: a value makes no sense; the message begins with its key.
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
    transplant_share: float = 0.0
    occluder_share: float = 0.1
    ruined_share: float = 0.02
    background_per_picture: int = 1
    rarity: float = 0.5
    box_weight: float = 1.0
    teacher_share: float = 0.0
    patience: int = 0
    keep_best: bool = False
    mixup: float = 0.0
    cutmix: float = 0.0
    augmentation: Augmentation = USUAL

    def __post_init__(self) -> None:
        require_known(self, "backbone", BACKBONES)
        check_moves(self)
        require_multiple(self, "size", STRIDE)
        require_range(self, ["margin"], 0, CONTEXT_MARGIN)
        counts = ["seed", "background_per_picture", "rarity", "box_weight", "mixup", "cutmix"]
        require_range(self, counts, 0)
        shares = [field.name for field in fields(self) if field.name.endswith("_share")]
        require_range(self, ["label_smoothing", *shares], 0, 1)


def weights_of(run: Path) -> Path:
    """The weights of a classifier's run, of which its recipe says which to keep."""
    return kept_weights(run, read_recipe(run / RECIPE_FILE, ClassifierRecipe).keep_best)


def load_run(run: Path) -> tuple[ClassifierRecipe, MaskNetwork]:
    """The recipe of a run and its averaged weights in a network, ready to predict.

    Args:
        run: folder with ``recipe.toml`` and weights, of which the recipe says which to keep.

    Raises:
        DataError: the recipe or the weights cannot be read, or do not fit each other.
    """
    recipe = read_recipe(run / RECIPE_FILE, ClassifierRecipe)
    network = blank(recipe.backbone, recipe.size)
    weights = kept_weights(run, recipe.keep_best)
    try:
        network.load_state_dict(read_weights(weights))
    except RuntimeError as error:
        raise DataError(weights, "not the weights of the network of its recipe") from error
    return recipe, network.eval()


class Crop(NamedTuple):
    """One training crop, or a batch of them."""

    pixels: Tensor
    """``(S, S, 3)`` uint8 RGB."""
    label: Tensor
    """Index into ``maskwatch.masks.labels.LABELS``."""
    box: Tensor
    """``(4,)`` float, fractions of the side; NaN where nobody drew one."""
    novel: Tensor
    """Whether teachers may be wrong: a thing that is no mask, or a mask cut out elsewhere, was put
    on the face, or there is none."""


class CropDataset(Dataset[Crop]):
    """Random crops. Item ``p * len(dataset) + i`` is sample ``i`` at position ``p`` of the epoch.

    A sample that is drawn twice in an epoch so looks different each time, and every item still
    depends on seed, epoch and position alone.
    """

    def __init__(self, samples: Sequence[Sample], recipe: ClassifierRecipe) -> None:
        self.samples = samples
        self._recipe = recipe
        self._donors = donors_among(samples) if recipe.transplant_share else []
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
        draw, novel = rng.random(), sample.source is Source.LOOK_ALIKE
        if sample.is_bare and draw < recipe.synthetic_share:
            kind = possible_wear(sample, rng)
            (image, novel), label = self._with_mask(sample, kind, rng), WEAR_LABELS[kind]
        elif sample.is_bare and draw < recipe.synthetic_share + recipe.occluder_share:
            image = occlude(image, sample.face, drawn_by(OCCLUDER_SHARES, rng), rng)
            novel = True
        crop, box = augment(image, sample, recipe.size, recipe.margin, rng, recipe.augmentation)
        labelled = sample.has_labelled_box
        if rng.random() < recipe.ruined_share:
            crop, label, labelled = ruin(crop, rng), UNREADABLE_INDEX, False
        target = torch.tensor(box) if labelled else torch.full((4,), torch.nan)
        pixels = torch.from_numpy(np.ascontiguousarray(crop[..., ::-1]))
        return Crop(pixels, torch.tensor(label), target, torch.tensor(novel))

    def _with_mask(
        self, sample: Sample, kind: WearKind, rng: np.random.Generator
    ) -> tuple[Image, bool]:
        """A bare face with a mask, and whether that was cut out elsewhere or is a drawn one."""
        if self._donors and kind in TRANSPLANTED and rng.random() < self._recipe.transplant_share:
            image = transplant(sample.image, sample.face, self._donors, kind, rng)
            if image is not None:
                return image, True
        return synthesise(sample.image, sample.face, kind, rng), False


def donors_among(samples: Sequence[Sample]) -> list[Donor]:
    """The masks of all samples that wear one well and show it large and plainly enough."""
    worn = [
        sample
        for sample in samples
        if sample.label == WEAR_LABELS[WearKind.MASK]
        and sample.face.landmarks is not None
        and sample.size >= MIN_DONOR_PX
    ]
    cut = (cut_out(sample.image, sample.face) for sample in worn)
    return [donor for donor in cut if donor is not None]


def possible_wear(sample: Sample, rng: np.random.Generator) -> WearKind:
    """A way of wearing drawn by ``WEAR_SHARES`` among those that the picture has room for.

    A mask that hangs outside of the picture would leave a bare face behind.
    """
    kinds = [kind for kind in WEAR_SHARES if sample.has_room(kind)] or [WearKind.MASK]
    return drawn_by({kind: WEAR_SHARES[kind] for kind in kinds}, rng)


def sampling_weights(samples: Sequence[Sample], rarity: float) -> NDArray[np.float64]:
    """Chance of each sample to be drawn: by the size of its class to the power of ``-rarity``.

    Faces under 20 px are drawn half as often: their labels are guesses. So are squares of
    background: they only have to be told from faces. What was taken for a face is drawn more often.
    """
    labels = np.array([sample.label for sample in samples])
    counts = np.bincount(labels, minlength=len(LABELS))
    weights = counts[labels].astype(np.float64) ** -rarity
    weights *= np.where(np.array([sample.size for sample in samples]) < 20, 0.5, 1.0)
    weights *= [SOURCE_WEIGHTS.get(sample.source, 1.0) for sample in samples]
    out: NDArray[np.float64] = weights / weights.sum()
    return out


def drawn_items(
    samples: Sequence[Sample], recipe: ClassifierRecipe, epoch: int
) -> NDArray[np.int64]:
    """The items of ``CropDataset`` that make an epoch, as the seed and the epoch decide."""
    weights = sampling_weights(samples, recipe.rarity)
    rng = np.random.default_rng((recipe.seed, epoch))
    drawn = rng.choice(len(samples), size=len(samples), p=weights)
    return np.arange(len(samples)) * len(samples) + drawn


def train(
    network: nn.Module,
    samples: Sequence[Sample],
    recipe: ClassifierRecipe,
    site: Site,
    *,
    validation: Sequence[Sample] = (),
    teachers: Teachers | None = None,
) -> nn.Module:
    """Trains the network at a site (see ``Run``) and returns the averaged weights.

    Args:
        network: with fresh heads, or trained before.
        samples: faces to train on.
        recipe: every number behind the run.
        site: where, and on what.
        validation: faces that the averaged weights are asked about after each epoch.
        teachers: of a recipe with a ``teacher_share``.

    Raises:
        DataError: the samples fill no batch, or the state in the folder is of another run.
        NotFinite: the loss is not finite.
        OutputError: the folder of the run cannot be written.
        UsageError: the batch cannot be shared by the processes that there are.
        ValueError: the recipe wants teachers and there are none, or the other way round.
    """
    if (recipe.teacher_share > 0) != (teachers is not None):
        raise ValueError("teachers go with a teacher_share above 0")
    dataset = CropDataset(samples, recipe)
    plan = plan_of(recipe, len(dataset), warmup=0.15)
    run = Run(network, plan, site.out, site.fabric, site.watcher)
    mixing = Mixing(recipe.mixup, recipe.cutmix)

    def batches(epoch: int) -> Iterable[Crop]:
        dataset.epoch = epoch
        return batches_of(dataset, drawn_items(samples, recipe, epoch), recipe.batch, site)

    return fit(
        run,
        recipe.seed,
        batches,
        lambda batch: losses(run.network, batch, recipe, mixing, teachers),
        (lambda averaged: measure(averaged, validation, recipe)) if validation else None,
    )


def losses(
    network: nn.Module,
    batch: Crop,
    recipe: ClassifierRecipe,
    mixing: Mixing,
    teachers: Teachers | None,
) -> Losses:
    """Loss terms of a batch, of which `mixing` may mix the crops."""
    device = next(network.parameters()).device
    batch = Crop(*(part.to(device) for part in batch))
    inputs = normalise(batch.pixels).contiguous(memory_format=torch.channels_last)
    inputs, truth, novel, mixed = mixing(inputs, batch.label, batch.novel)
    logits, boxes = network(inputs)
    label = F.cross_entropy(
        logits.float(), truth, label_smoothing=recipe.label_smoothing, reduction="none"
    )
    target = torch.full_like(batch.box, torch.nan) if mixed else batch.box
    # Teachers may take for a mask worn well what was just put there and is none.
    taught = recipe.teacher_share * (~novel).float()
    terms = {
        "label": ((1 - taught) * label).mean(),
        "box": recipe.box_weight * box_loss(boxes.float(), target),
    }
    if teachers is not None:
        terms["teacher"] = (taught * distances(logits.float(), teachers(inputs))).mean()
    return terms


def measure(
    network: nn.Module, validation: Sequence[Sample], recipe: ClassifierRecipe
) -> dict[str, float]:
    """Loss and accuracy on samples cropped as the running classifier would.

    The loss is the cross-entropy without label smoothing, since no smoothed truth is asked about.
    """
    logits = torch.from_numpy(predict(judge_of(network), validation, recipe.size, recipe.margin))
    labels = torch.tensor([sample.label for sample in validation])
    return {
        VALIDATION_LOSS: F.cross_entropy(logits, labels).item(),
        "val_accuracy": (logits.argmax(dim=1) == labels).double().mean().item(),
    }


def box_loss(boxes: Tensor, truth: Tensor) -> Tensor:
    """Mean complete-IoU loss (Zheng et al., AAAI 2020) of boxes ``(N, 4)``.

    Rows of NaN are skipped; zero when nothing else is there.
    """
    known = ~truth.isnan().any(dim=1)
    if not known.any():
        return boxes.sum() * 0.0
    loss: Tensor = complete_box_iou_loss(boxes[known], truth[known], reduction="mean")
    return loss


def judge_of(network: nn.Module) -> CropJudge:
    """What a network says of crops, once it is trained, on whatever device it is."""
    network.eval()
    device = next(network.parameters()).device

    @torch.no_grad()
    def judge(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        inputs = normalise(torch.from_numpy(crops).to(device))
        logits: NDArray[np.float32] = network(inputs)[0].float().cpu().numpy()
        return logits

    return judge


def predict(
    judge: CropJudge,
    samples: Sequence[Sample],
    size: int,
    margin: float,
    *,
    temperature: float = 1.0,
    second_look_below: float = 0.0,
    batch: int = 64,
) -> NDArray[np.float32]:
    """Logits ``(N, 7)`` of N samples, cropped and judged as the running classifier would.

    Args:
        judge: gives the logits of crops.
        samples: the faces.
        size: side of the crops in pixels.
        margin: of the crops.
        temperature: divides the logits where doubt is weighed.
        second_look_below: see ``maskwatch.masks.second_look``; 0 judges every face once.
        batch: crops judged at a time.
    """
    parts = []
    for start in range(0, len(samples), batch):
        crops = to_batch([plain_crop(s, size, margin) for s in samples[start : start + batch]])
        parts.append(look_again(judge(crops), crops, judge, temperature, second_look_below))
    return np.concatenate(parts)
