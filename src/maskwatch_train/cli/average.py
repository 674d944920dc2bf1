"""``maskwatch-train average``: several runs become one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
import typer
from torch import Tensor

from maskwatch_train.classifier.train import ClassifierRecipe, weights_of
from maskwatch_train.cli.say import say
from maskwatch_train.errors import DataError
from maskwatch_train.running.recipe import read_recipe
from maskwatch_train.running.run_folder import (
    RECIPE_FILE,
    read_weights,
    refuse_over,
    refuse_state,
    write_run,
)


def average(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of classifiers.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the run to write.")],
) -> None:
    """Write the mean of the weights of classifiers that were fine-tuned from the same start.

    It often errs less than each, at the cost of one (Wortsman et al.: "Model soups", ICML 2022).
    The recipe is that of the first.
    """
    if len(runs) < 2:
        raise typer.BadParameter("an average needs at least two runs")
    refuse_state(out)
    refuse_over(out, runs)
    weights = [read_weights(file) for file in [weights_of(run) for run in runs]]
    for run, each in zip(runs, weights, strict=True):
        if _shapes(each) != _shapes(weights[0]):
            raise DataError(run, f"its network differs from that of {runs[0]}")
    mean = {name: _mean([each[name] for each in weights]) for name in weights[0]}
    recipe = runs[0] / RECIPE_FILE
    write_run(out, recipe, mean, read_recipe(recipe, ClassifierRecipe).keep_best)
    say(f"wrote {out}")


def _shapes(weights: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}


def _mean(values: list[Tensor]) -> Tensor:
    """Their mean; what counts steps stays that of the first."""
    first = values[0]
    return torch.stack(values).mean(dim=0) if first.is_floating_point() else first
