"""``maskwatch-train restore``: an exported classifier becomes a run to train on from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from safetensors.torch import save

from maskwatch.masks.labels import LABELS
from maskwatch.masks.preprocess import to_batch
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch_train.classifier.augment import plain_crop
from maskwatch_train.classifier.network import blank
from maskwatch_train.classifier.restore import restore
from maskwatch_train.classifier.train import RECIPE_FILE, ClassifierRecipe
from maskwatch_train.cli.say import say
from maskwatch_train.cli.train import (
    DataSets,
    OutFolder,
    RecipeFile,
    StartingWeights,
    training_samples,
)
from maskwatch_train.engine import kept_weights, refuse_state
from maskwatch_train.errors import DataError
from maskwatch_train.recipe import read_recipe
from maskwatch_train.release.export import opened

MEASURED_ON = 1024
"""Training faces that the normalisations are measured on."""


def restore_classifier(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder with model and card.")],
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
    card, exported = opened(model, LABELS)
    for key, wanted in (("size", chosen.size), ("margin", chosen.margin)):
        if card.setting(key) != wanted:
            raise DataError(
                recipe, f"{key} is {wanted}, but {model} takes its faces with {card.setting(key)}"
            )

    def crops() -> NDArray[np.uint8]:
        samples = training_samples(chosen, data, weights, out)
        if not samples:
            raise DataError(data[0], "has no face to measure the normalisations on")
        some = np.random.default_rng(chosen.seed).permutation(len(samples))[:MEASURED_ON]
        return to_batch([plain_crop(samples[i], chosen.size, chosen.margin) for i in some])

    network = blank(chosen.backbone, chosen.size)
    restore(network, exported, crops, card.model_path)
    make_folder(out)
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    write_whole(out / RECIPE_FILE, recipe.read_bytes())
    write_whole(kept_weights(out, chosen.keep_best), save(state))
    say(f"wrote {out}")
