"""``maskwatch-train restore``: an exported classifier becomes a run to train on from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwatch.masks.labels import LABELS
from maskwatch.masks.preprocess import to_batch
from maskwatch_train.classifier.augment import plain_crop
from maskwatch_train.classifier.network import blank
from maskwatch_train.classifier.prepare import training_samples
from maskwatch_train.classifier.restore import restore
from maskwatch_train.classifier.train import ClassifierRecipe
from maskwatch_train.cli.options import (
    DataSets,
    ModelFolder,
    OutFolder,
    RecipeFile,
    StartingWeights,
)
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import read_sets
from maskwatch_train.errors import DataError
from maskwatch_train.exporting.onnx import opened
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import refuse_state, write_run

FACES = 1024
"""Of the training side, on which the normalisations are measured."""


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
        samples = training_samples(chosen, read_sets(data, "train"), weights, out, say)
        if not samples:
            raise DataError(data[0], "has no face to measure the normalisations on")
        some = np.random.default_rng(chosen.seed).permutation(len(samples))[:FACES]
        return to_batch([plain_crop(samples[i], chosen.size, chosen.margin) for i in some])

    network = blank(chosen.backbone, chosen.size)
    restore(network, exported, crops, card.model_path)
    write_run(out, recipe, network.state_dict(), chosen.keep_best)
    say(f"wrote {out}")
