"""``maskwatch-train detector``: a recipe becomes the weights of a face detector."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch_train.checksum import checksum
from maskwatch_train.cli.options import (
    DataFolder,
    Devices,
    Nodes,
    OutFolder,
    RecipeFile,
    StartFrom,
    Workers,
)
from maskwatch_train.cli.runs import started
from maskwatch_train.data import bala, street
from maskwatch_train.data.bala import training_portraits
from maskwatch_train.data.sets import checksums, read_sets
from maskwatch_train.detector.network import load_yunet
from maskwatch_train.detector.prepare import build_scenes, read_faceless, street_scene
from maskwatch_train.detector.teacher import (
    TEACHER_CACHE,
    TEACHER_WEIGHTS,
    detect_all,
)
from maskwatch_train.detector.train import DetectorRecipe, fine_tune, weights_of
from maskwatch_train.running.engine import Site
from maskwatch_train.running.hardware import AUTO
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import (
    begin,
    keep_recipe,
    refuse_another_recipe,
    refuse_over,
)

Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights", help="Folder with the third-party starting weights; needed without --from."
    ),
]
Backgrounds = Annotated[
    list[Path] | None,
    typer.Option(
        "--backgrounds",
        help="Manifest of pictures without a face, which are taught to show none; may be given "
        "several times.",
    ),
]


def detector(
    recipe: RecipeFile,
    data: DataFolder,
    out: OutFolder,
    weights: Weights = None,
    backgrounds: Backgrounds = None,
    start: StartFrom = None,
    workers: Workers = 1,
    devices: Devices = AUTO,
    nodes: Nodes = 1,
) -> None:
    """Fine-tune the face detector.

    A run that starts from another is also taught by it what has no label, and the first one by the
    third-party weights.
    """
    chosen = read_recipe(recipe, DetectorRecipe)
    refuse_another_recipe(chosen, out)
    before = [start] if start else []
    refuse_over(out, before)
    if start:
        teacher = weights_of(start)
    elif weights:
        teacher = weights / TEACHER_WEIGHTS
    else:
        raise UsageError("a detector starts from a file or a run: give --weights or --from")
    network = load_yunet(teacher)
    faceless = read_faceless(backgrounds or [])
    fabric, bar = started(out, devices, nodes)
    portraits, _ = training_portraits(data / bala.NAME)
    (learned,), (watched,) = (read_sets([data / street.NAME], split) for split in ("train", "val"))
    learned = replace(learned, pictures=tuple(portraits))
    if fabric.is_global_zero:
        begin(
            out,
            {
                "--weights (sha256)": None if start else checksum(teacher),
                "--from (sha256)": [checksum(weights_of(run)) for run in before],
                **checksums({"train": [learned, *faceless], "val": [watched]}),
            },
        )
        keep_recipe(recipe, out)
    with fabric.rank_zero_first():
        scenes = build_scenes(
            learned.images,
            portraits,
            [picture for one in faceless for picture in one.images],
            chosen.bala_pictures,
            teacher,
            out / TEACHER_CACHE,
            chosen.seed,
            bar.said,
        )
        seen = detect_all(teacher, watched.paths, out / TEACHER_CACHE, bar.said)
    validation = [street_scene(image, seen[image.path]) for image in watched.images]
    bar.said(f"{len(scenes)} pictures, {sum(len(scene.boxes) for scene in scenes)} faces")
    with bar:
        fine_tune(network, scenes, chosen, Site(out, fabric, bar, workers), validation=validation)
