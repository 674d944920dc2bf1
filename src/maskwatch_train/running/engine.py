"""What every training run shares: optimiser, averaged weights, logs, and resuming after a stop."""

from __future__ import annotations

import copy
import csv
import io
import math
import pickle
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import torch
from lightning_fabric import Fabric
from safetensors.torch import save
from torch import Tensor, nn

from maskwatch.errors import MaskwatchError, UsageError
from maskwatch.outputs.files import make_folder, output_errors, write_whole
from maskwatch_train.errors import DataError, reading
from maskwatch_train.running import tensorboard_log
from maskwatch_train.running.recipe import require_range
from maskwatch_train.running.run_folder import BEST_WEIGHTS, LOG, STATE, WEIGHTS, Rows

VALIDATION_LOSS = "val_loss"
"""What decides which epoch was the best, and when to stop early."""
MAX_GRADIENT = 10.0

Batch = TypeVar("Batch")
Losses = dict[str, Tensor]
Validation = Callable[[nn.Module], dict[str, float]]
"""Measures of the averaged weights, ``VALIDATION_LOSS`` among them."""


def is_over(rows: Rows, epochs: int, patience: int) -> bool:
    """Whether all epochs of a run are done, or no better one is to be expected."""
    best = _best_epoch(rows)
    waited = 0 if best is None else len(rows) - 1 - best
    return len(rows) >= epochs or 0 < patience <= waited


def _best_epoch(rows: Rows) -> int | None:
    measured = [i for i, row in enumerate(rows) if VALIDATION_LOSS in row]
    return min(measured, key=lambda i: rows[i][VALIDATION_LOSS], default=None)


class NotFinite(MaskwatchError, ArithmeticError):
    """A loss is not a number any more; the message holds its terms, or the measures."""


class Moves(Protocol):
    """The part of a recipe that says how weights move."""

    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def batch(self) -> int: ...  # noqa: D102
    @property
    def learning_rate(self) -> float: ...  # noqa: D102
    @property
    def weight_decay(self) -> float: ...  # noqa: D102
    @property
    def ema(self) -> float: ...  # noqa: D102
    @property
    def patience(self) -> int: ...  # noqa: D102


def check_moves(recipe: Moves) -> None:
    """Raises ValueError, which begins with the key, where weights cannot move so."""
    require_range(recipe, ("epochs", "batch"), 1)
    require_range(recipe, ("learning_rate", "weight_decay", "patience"), 0)
    require_range(recipe, ("ema",), 0, 1)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How weights move.

    Attributes:
        epochs: passes over the data.
        steps: optimiser steps of one epoch.
        learning_rate: peak of the one-cycle schedule (AdamW).
        weight_decay: of AdamW, on matrices only.
        ema: decay of the running average of the weights, which is what is kept; less at first
            (see ``averaging_decay``).
        warmup: share of all steps in which the learning rate rises.
        constant: keeps the learning rate where it is instead, as the published systems did.
        patience: epochs without a lower validation loss after which a run ends; 0: never.
    """

    epochs: int
    steps: int
    learning_rate: float
    weight_decay: float
    ema: float
    warmup: float
    constant: bool = False
    patience: int = 0


def full_batches(items: int, batch: int) -> int:
    """Steps of an epoch over so many items, which leaves out what fills no batch.

    Raises:
        DataError: the items fill no batch at all.
    """
    steps = items // batch
    if not steps:
        reason = f"its {items} pictures do not fill a batch of {batch}"
        raise DataError(Path("the training side"), reason)
    return steps


def plan_of(recipe: Moves, items: int, warmup: float) -> TrainingPlan:
    """The plan of a recipe over so many items.

    Raises:
        DataError: the items fill no batch at all.
    """
    return TrainingPlan(
        epochs=recipe.epochs,
        steps=full_batches(items, recipe.batch),
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        ema=recipe.ema,
        warmup=warmup,
        patience=recipe.patience,
    )


def averaging_decay(ema: float, steps: int) -> float:
    """Decay of the running average of the weights after so many steps.

    It rises to ``ema``, as that of ``tf.train.ExponentialMovingAverage(num_updates=...)``: else
    the average of a run of few steps would be little more than the weights it began with.
    """
    return min(ema, (1 + steps) / (10 + steps))


class Watcher:
    """Is told how a run goes; this one tells nobody."""

    def said(self, line: str) -> None:
        """Something worth keeping, such as the numbers of an epoch."""

    def moved(self, done: int, total: int, losses: Mapping[str, float]) -> None:
        """Another step: so many of how many of the whole run are done, and its losses."""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """Where and on what a run trains.

    Attributes:
        out: folder of the run (see ``Run``).
        fabric: what is computed on, launched (see ``hardware.launched``).
        watcher: told of every step and epoch.
        workers: processes that prepare batches; 0 does it in this one.
    """

    out: Path
    fabric: Fabric
    watcher: Watcher
    workers: int = 0


class Run:
    """A training run in a folder that can be stopped at any moment and gone on with.

    After each epoch the folder holds ``state.pt`` (to resume; all the rest is made from it),
    ``weights.safetensors`` (the averaged weights), ``best.safetensors`` where epochs are validated,
    ``log.csv`` with a row for each epoch, and the same for TensorBoard.

    Args:
        network: trained in place; moved to channels-last, which takes a third off the time of
            a step on CPUs, and half with bfloat16.
        plan: how its weights move.
        folder: made if it does not exist; a state in it is resumed.
        fabric: what is computed on, launched; one process on the CPU unless given.
        watcher: told of every step.

    Raises:
        DataError: the state cannot be read, or is that of another network or another plan.
        OutputError: the folder cannot be written.
        UsageError: processes that share the work found different states.
    """

    def __init__(
        self,
        network: nn.Module,
        plan: TrainingPlan,
        folder: Path,
        fabric: Fabric | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.fabric = fabric or Fabric(accelerator="cpu", devices=1)
        self.watcher = watcher or Watcher()
        self.next_epoch = 0
        self._plan = plan
        self._folder = folder
        self._rows: list[dict[str, float]] = []
        self._totals: dict[str, float] = {}
        self._steps_done = 0
        network = network.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(network).eval().to(self.fabric.device)
        optimiser = torch.optim.AdamW(
            [
                {
                    "params": [p for p in network.parameters() if p.ndim > 1],
                    "weight_decay": plan.weight_decay,
                },
                {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
        )
        self._schedule = _learning_rate(optimiser, plan)
        self.network, self._optimiser = self.fabric.setup(network, optimiser)
        make_folder(folder)
        if self._state_file.exists():
            self._resume()
        self._refuse_several_states()
        self._started = time.monotonic()

    @property
    def _state_file(self) -> Path:
        return self._folder / STATE

    @property
    def _all_steps_done(self) -> int:
        """Steps that the whole run has done."""
        return self.next_epoch * self._plan.steps + self._steps_done

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or no better one is to be expected."""
        return is_over(self._rows, self._plan.epochs, self._plan.patience)

    def step(self, terms: Losses) -> None:
        """One optimiser step on the sum of the loss terms.

        Raises:
            NotFinite: a term is not finite; the message gives all of them.
        """
        told = torch.stack([term.detach().float() for term in terms.values()])
        if self.fabric.world_size > 1:
            told = self.fabric.all_reduce(told, reduce_op="mean")  # type: ignore[assignment]
        values = dict(zip(terms, told.tolist(), strict=True))
        if not all(math.isfinite(value) for value in values.values()):
            raise NotFinite(
                f"the loss is not finite any more: epoch {self.next_epoch}, "
                f"step {self._steps_done}: {values}"
            )
        self._optimiser.zero_grad()
        self.fabric.backward(torch.stack(list(terms.values())).sum())
        self.fabric.clip_gradients(
            self.network, self._optimiser, max_norm=MAX_GRADIENT, error_if_nonfinite=False
        )
        self._optimiser.step()
        self._schedule.step()
        decay = averaging_decay(self._plan.ema, self._all_steps_done)
        with torch.no_grad():
            pairs = zip(self.averaged.parameters(), self.network.parameters(), strict=True)
            for kept, current in pairs:
                kept.lerp_(current, 1 - decay)
        for name, value in values.items():
            self._totals[name] = self._totals.get(name, 0.0) + value / self._plan.steps
        self._steps_done += 1
        self.watcher.moved(self._all_steps_done, self._plan.epochs * self._plan.steps, values)

    def finish_epoch(self, validate: Validation | None = None) -> str:
        """Validates, writes state, weights and logs; returns the row as a line for people.

        Raises:
            NotFinite: the validation loss is not finite; the state before stays.
        """
        for kept, current in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
            kept.copy_(current)
        row: dict[str, float] = {"epoch": self.next_epoch}
        row.update({name: round(value, 4) for name, value in self._totals.items()})
        if validate is not None:
            measured = validate(self.averaged) if self.fabric.is_global_zero else {}
            measured = self.fabric.broadcast(measured)
            row.update({name: round(value, 4) for name, value in measured.items()})
            if not math.isfinite(row[VALIDATION_LOSS]):
                raise NotFinite(f"the validation loss is not finite any more: {row}")
        row["seconds"] = round(time.monotonic() - self._started)
        self._totals, self._steps_done, self._started = {}, 0, time.monotonic()
        self._rows.append(row)
        self.next_epoch += 1
        if self.fabric.is_global_zero:
            self._save()
            self._publish()
            tensorboard_log.append(self._folder, row)
        self.fabric.barrier()
        return " ".join(f"{name} {value}" for name, value in row.items())

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "next_epoch": self.next_epoch,
            "rows": self._rows,
        }
        # Written aside and renamed: a stop in the middle must not cost the last good state.
        aside = self._state_file.with_suffix(".part")
        with output_errors(self._state_file):
            try:
                with aside.open("wb") as file:
                    _save_state(state, file)
                aside.replace(self._state_file)
            finally:
                aside.unlink(missing_ok=True)

    def _publish(self) -> None:
        """Makes weights and log from the state, now or after a stop between the two."""
        weights = save(
            {name: value.cpu().contiguous() for name, value in self.averaged.state_dict().items()}
        )
        write_whole(self._folder / WEIGHTS, weights)
        if _best_epoch(self._rows) == self.next_epoch - 1:
            write_whole(self._folder / BEST_WEIGHTS, weights)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(self._rows[-1]))
        writer.writeheader()
        writer.writerows(self._rows)
        write_whole(self._folder / LOG, text.getvalue().encode())

    def _resume(self) -> None:
        state = _load_state(self._state_file, self.fabric.device)
        try:
            self._take(state)
        except (RuntimeError, KeyError, ValueError) as error:
            reason = f"not the state of such a network: {_first_line(error)}"
            raise DataError(self._state_file, reason) from error
        if self.fabric.is_global_zero:
            self._publish()
            tensorboard_log.rewrite(self._folder, self._rows)

    def _refuse_several_states(self) -> None:
        if self.fabric.world_size == 1:
            return
        begins = torch.tensor(self.next_epoch, device=self.fabric.device)
        all_begin = sorted(set(torch.as_tensor(self.fabric.all_gather(begins)).tolist()))
        if len(all_begin) > 1:
            epochs = " and ".join(map(str, all_begin))
            raise UsageError(
                f"{self._folder}: the processes of this run would begin at epochs {epochs}: on "
                "several machines it has to be one folder that all of them see"
            )

    def _take(self, state: Mapping[str, Any]) -> None:
        # A constant learning rate counts no steps.
        before = state["schedule"].get("total_steps")
        now = self._schedule.state_dict().get("total_steps")
        if before != now:
            reason = f"its run was begun with {before} steps, and recipe and data now make {now}"
            raise DataError(self._state_file, reason)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self.next_epoch = state["next_epoch"]
        self._rows = state["rows"]


def fit(
    run: Run,
    seed: int,
    batches: Callable[[int], Iterable[Batch]],
    losses: Callable[[Batch], Losses],
    validate: Validation | None = None,
    mode: Callable[[nn.Module], object] = nn.Module.train,
) -> nn.Module:
    """Trains to the end of a run, or goes on with one.

    Args:
        run: what is trained, and where.
        seed: of the randomness inside the network.
        batches: those of an epoch, the same each time that they are asked for.
        losses: loss terms of a batch.
        validate: measures of the averaged weights after each epoch.
        mode: puts the network in training mode.

    Returns:
        The averaged weights in their network.

    Raises:
        NotFinite: a loss is not finite.
        OutputError: the folder of the run cannot be written.
    """
    if run.is_over:
        run.watcher.said(f"this run is over already, after {run.next_epoch} epochs")
    while not run.is_over:
        # Dropout and mixing are the only randomness of torch: seeded per epoch, a resumed run
        # repeats what an unbroken one does. Processes that share the work draw other things.
        torch.manual_seed(seed * 1000 + run.next_epoch + 1_000_003 * run.fabric.global_rank)
        mode(run.network)
        for batch in batches(run.next_epoch):
            run.step(losses(batch))
        run.watcher.said(run.finish_epoch(validate))
    return run.averaged


def _save_state(state: Mapping[str, Any], file: BinaryIO) -> None:
    """Raises OSError, with the system's reason even where PyTorch hides it behind its own."""
    try:
        torch.save(state, file)
    except RuntimeError as error:
        hidden = error.__context__
        raise OSError(*(hidden if isinstance(hidden, OSError) else error).args) from error


def _load_state(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        with reading(path):
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    except (RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        said = _first_line(error) or "it ends too early"
        reason = f"damaged ({said}); without it the run begins anew"
        raise DataError(path, reason) from error
    return state


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _learning_rate(
    optimiser: torch.optim.Optimizer, plan: TrainingPlan
) -> torch.optim.lr_scheduler.LRScheduler:
    if plan.constant:
        return torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    total = plan.steps * plan.epochs
    # OneCycleLR divides by the length of the rise, from step 0 to step ``total * pct_start - 1``.
    rises_at_once = total * plan.warmup == 1
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        plan.learning_rate,
        total_steps=total,
        pct_start=1.000001 / total if rises_at_once else plan.warmup,
    )
