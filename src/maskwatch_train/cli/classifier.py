"""``maskwatch-train classifier``: a recipe becomes the weights of a mask classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maskwatch.errors import UsageError
from maskwatch_train.checksum import checksum
from maskwatch_train.classifier.prepare import (
    starting_network,
    teacher_in,
    training_samples,
    validation_samples,
)
from maskwatch_train.classifier.teachers import Teachers
from maskwatch_train.classifier.train import ClassifierRecipe, load_run, train, weights_of
from maskwatch_train.cli.options import (
    DataSets,
    Devices,
    Nodes,
    OutFolder,
    RecipeFile,
    StartFrom,
    StartingWeights,
    Workers,
)
from maskwatch_train.cli.runs import started
from maskwatch_train.cli.say import say
from maskwatch_train.data.sets import checksums, read_sets
from maskwatch_train.detector.teacher import teacher_checksum
from maskwatch_train.running.engine import Site
from maskwatch_train.running.hardware import AUTO
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import (
    begin,
    keep_recipe,
    refuse_another_recipe,
    refuse_over,
)

TeacherRuns = Annotated[
    list[Path] | None,
    typer.Option(
        "--teacher", help="Run of a classifier that teaches this one; may be given several times."
    ),
]


def classifier(
    recipe: RecipeFile,
    data: DataSets,
    out: OutFolder,
    weights: StartingWeights = None,
    workers: Workers = 1,
    start: StartFrom = None,
    teacher: TeacherRuns = None,
    devices: Devices = AUTO,
    nodes: Nodes = 1,
) -> None:
    """Train the mask classifier."""
    chosen = read_recipe(recipe, ClassifierRecipe)
    refuse_another_recipe(chosen, out)
    if (chosen.teacher_share > 0) != bool(teacher):
        raise UsageError("--teacher goes with a teacher_share above 0 in the recipe")
    before = [start] if start else []
    refuse_over(out, [*before, *(teacher or [])])
    network = starting_network(chosen, weights, start)
    taught_by = [(trained, own.size) for own, trained in map(load_run, teacher or [])]
    sets = {split: read_sets(data, split) for split in ("val", "train")}
    fabric, bar = started(out, devices, nodes)
    if fabric.is_global_zero:
        begin(
            out,
            {
                "--weights (sha256)": teacher_checksum(teacher_in(weights)),
                "--from (sha256)": [checksum(weights_of(run)) for run in before],
                "--teacher (sha256)": [checksum(weights_of(run)) for run in teacher or []],
                **checksums(sets),
            },
        )
        keep_recipe(recipe, out)
    with fabric.rank_zero_first():
        # These first: they are few, so that it is soon told if there are none.
        validation = validation_samples(sets["val"], weights, out, say)
        samples = training_samples(chosen, sets["train"], weights, out, say)
    bar.said(f"{len(samples)} samples")
    with bar:
        train(
            network,
            samples,
            chosen,
            Site(out, fabric, bar, workers),
            validation=validation,
            teachers=Teachers(taught_by) if taught_by else None,
        )
