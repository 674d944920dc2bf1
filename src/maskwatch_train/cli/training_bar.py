"""How a training run goes: a bar over its steps, and a line for each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from maskwatch_train.cli.say import say
from maskwatch_train.running.engine import Watcher


class TrainingBar(Watcher):
    """Shows a bar with the losses and the time that is left, where somebody watches.

    Args:
        console: what lines are printed on; without a terminal there is no bar.
        quiet: says nothing, as all processes but the first of several.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=None, losses="")
        self._offset: int | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def said(self, line: str) -> None:
        """Prints a line above the bar."""
        if not self._quiet:
            say(line, self._bar.console)

    def moved(self, done: int, total: int, losses: Mapping[str, float]) -> None:
        """Moves the bar; what an earlier run did does not count for the time that is left."""
        if self._offset is None:
            self._offset = done - 1
        told = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        self._bar.update(
            self._task, completed=done - self._offset, total=total - self._offset, losses=told
        )
