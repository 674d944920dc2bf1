"""``maskwatch-train detector`` and ``maskwatch-train classifier``: a recipe becomes weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from lightning_fabric import Fabric

from maskwatch.errors import UsageError
from maskwatch.faces.yunet import Detections
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch_train.begun import begin
from maskwatch_train.classifier.network import MaskNetwork, blank, create, start_from
from maskwatch_train.classifier.prepare import samples_of
from maskwatch_train.classifier.samples import Sample
from maskwatch_train.classifier.teachers import Teachers
from maskwatch_train.classifier.train import RECIPE_FILE, ClassifierRecipe, load_run
from maskwatch_train.classifier.train import train as train_classifier
from maskwatch_train.cli.say import console, say
from maskwatch_train.cli.training_bar import TrainingBar
from maskwatch_train.data import bala, street
from maskwatch_train.data.bala import training_portraits
from maskwatch_train.data.manifest import checksum
from maskwatch_train.data.sets import LabelledSet, checksum_of, read_set, read_sets
from maskwatch_train.detector.network import load_yunet
from maskwatch_train.detector.prepare import build_scenes, street_scene
from maskwatch_train.detector.teacher import detect_all, teacher_checksum
from maskwatch_train.detector.train import DetectorRecipe, fine_tune
from maskwatch_train.engine import STATE, Site, kept_weights
from maskwatch_train.errors import DataError
from maskwatch_train.hardware import AUTO, launched
from maskwatch_train.recipe import read_recipe, refuse_another

RecipeFile = Annotated[Path, typer.Argument(help="TOML file with every setting of the run.")]
DataFolder = Annotated[Path, typer.Option("--data", help="Folder with the sets street and bala.")]
DataSets = Annotated[
    list[Path],
    typer.Option(
        "--data",
        help="Manifest, or folder of a set, or one with the sets street and bala; may be given "
        "several times.",
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
WeightsFolder = Annotated[
    Path, typer.Option("--weights", help="Folder with the third-party starting weights.")
]
StartingWeights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        help="Folder with the third-party starting weights; without it the face detector in the "
        "package finds the faces.",
    ),
]
OutFolder = Annotated[
    Path, typer.Option("--out", help="Folder of the run; a run that was stopped resumes.")
]
Workers = Annotated[int, typer.Option(min=0, help="Processes that prepare batches.")]
TeacherRuns = Annotated[
    list[Path] | None,
    typer.Option(
        "--teacher", help="Run of a classifier that teaches this one; may be given several times."
    ),
]
Devices = Annotated[
    str,
    typer.Option(
        help="How many processors share each batch; auto takes as many as torchrun has started, "
        "else all GPUs, or one process on the CPU."
    ),
]
Nodes = Annotated[
    int, typer.Option(min=1, help="Number of machines; start the same command on each.")
]
StartFrom = Annotated[Path | None, typer.Option("--from", help="Run whose weights to start from.")]

TEACHER_WEIGHTS = "yunet_n.safetensors"
TEACHER_CACHE = "teacher.npz"
PACKAGE_CACHE = "package-detector.npz"
"""What each of the two detectors saw: a run may be begun with one and gone on with the other."""


def refuse_another_recipe(chosen: ClassifierRecipe | DetectorRecipe, out: Path) -> None:
    """Lets a run that was stopped only go on with the numbers that it was begun with.

    Raises:
        DataError: the folder holds a state, and no recipe that can be read.
        UsageError: the recipe of the state is another one; names the first key that differs.
    """
    if not (out / STATE).exists():
        return
    begun = read_recipe(out / RECIPE_FILE, type(chosen))
    refuse_another(out, asdict(begun), asdict(chosen))


def started(out: Path, devices: str, nodes: int) -> tuple[Fabric, TrainingBar]:
    """What a run computes on, and what shows how it goes; makes the folder of the run.

    Raises:
        OutputError: the folder cannot be made.
        UsageError: ``devices`` is no number of them.
    """
    fabric = launched(devices, nodes)
    if fabric.is_global_zero:
        make_folder(out)
    fabric.barrier()
    return fabric, TrainingBar(console, quiet=not fabric.is_global_zero)


def keep_recipe(recipe: Path, out: Path, fabric: Fabric) -> None:
    """Copies a recipe into the folder of its run.

    Raises:
        OutputError: it cannot be written.
    """
    if fabric.is_global_zero:
        write_whole(out / RECIPE_FILE, recipe.read_bytes())


def detector(
    recipe: RecipeFile,
    data: DataFolder,
    weights: WeightsFolder,
    out: OutFolder,
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
    teacher = detector_weights(start) if start else weights / TEACHER_WEIGHTS
    network = load_yunet(teacher)
    faceless = read_faceless(backgrounds or [])
    fabric, bar = started(out, devices, nodes)
    portraits, _ = training_portraits(data / bala.NAME)
    learned, watched = (read_set(data / street.NAME, split) for split in ("train", "val"))
    learned = replace(learned, pictures=tuple(portraits))
    if fabric.is_global_zero:
        begin(
            out,
            {
                "--weights (sha256)": teacher_checksum(weights / TEACHER_WEIGHTS),
                "--from (sha256)": [checksum(detector_weights(run)) for run in before],
                **checksums({"train": [learned, *faceless], "val": [watched]}),
            },
        )
    keep_recipe(recipe, out, fabric)
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


def detector_weights(run: Path) -> Path:
    """The weights of a detector's run, of which its recipe says which to keep."""
    return kept_weights(run, read_recipe(run / RECIPE_FILE, DetectorRecipe).keep_best)


def read_faceless(places: Sequence[Path]) -> list[LabelledSet]:
    """The training pictures of sets in which no picture shows a face.

    Raises:
        DataError: a set cannot be read, has nothing to train on, or shows a face.
    """
    sets = [read_set(place, "train") for place in places]
    for place, one in zip(places, sets, strict=True):
        if one.has_faces:
            raise DataError(place, "has faces among its training pictures; backgrounds have none")
    return sets


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
    teachers = Teachers([teaching(run) for run in teacher]) if teacher else None
    fabric, bar = started(out, devices, nodes)
    if fabric.is_global_zero:
        begin(
            out,
            {
                "--weights (sha256)": teacher_checksum(_teacher_in(weights)),
                "--from (sha256)": [weights_checksum(run) for run in before],
                "--teacher (sha256)": [weights_checksum(run) for run in teacher or []],
                **checksums({split: read_sets(data, split) for split in ("val", "train")}),
            },
        )
    keep_recipe(recipe, out, fabric)
    with fabric.rank_zero_first():
        # These first: they are few, so that it is soon told if there are none.
        validation = validation_samples(data, weights, out)
        samples = training_samples(chosen, data, weights, out)
    bar.said(f"{len(samples)} samples")
    with bar:
        train_classifier(
            network,
            samples,
            chosen,
            Site(out, fabric, bar, workers),
            validation=validation,
            teachers=teachers,
        )


def refuse_over(out: Path, runs: Sequence[Path]) -> None:
    """Raises UsageError if a run would be written over one that it learns from."""
    if out.resolve() in {run.resolve() for run in runs}:
        raise UsageError(
            f"--out {out}: is a run to learn from, whose weights would be written over: "
            "choose another folder"
        )


def checksums(sets: Mapping[str, Sequence[LabelledSet]]) -> dict[str, str]:
    """What tells the data of a run from others, by split."""
    return {f"--data, {split} (sha256)": checksum_of(those) for split, those in sets.items()}


def weights_checksum(run: Path) -> str:
    """What tells the weights of a classifier's run from others."""
    recipe = read_recipe(run / RECIPE_FILE, ClassifierRecipe)
    return checksum(kept_weights(run, recipe.keep_best))


def starting_network(
    recipe: ClassifierRecipe, weights: Path | None, start: Path | None
) -> MaskNetwork:
    """A network with fresh heads, or with the weights of the run to start from.

    Raises:
        DataError: the weights cannot be read.
        UsageError: the run to start from has another backbone, or the weights are nowhere.
    """
    torch.manual_seed(recipe.seed)  # of the fresh heads
    if start is None:
        return create(recipe.backbone, weights, recipe.size)
    network = blank(recipe.backbone, recipe.size)
    before, trained = load_run(start)
    if before.backbone != recipe.backbone:
        raise UsageError(
            f"--from {start}: its backbone is {before.backbone}, and the recipe's {recipe.backbone}"
        )
    start_from(network, trained)
    return network


def teaching(run: Path) -> tuple[MaskNetwork, int]:
    """A trained network and the size of its input."""
    recipe, network = load_run(run)
    return network, recipe.size


def training_samples(
    recipe: ClassifierRecipe, data: Sequence[Path], weights: Path | None, run: Path
) -> list[Sample]:
    """The training faces of all sets, and what only looks like one."""
    rng = np.random.default_rng(recipe.seed)
    backgrounds = recipe.background_per_picture
    return samples_of(read_sets(data, "train"), _looking(weights, run), backgrounds, rng, say)


def validation_samples(data: Sequence[Path], weights: Path | None, run: Path) -> list[Sample]:
    """The validation faces of all sets that have some, and what only looks like one."""
    rng = np.random.default_rng(0)
    return samples_of(read_sets(data, "val"), _looking(weights, run), 1, rng, say)


def _teacher_in(weights: Path | None) -> Path | None:
    return weights / TEACHER_WEIGHTS if weights else None


def _looking(weights: Path | None, run: Path) -> Callable[[list[Path]], Mapping[Path, Detections]]:
    teacher = _teacher_in(weights)
    cache = run / (TEACHER_CACHE if weights else PACKAGE_CACHE)
    return lambda pictures: detect_all(teacher, pictures, cache, say)
