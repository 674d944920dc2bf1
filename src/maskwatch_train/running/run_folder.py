"""What lies in the folder of a run, and what a run may be begun or gone on with there."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from maskwatch.errors import UsageError
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch_train.errors import DataError, reading
from maskwatch_train.running.recipe import read_recipe, refuse_another

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WEIGHTS = "weights.safetensors"
"""The averaged weights after the last epoch, in the folder of a run."""
BEST_WEIGHTS = "best.safetensors"
"""Those of the epoch with the lowest validation loss."""
STATE = "state.pt"
"""What a run goes on from; weights and log are made from it."""
LOG = "log.csv"
RECIPE_FILE = "recipe.toml"
BEGUN = "begun.json"
"""What a run was begun with: a run that was stopped goes on with nothing else."""

Rows = Sequence[Mapping[str, float]]
"""Of the log of a run: one for each epoch that is done."""


def kept_weights(run: Path, keep_best: bool) -> Path:
    """Of a run's folder, the weights that its recipe says to keep."""
    return run / (BEST_WEIGHTS if keep_best else WEIGHTS)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a file.

    Raises:
        DataError: it is missing or damaged.
    """
    with reading(path):
        try:
            return load_file(path)
        except FileNotFoundError as error:  # it has no words of the system's
            raise DataError(path, "no such file") from error
        except SafetensorError as error:
            raise DataError(path, str(error)) from error


def read_log(run: Path) -> Rows:
    """The log in the folder of a run; no rows where there is none.

    Raises:
        DataError: it cannot be read, or is none.
    """
    path = run / LOG
    if not path.exists():
        return []
    try:
        with reading(path), path.open(encoding="utf-8", newline="") as file:
            return [
                {name: float(text) for name, text in row.items()} for row in csv.DictReader(file)
            ]
    except (TypeError, ValueError) as error:
        raise DataError(path, f"not the log of a run: {error}") from error


def refuse_state(folder: Path) -> None:
    """Raises UsageError if a folder holds a state, which would bring its own weights back."""
    if (folder / STATE).exists():
        raise UsageError(
            f"{folder}: holds the state of a run, which would resume with its own weights: "
            "choose another folder"
        )


def refuse_over(out: Path, runs: Sequence[Path]) -> None:
    """Raises UsageError if a run would be written over one that it learns from."""
    if out.resolve() in {run.resolve() for run in runs}:
        raise UsageError(
            f"--out {out}: is a run to learn from, whose weights would be written over: "
            "choose another folder"
        )


def refuse_another_recipe(chosen: DataclassInstance, out: Path) -> None:
    """Lets a run that was stopped only go on with the numbers that it was begun with.

    Raises:
        DataError: the folder holds a state, and no recipe that can be read.
        UsageError: the recipe of the state is another one; names the first key that differs.
    """
    if not (out / STATE).exists():
        return
    begun = read_recipe(out / RECIPE_FILE, type(chosen))
    refuse_another(out, asdict(begun), asdict(chosen))


def keep_recipe(recipe: Path, out: Path) -> None:
    """Copies a recipe into the folder of its run.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(out / RECIPE_FILE, recipe.read_bytes())


def write_run(out: Path, recipe: Path, weights: Mapping[str, Tensor], keep_best: bool) -> None:
    """Writes weights that come from elsewhere as a run to train on from.

    Args:
        out: its folder; made if missing.
        recipe: the file of its recipe.
        weights: by name.
        keep_best: as the recipe says.

    Raises:
        OutputError: it cannot be written.
    """
    make_folder(out)
    keep_recipe(recipe, out)
    stored = {name: value.contiguous() for name, value in weights.items()}
    write_whole(kept_weights(out, keep_best), save(stored))


def begin(out: Path, asked: Mapping[str, Any]) -> None:
    """Keeps in the folder of a run what it is begun with, or sees that it goes on with the same.

    Args:
        out: the folder.
        asked: by the name that people know it by; as JSON gives it back.

    Raises:
        UsageError: the folder holds a run that was begun with something else.
        DataError: it does not say what its run was begun with.
        OutputError: it cannot be written.
    """
    if (out / STATE).exists():
        refuse_another(out, _begun(out / BEGUN, asked.keys()), asked)
    else:
        write_whole(out / BEGUN, json.dumps(asked, indent=1).encode() + b"\n")


def _begun(path: Path, keys: Collection[str]) -> dict[str, Any]:
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"{error.strerror}, so how the run beside it was begun is unknown"
        raise DataError(path, reason) from error
    except ValueError as error:
        raise DataError(path, f"not JSON: {error}") from error
    if not isinstance(begun, dict) or begun.keys() != keys:
        raise DataError(path, "written by another version: choose another folder")
    return begun
