"""What every training run shares: optimiser, averaged weights, log, and resuming after a stop."""

from __future__ import annotations

import copy
import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn


class NotFinite(ArithmeticError):
    """The loss is not a number any more; the message holds its terms."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How weights move.

    Attributes:
        epochs: passes over the data.
        steps: optimiser steps of one epoch.
        learning_rate: peak of the one-cycle schedule (AdamW).
        weight_decay: of AdamW, on matrices only.
        ema: decay of the running average of the weights, which is what is kept.
        warmup: share of all steps in which the learning rate rises.
        constant: keeps the learning rate where it is instead, as the published systems did.
    """

    epochs: int
    steps: int
    learning_rate: float
    weight_decay: float
    ema: float
    warmup: float
    constant: bool = False


class Run:
    """A training run in a folder that can be stopped at any moment and gone on with.

    After each epoch the folder holds ``state.pt`` (to resume), ``weights.safetensors`` (the
    averaged weights) and one more row in ``log.csv``.

    Args:
        network: trained in place; moved to channels-last, which with bfloat16 halves the time
            of a step on current CPUs.
        schedule: how its weights move.
        folder: made if it does not exist; a state in it is resumed.
    """

    def __init__(self, network: nn.Module, schedule: Schedule, folder: Path) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).eval()
        self.next_epoch = 0
        self._settings = schedule
        self._folder = folder
        decayed = [p for p in network.parameters() if p.ndim > 1]
        plain = [p for p in network.parameters() if p.ndim <= 1]
        self._optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": schedule.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=schedule.learning_rate,
        )
        self._schedule = _learning_rate(self._optimiser, schedule)
        self._totals: dict[str, float] = {}
        self._started = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        if self._state_file.exists():
            self._resume()

    @property
    def _state_file(self) -> Path:
        return self._folder / "state.pt"

    def step(self, terms: dict[str, Tensor]) -> None:
        """One optimiser step on the sum of the loss terms.

        Raises:
            NotFinite: a term is not finite; the message gives all of them.
        """
        values = {name: term.item() for name, term in terms.items()}
        if not all(math.isfinite(value) for value in values.values()):
            raise NotFinite(f"epoch {self.next_epoch}: {values}")
        self._optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self._optimiser.step()
        self._schedule.step()
        with torch.no_grad():
            pairs = zip(self.averaged.parameters(), self.network.parameters(), strict=True)
            for kept, current in pairs:
                kept.lerp_(current, 1 - self._settings.ema)
        for name, value in values.items():
            self._totals[name] = self._totals.get(name, 0.0) + value / self._settings.steps

    def finish_epoch(self) -> str:
        """Writes state, weights and log; returns the log row as a line for people."""
        for kept, current in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
            kept.copy_(current)
        row: dict[str, float] = {"epoch": self.next_epoch}
        row.update({name: round(value, 4) for name, value in self._totals.items()})
        row["seconds"] = round(time.monotonic() - self._started)
        self._totals, self._started = {}, time.monotonic()
        self.next_epoch += 1
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "next_epoch": self.next_epoch,
        }
        # Written aside and renamed: a stop in the middle must not cost the last good state.
        aside = self._state_file.with_suffix(".part")
        torch.save(state, aside)
        aside.replace(self._state_file)
        weights = {name: value.contiguous() for name, value in self.averaged.state_dict().items()}
        save_file(weights, self._folder / "weights.safetensors")
        self._log(row)
        return " ".join(f"{name} {value}" for name, value in row.items())

    def _resume(self) -> None:
        state = torch.load(self._state_file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self.next_epoch = state["next_epoch"]

    def _log(self, row: dict[str, float]) -> None:
        path = self._folder / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)


def _learning_rate(
    optimiser: torch.optim.Optimizer, schedule: Schedule
) -> torch.optim.lr_scheduler.LRScheduler:
    if schedule.constant:
        return torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        schedule.learning_rate,
        total_steps=schedule.steps * schedule.epochs,
        pct_start=schedule.warmup,
    )
