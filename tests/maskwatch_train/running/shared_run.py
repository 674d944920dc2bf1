"""A tiny training run that several processes share.

Usage: ``python -m tests.maskwatch_train.running.shared_run FOLDER DEVICES``; each prints
which of how many it is. ``{rank}`` in FOLDER is the number of the process, as if each were on a
machine of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from maskwatch_train.running.engine import Run, TrainingPlan, fit
from maskwatch_train.running.hardware import launched, share_of, shared

BATCH, ITEMS = 8, 26


def main(folder: str, devices: str) -> None:
    fabric = launched(devices)
    print(f"{fabric.global_rank} of {fabric.world_size}", flush=True)  # noqa: T201
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 1))
    pictures = torch.randn(ITEMS, 3, 2, 2)
    plan = TrainingPlan(3, ITEMS // BATCH, 0.05, 0.01, 0.5, 0.3)
    run = Run(network, plan, Path(folder.format(rank=fabric.global_rank)), fabric)
    share = share_of(BATCH, fabric)

    def batches(epoch: int) -> torch.Tensor:
        order = np.random.default_rng(epoch).permutation(ITEMS)
        taken = pictures[shared(order, BATCH, share)]
        return taken.reshape(plan.steps, -1, 3, 2, 2)

    fit(
        run,
        seed=1,
        batches=batches,
        losses=lambda batch: {"loss": (run.network(batch) - 1).square().mean()},
        validate=lambda averaged: {"val_loss": averaged(pictures).square().mean().item()},
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
