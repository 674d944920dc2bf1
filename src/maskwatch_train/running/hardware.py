"""What a training run computes on: a processor, a graphics processor, several, several machines."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from maskwatch.errors import UsageError
from maskwatch_train.running.engine import Site

Item = TypeVar("Item")
Precision = Literal["bf16-mixed", "16-mixed", "32-true"]
AUTO = "auto"


def launched(devices: str = AUTO, nodes: int = 1) -> Fabric:
    """Lightning's Fabric on what is there, with automatic mixed precision where that is faster.

    With several devices the command that runs is started once more for each of the others
    (Lightning's DDP); under ``torchrun`` or SLURM the processes are there already.

    Args:
        devices: how many, or ``auto``: as many as ``torchrun`` has started processes here, else
            all graphics processors, or one process on the CPU.
        nodes: machines, each with so many devices.

    Raises:
        UsageError: ``devices`` is neither ``auto`` nor a number above 0, or there are not so many
            graphics processors.
    """
    has_gpu = torch.cuda.is_available()
    fabric = Fabric(
        accelerator="cuda" if has_gpu else "cpu",
        devices=_device_count(devices, torch.cuda.device_count() if has_gpu else None),
        num_nodes=nodes,
        precision=precision(),
    )
    fabric.launch()
    if torch.distributed.is_initialized():
        # Threads of the group that still wait when the program ends would abort it.
        atexit.register(torch.distributed.destroy_process_group)
    return fabric


def _device_count(asked: str, gpus: int | None) -> int:
    """How many devices of this machine take part.

    Args:
        asked: see ``launched``.
        gpus: graphics processors; None where processes run on the CPU, of which any number may.
    """
    if asked == AUTO:
        # Each of torchrun's processes would else take itself for the only one, and all would
        # write the same run.
        wanted = int(os.environ.get("LOCAL_WORLD_SIZE", gpus or 1))
    elif asked.isdecimal() and int(asked) > 0:
        wanted = int(asked)
    else:
        raise UsageError(f"--devices must be {AUTO} or a number above 0, got {asked!r}")
    if gpus is not None and wanted > gpus:
        raise UsageError(f"{wanted} devices are wanted, and graphics processors here: {gpus}")
    return wanted


def precision() -> Precision:
    """What this machine computes fastest in.

    Mixed with bfloat16, or with float16 on GPUs that know no bfloat16; float32 on processors that
    know none. Emulated, bfloat16 takes three to eight times as long as float32.
    """
    if torch.cuda.is_available():
        known = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16-mixed" if known else "16-mixed"
    return "bf16-mixed" if _processor_knows_bfloat16() else "32-true"


def _processor_knows_bfloat16() -> bool:
    """False also with a PyTorch that cannot tell."""
    told: Callable[[], Mapping[str, Any]] = getattr(torch.cpu, "get_capabilities", dict)
    return any(told().get(name) for name in ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16"))


def mixed(device: torch.device) -> torch.autocast:
    """The same for a network that Fabric does not know of, such as one that is only asked."""
    chosen = precision()
    dtype = torch.float16 if chosen == "16-mixed" else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=chosen != "32-true")


def batches_of(
    dataset: Dataset[Item],
    order: NDArray[np.integer],
    batch: int,
    site: Site,
    collate: Callable[[list[Item]], Any] | None = None,
) -> DataLoader[Item]:
    """This process's share of the batches of one epoch.

    Args:
        dataset: gives an item of the order.
        order: the items of all processes; what fills no batch is left out.
        batch: items of a batch, of all processes.
        site: what shares them, and who prepares them.
        collate: makes a batch of a list of items; PyTorch's own way unless given.

    Raises:
        UsageError: the batch cannot be shared evenly.
    """
    share = share_of(batch, site.fabric)
    return DataLoader(
        dataset,
        batch_size=share.stop - share.start,
        sampler=shared(order, batch, share),
        num_workers=site.workers,
        collate_fn=collate,
    )


def share_of(batch: int, fabric: Fabric) -> slice:
    """Which items of each batch this process takes: batches stay as large as the recipe says.

    Raises:
        UsageError: the batch cannot be shared evenly.
    """
    each, left = divmod(batch, fabric.world_size)
    if left or not each:
        raise UsageError(
            f"a batch of {batch} cannot be shared evenly by {fabric.world_size} processes"
        )
    return slice(fabric.global_rank * each, (fabric.global_rank + 1) * each)


def shared(order: NDArray[np.integer], batch: int, share: slice) -> list[int]:
    """What this process takes of an epoch, batch by batch; what fills no batch is left out.

    Args:
        order: the items of all processes.
        batch: items of a batch, of all processes.
        share: from ``share_of``.
    """
    whole = order[: len(order) // batch * batch].reshape(-1, batch)
    taken: list[int] = whole[:, share].ravel().tolist()
    return taken
