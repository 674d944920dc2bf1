"""``maskwatch-train restore-detector``: an exported detector becomes a run to train on from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from maskwatch.outputs.jpeg import scaled_down
from maskwatch.types import Image
from maskwatch_train.cli.options import DataSets, ModelFolder, OutFolder, RecipeFile
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import read_sets
from maskwatch_train.detector.network import YuNet
from maskwatch_train.detector.restore import restore
from maskwatch_train.detector.train import DetectorRecipe
from maskwatch_train.errors import DataError
from maskwatch_train.exporting.onnx import opened
from maskwatch_train.pictures import read_picture
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import refuse_state, write_run

PICTURES = 64
"""Of the training side, on which the normalisations are measured."""


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
    restore(network, exported, pictures, card.model_path)
    write_run(out, recipe, network.state_dict(), chosen.keep_best)
    say(f"wrote {out}")
