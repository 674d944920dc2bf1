"""Splits that keep groups together and the shares of every label alike, from a seed.

The method is the iterative stratification of Sechidis, Tsoumakas and Vlahavas, "On the
Stratification of Multi-label Data" (ECML PKDD 2011), with groups in the place of examples: rare
labels first, and each group goes where its rarest label is wanted most, or, where several sides
want that alike, most of its labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskwatch.errors import UsageError
from maskwatch_train.data.grouping import NOTE
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.errors import DataError

SHARES = {
    "80/20": {"train": 80, "test": 20},
    "80/15/5": {"train": 80, "test": 15, "val": 5},
}
"""The splits of the published systems: percent of train, test and val."""


def parse_shares(text: str) -> Mapping[str, int]:
    """Percent of each split from ``TRAIN/TEST`` or ``TRAIN/TEST/VAL``.

    Raises:
        UsageError: they are not two or three whole numbers above 0 that sum to 100.
    """
    if text in SHARES:
        return SHARES[text]
    parts = text.split("/")
    numbers = [int(part) for part in parts if part.isdecimal()]
    if len(numbers) != len(parts) or len(parts) not in (2, 3) or sum(numbers) != 100:
        raise UsageError(f"--shares {text!r}: expected TRAIN/TEST or TRAIN/TEST/VAL, sum 100")
    if 0 in numbers:
        raise UsageError(f"--shares {text!r}: a share is 0; leave it out")
    return dict(zip(("train", "test", "val"), numbers, strict=False))


def split(
    path: Path,
    manifest: Manifest,
    shares: Mapping[str, int],
    seed: int,
    *,
    ungrouped: bool = False,
) -> Manifest:
    """Gives every row a split.

    Args:
        path: the manifest's file, for messages.
        manifest: grouped, and without a split.
        shares: percent of each split.
        seed: the same gives the same split.
        ungrouped: split although nobody looked for near-duplicates. It is how the published
            systems did it, and flatters whatever is tested on it.

    Raises:
        DataError: it has a split already, nobody looked for near-duplicates, or one side would
            stay empty.
    """
    if any(row.split for row in manifest.rows):
        raise DataError(path, "has a split already; drop it with data group --drop-split")
    if NOTE not in manifest.notes and not ungrouped:
        raise DataError(
            path,
            "near-duplicates were never searched for, and a split that separates them leaks: "
            "run data group first, or repeat the published protocol with --ungrouped",
        )
    side = _assign(manifest.rows, shares, seed)
    rows = tuple(replace(row, split=side[row.global_group]) for row in manifest.rows)
    empty = set(shares) - {row.split for row in rows}
    if empty:
        raise DataError(path, f"too few groups: nothing is left for {', '.join(sorted(empty))}")
    how: dict[str, Any] = {"shares": dict(shares), "seed": seed, "ungrouped": ungrouped}
    return Manifest(rows, manifest.folders, {**manifest.notes, "split": how})


def _assign(rows: Sequence[ManifestRow], shares: Mapping[str, int], seed: int) -> dict[str, str]:
    """The split of each group."""
    groups = sorted({row.global_group for row in rows})
    labels = sorted({_stratum(row) for row in rows})
    counts = np.zeros((len(groups), len(labels)))
    g_index = {name: i for i, name in enumerate(groups)}
    l_index = {name: i for i, name in enumerate(labels)}
    for row in rows:
        counts[g_index[row.global_group], l_index[_stratum(row)]] += 1
    names = list(shares)
    portions = np.array([shares[name] for name in names]) / 100
    chosen = _stratify(counts, portions, np.random.default_rng(seed))
    return {group: names[int(chosen[i])] for group, i in g_index.items()}


def _stratum(row: ManifestRow) -> str:
    return f"{row.source_set}:{row.label or ''}:{row.fault or ''}"


def _stratify(
    counts: NDArray[np.float64], portions: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Side of each group.

    Args:
        counts: ``(G, L)`` labels of each group.
        portions: ``(S,)`` share of each side, summing to 1.
        rng: breaks ties.
    """
    totals = counts.sum(axis=0)
    wanted = portions[:, None] * totals[None, :]
    order = rng.permutation(len(counts))
    of_group = np.where(counts > 0, totals[None, :], np.inf)
    rarest = of_group.min(axis=1)
    # Stable: within equal keys the shuffled order stays.
    order = order[np.lexsort((-counts[order].sum(axis=1), rarest[order]))]
    side = np.empty(len(counts), dtype=np.intp)
    for group in order:
        need = wanted * (counts[group] / totals)
        # The rarest alone, or the common ones beside it would decide: they are wanted for long.
        best = _most(need[:, of_group[group] == rarest[group]].sum(axis=1), np.arange(len(need)))
        best = _most(need.sum(axis=1), best)
        side[group] = best[0] if len(best) == 1 else rng.choice(best)
        wanted[side[group]] -= counts[group]
    return side


def _most(need: NDArray[np.float64], among: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of some sides, by their indices, those that need most; several if they need alike."""
    most: NDArray[np.intp] = among[need[among] >= np.max(need[among]) - 1e-9]
    return most
