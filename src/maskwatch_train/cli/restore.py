"""``maskwatch-train restore`` and ``restore-detector``: exports become runs to train on from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from safetensors.torch import save
from torch import nn

from maskwatch.masks.labels import LABELS
from maskwatch.masks.preprocess import to_batch
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.outputs.jpeg import scaled_down
from maskwatch.types import Image
from maskwatch_train.classifier import restore as classifier_restore
from maskwatch_train.classifier.augment import plain_crop
from maskwatch_train.classifier.network import blank
from maskwatch_train.classifier.train import RECIPE_FILE, ClassifierRecipe
from maskwatch_train.cli.say import say
from maskwatch_train.cli.train import (
    DataSets,
    OutFolder,
    RecipeFile,
    StartingWeights,
    training_samples,
)
from maskwatch_train.data.sets import read_sets
from maskwatch_train.detector import restore as detector_restore
from maskwatch_train.detector.network import YuNet
from maskwatch_train.detector.train import DetectorRecipe
from maskwatch_train.engine import kept_weights, refuse_state
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture
from maskwatch_train.recipe import read_recipe
from maskwatch_train.release.export import opened

ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="Folder with model and card.")]

FACES, PICTURES = 1024, 64
"""Of the training side, on which the normalisations of a classifier and a detector are measured."""


def restore_classifier(
    model: ModelFolder,
    recipe: RecipeFile,
    data: DataSets,
    out: OutFolder,
    weights: StartingWeights = None,
) -> None:
    """Turn an exported mask classifier back into a run, to train on from it or to be taught by it.

    The recipe names its backbone and the size of its input.
    """
    refuse_state(out)
    chosen = read_recipe(recipe, ClassifierRecipe)
    card, exported = opened(model, "mask_classifier", LABELS)
    for key, wanted in (("size", chosen.size), ("margin", chosen.margin)):
        if card.setting(key) != wanted:
            raise DataError(
                recipe, f"{key} is {wanted}, but {model} takes its faces with {card.setting(key)}"
            )

    def crops() -> NDArray[np.uint8]:
        samples = training_samples(chosen, data, weights, out)
        if not samples:
            raise DataError(data[0], "has no face to measure the normalisations on")
        some = np.random.default_rng(chosen.seed).permutation(len(samples))[:FACES]
        return to_batch([plain_crop(samples[i], chosen.size, chosen.margin) for i in some])

    network = blank(chosen.backbone, chosen.size)
    classifier_restore.restore(network, exported, crops, card.model_path)
    _write(network, recipe, out, keep_best=chosen.keep_best)


def restore_detector(
    model: ModelFolder, recipe: RecipeFile, data: DataSets, out: OutFolder
) -> None:
    """Turn an exported face detector back into a run, to train on from it."""
    refuse_state(out)
    chosen = read_recipe(recipe, DetectorRecipe)
    card, exported = opened(model, "face_detector")

    def pictures() -> Iterator[Image]:
        paths = [image.path for one in read_sets(data, "train") for image in one.images]
        if not paths:
            raise DataError(data[0], "has no picture to measure the normalisations on")
        for i in np.random.default_rng(chosen.seed).permutation(len(paths))[:PICTURES]:
            yield scaled_down(read_picture(paths[i]), chosen.size)[0]

    network = YuNet()
    detector_restore.restore(network, exported, pictures, card.model_path)
    _write(network, recipe, out, keep_best=chosen.keep_best)


def _write(network: nn.Module, recipe: Path, out: Path, *, keep_best: bool) -> None:
    make_folder(out)
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    write_whole(out / RECIPE_FILE, recipe.read_bytes())
    write_whole(kept_weights(out, keep_best), save(state))
    say(f"wrote {out}")
