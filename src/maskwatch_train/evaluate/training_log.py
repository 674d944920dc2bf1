"""Training curves from the log of a run: CSV with a column ``epoch`` and one per number."""

from __future__ import annotations

import csv
from pathlib import Path

from maskwatch_train.errors import DataError, reading

LOGS = ("log.csv", "metrics.csv")
"""Names of the logs, as our loop and Lightning's write them."""
NO_CURVES = frozenset({"epoch", "step", "seconds"})


def read_training_log(run: Path) -> dict[str, dict[str, list[float]]]:
    """The curves of a run.

    Rows of one epoch are taken together, the last number of each column counting; columns may be
    empty in some rows.

    Args:
        run: the folder of the run, or of one of Lightning's versions in it; or the file itself. Of
            several logs the least deep counts, and of those as deep the last that was written.

    Returns:
        By column: ``x`` (epochs) and ``y``.

    Raises:
        DataError: there is no log, or it is none.
    """
    path = run if run.is_file() else _log_in(run)
    curves: dict[str, dict[float, float]] = {}
    try:
        with reading(path), path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                epoch = float(row["epoch"])
                for name, text in row.items():
                    if name and name not in NO_CURVES and text:
                        curves.setdefault(name, {})[epoch] = float(text)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(path, f"not the log of a training run: {error!r}") from error
    return {
        name: {"x": list(points), "y": list(points.values())} for name, points in curves.items()
    }


def _log_in(run: Path) -> Path:
    found = [path for name in LOGS for path in run.rglob(name)]
    if not found:
        raise DataError(run, f"no log of a training run in it, expected {' or '.join(LOGS)}")
    return max(found, key=lambda path: (-len(path.parts), path.stat().st_mtime_ns))
