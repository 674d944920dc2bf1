"""``maskwatch-train published``: one of the published systems, trained and tested anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from maskwatch_train.cli.data.progress import advancing
from maskwatch_train.cli.options import Devices, Nodes, OutFolder, RecipeFile, Workers
from maskwatch_train.cli.runs import started
from maskwatch_train.cli.say import say
from maskwatch_train.published.recipe import PublishedRecipe
from maskwatch_train.published.run import RESULT, Place, begin_as, conclude, prepare, train
from maskwatch_train.published.splits import SPLITTINGS, read_labels
from maskwatch_train.running.engine import Site
from maskwatch_train.running.hardware import AUTO
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import keep_recipe


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
            help=f"{' or '.join(SPLITTINGS)}: as published, or without near-duplicates across."
        ),
    ] = "random",
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for pictures and features that several runs share."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE replaces the recipe's; the result records it."),
    ] = None,
    workers: Workers = 0,
    devices: Devices = AUTO,
    nodes: Nodes = 1,
) -> None:
    """Train and test a published system: a report, and its figures as result.json."""
    changes = change or []
    chosen = read_recipe(recipe, PublishedRecipe, changes)
    fabric, bar = started(out, devices, nodes)
    place = Place(Site(out, fabric, bar, workers), cache or out / "cache", weights)
    with fabric.rank_zero_first():
        material = prepare(
            read_labels(data, chosen.shares, split), chosen, split, place.cache, advancing
        )
    if fabric.is_global_zero:
        begin_as(chosen, material, weights, out)
        keep_recipe(recipe, out)
    sides = ", ".join(f"{side} {len(material.side(side))}" for side in ("train", "val", "test"))
    bar.said(f"{chosen.system}, {split} split: {sides}; sha256 {material.manifest.sha256[:12]}")
    with bar:
        trained = train(chosen, material, place, advancing)
    if fabric.is_global_zero:
        told(conclude(chosen, changes, material, trained, out))
        say(f"wrote {out / RESULT}")


def told(result: Mapping[str, Any]) -> None:
    """Prints the accuracy and the confusion of every classifier."""
    for name, scores in result["classifiers"].items():
        accuracy = scores["accuracy"]
        say(
            f"{name}: accuracy {accuracy['value']:.4f} "
            f"({accuracy['low']:.4f} to {accuracy['high']:.4f}), {scores['confusion']}"
        )
