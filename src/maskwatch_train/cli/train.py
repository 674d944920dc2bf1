"""``maskwatch-train detector`` and ``maskwatch-train classifier``: a recipe becomes weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console

from maskwatch.errors import UsageError
from maskwatch_train.classifier import network as classifier_network
from maskwatch_train.classifier import prepare as classifier_data
from maskwatch_train.classifier.teachers import Teachers
from maskwatch_train.classifier.train import RECIPE_FILE, ClassifierRecipe, load_run
from maskwatch_train.classifier.train import train as train_classifier
from maskwatch_train.data.labelled import LabelledPicture
from maskwatch_train.data.street import read_street
from maskwatch_train.detector.network import load_yunet
from maskwatch_train.detector.prepare import build_scenes
from maskwatch_train.detector.teacher import detect_all
from maskwatch_train.detector.train import DetectorRecipe, fine_tune
from maskwatch_train.recipe import read_recipe

RecipeFile = Annotated[Path, typer.Argument(help="TOML file with every number behind the run.")]
DataFolder = Annotated[Path, typer.Option("--data", help="Folder with the sets street and bala.")]
WeightsFolder = Annotated[
    Path, typer.Option("--weights", help="Folder with the third-party starting weights.")
]
OutFolder = Annotated[
    Path, typer.Option("--out", help="Folder of the run; a run that was stopped goes on.")
]
Workers = Annotated[int, typer.Option(help="Processes that prepare batches.")]

TeacherRuns = Annotated[
    list[Path] | None,
    typer.Option(
        "--teacher", help="Run of a classifier that teaches this one; may be given several times."
    ),
]
StartFrom = Annotated[Path | None, typer.Option("--from", help="Run whose weights to start from.")]

TEACHER_WEIGHTS = "yunet_n.safetensors"
TEACHER_CACHE = "teacher.npz"

console = Console()


def say(line: str) -> None:
    """Prints a line of progress at once."""
    console.print(line, highlight=False)


def training_portraits(data: Path) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Bala's training side: what is trained on, and what is held out for validation."""
    return classifier_data.training_portraits(data / "bala")


def detector(
    recipe: RecipeFile,
    data: DataFolder,
    weights: WeightsFolder,
    out: OutFolder,
    workers: Workers = 1,
) -> None:
    """Fine-tune the face detector."""
    chosen = read_recipe(recipe, DetectorRecipe)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(recipe, out / RECIPE_FILE)
    portraits, _ = training_portraits(data)
    scenes = build_scenes(
        read_street(data / "street", "train"),
        portraits,
        chosen.bala_pictures,
        weights / TEACHER_WEIGHTS,
        out / TEACHER_CACHE,
        chosen.seed,
        say,
    )
    say(f"{len(scenes)} pictures, {sum(len(scene.boxes) for scene in scenes)} faces")
    fine_tune(load_yunet(weights / TEACHER_WEIGHTS), scenes, chosen, out, workers, say)


def classifier(
    recipe: RecipeFile,
    data: DataFolder,
    weights: WeightsFolder,
    out: OutFolder,
    workers: Workers = 1,
    start: StartFrom = None,
    teacher: TeacherRuns = None,
) -> None:
    """Train the mask classifier."""
    chosen = read_recipe(recipe, ClassifierRecipe)
    if (chosen.teacher_share > 0) != bool(teacher):
        raise UsageError("--teacher goes with a teacher_share above 0 in the recipe")
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(recipe, out / RECIPE_FILE)
    street = read_street(data / "street", "train")
    portraits, _ = training_portraits(data)
    paths = [image.path for image in street] + [picture.path for picture in portraits]
    seen = detect_all(weights / TEACHER_WEIGHTS, paths, out / TEACHER_CACHE, say)
    rng = np.random.default_rng(chosen.seed)
    samples = [
        sample
        for image in street
        for sample in classifier_data.street_samples(
            image, seen[image.path], chosen.background_per_picture, rng
        )
    ]
    samples += classifier_data.portrait_samples(portraits, seen)
    say(f"{len(samples)} samples")
    torch.manual_seed(chosen.seed)  # of the fresh heads
    network = classifier_network.create(chosen.backbone, weights, chosen.size)
    if start is not None:
        network.load_state_dict(load_run(start, weights)[1].state_dict())
    teachers = Teachers([load_run(run, weights)[1] for run in teacher]) if teacher else None
    train_classifier(network, samples, chosen, out, workers, say, teachers)
