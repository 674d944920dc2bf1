"""How verbs begin the runs of training, and what they say of those that they are given."""

from __future__ import annotations

from pathlib import Path

from lightning_fabric import Fabric

from maskwatch.outputs.files import make_folder
from maskwatch_train.cli.say import console, say
from maskwatch_train.cli.training_bar import TrainingBar
from maskwatch_train.running.engine import Moves, is_over
from maskwatch_train.running.hardware import launched
from maskwatch_train.running.run_folder import read_log


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


def say_if_stopped(run: Path, recipe: Moves) -> None:
    """Says of a run that was stopped that it can go on."""
    done = read_log(run)
    # Without a log it is the mean of several, or was restored.
    if done and not is_over(done, recipe.epochs, recipe.patience):
        say(
            f"{run}: this run was stopped after {len(done)} of {recipe.epochs} epochs; the command "
            "that began it goes on with it"
        )
