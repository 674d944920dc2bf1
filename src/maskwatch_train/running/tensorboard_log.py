"""The log of a run for TensorBoard."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from maskwatch.outputs.files import output_errors

FOLDER = "tensorboard"
"""In the folder of a run."""


def append(run: Path, row: Mapping[str, float]) -> None:
    """Adds the numbers of one epoch; closed at once, so that a stop loses none.

    Raises:
        OutputError: they cannot be written.
    """
    # Imported here: it takes a second, and only the first of several processes needs it.
    from torch.utils.tensorboard import SummaryWriter

    with output_errors(run / FOLDER), SummaryWriter(str(run / FOLDER)) as writer:
        for name, value in row.items():
            if name != "epoch":
                writer.add_scalar(name, value, int(row["epoch"]))


def rewrite(run: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Writes all epochs anew, so that a run that was stopped shows none twice."""
    shutil.rmtree(run / FOLDER, ignore_errors=True)
    for row in rows:
        append(run, row)
