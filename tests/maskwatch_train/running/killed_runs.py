"""A tiny training run, killed before every step and at every write, and gone on with each time.

Forks after its imports and before any arithmetic, so that dozens of runs cost no more than one.
Usage: ``python -m tests.maskwatch_train.running.killed_runs FOLDER``; prints at how many
places it was killed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter  # noqa: F401 - before the forks

from maskwatch_train.running import engine, tensorboard_log

PLAN = engine.TrainingPlan(
    epochs=3, steps=2, learning_rate=0.05, weight_decay=0.01, ema=0.5, warmup=0.3
)
VALIDATION = {1: 0.5, 2: 0.3, 3: 0.4}
"""Loss after so many epochs: the second is the best."""


def train(folder: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten())
    run = engine.Run(network, PLAN, folder)
    engine.fit(
        run,
        seed=1,
        batches=lambda epoch: [torch.full((2, 3, 4, 4), epoch + 0.1 * i) for i in range(2)],
        losses=lambda batch: {"loss": run.network(batch).square().mean()},
        validate=lambda _: {engine.VALIDATION_LOSS: VALIDATION[run.next_epoch + 1]},
    )


class Killer:
    """Kills this process at the ``at``-th place it passes."""

    def __init__(self, at: int) -> None:
        self._left = at

    def passes(self, before: Callable[..., None] = lambda *_: None, *arguments: Any) -> None:
        self._left -= 1
        if self._left < 0:
            before(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)

    def put_everywhere(self) -> None:
        for owner, name, half_done in (
            (engine.Run, "step", lambda *_: None),
            (Path, "write_bytes", lambda path, data: Path.open(path, "wb").write(data[:99])),
            (Path, "replace", lambda *_: None),
            (torch, "save", lambda _, file: (file.write(b"half"), file.flush())),
            (tensorboard_log, "append", lambda *_: None),
        ):
            setattr(owner, name, self._deadly(getattr(owner, name), half_done))

    def _deadly(self, function: Callable[..., Any], half_done: Callable[..., Any]) -> Any:
        def dying(*arguments: Any, **named: Any) -> Any:
            self.passes(half_done, *arguments)
            return function(*arguments, **named)

        return dying


def forked(folder: Path, kill_at: int | None) -> int:
    """Trains in another process; returns the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        try:
            if kill_at is not None:
                Killer(kill_at).put_everywhere()
            train(folder)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0, f"the run in {folder} failed"
    return 0


def main(root: Path) -> None:
    assert forked(root / "unbroken", None) == 0
    place = 0
    while forked(root / f"killed-{place:02}", place) == signal.SIGKILL:
        assert forked(root / f"killed-{place:02}", None) == 0
        place += 1
    print(place)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
