"""``maskwatch-train published``: one of the published systems, trained and tested anew."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from maskwatch.outputs.files import make_folder
from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.train import OutFolder, RecipeFile, say
from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.run import RESULT, Place, prepare, run
from maskwatch_train.published.splits import SPLITS, read_sets
from maskwatch_train.recipe import read_recipe


def published(
    recipe: RecipeFile,
    data: Annotated[
        list[Path],
        typer.Option(
            "--data", help="Set: a folder like bala or street, or a manifest; repeatable."
        ),
    ],
    out: OutFolder,
    weights: Annotated[
        str,
        typer.Option(help="download, none, a file, or the folder of third-party weights."),
    ] = "download",
    split: Annotated[
        str,
        typer.Option(
            help=f"{' or '.join(SPLITS)}: as published, or without near-duplicates across."
        ),
    ] = "random",
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures and features that several runs share."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE instead of the recipe's; told with the result."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that prepare batches.")] = 0,
) -> None:
    """Train and test a published system: a report, and its figures as result.json."""
    changes = change or []
    chosen = read_recipe(recipe, PublishedRecipe, changes)
    place = Place(out, cache or out / "cache", weights, workers)
    material = prepare(read_sets(data, chosen.shares), chosen, split, place.cache, advancing)
    sides = ", ".join(f"{side} {len(material.side(side))}" for side in ("train", "val", "test"))
    say(f"{chosen.system}, {split} split: {sides}; sha256 {material.manifest.sha256[:12]}")
    make_folder(out)
    shutil.copyfile(recipe, out / "recipe.toml")
    result = run(chosen, changes, material, split, place, advancing, say)
    for name, scores in result["classifiers"].items():
        accuracy = scores["accuracy"]
        say(
            f"{name}: accuracy {accuracy['value']:.4f} "
            f"({accuracy['low']:.4f} to {accuracy['high']:.4f}), {scores['confusion']}"
        )
    say(f"wrote {out / RESULT}")
