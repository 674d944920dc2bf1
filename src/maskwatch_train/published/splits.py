"""The two ways to split: as published, over all files alike, and by groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from maskwatch.errors import UsageError
from maskwatch_train.data import bala, street
from maskwatch_train.data.grouping import merge
from maskwatch_train.data.manifest import (
    UNSPLIT,
    Manifest,
    ManifestRow,
    check_leakage,
    read_manifest,
    rows_of_images,
    rows_of_pictures,
)
from maskwatch_train.data.sets import MANIFEST, kind_of
from maskwatch_train.data.splits import parse_shares
from maskwatch_train.errors import DataError

RANDOM = "random"
SPLITTINGS = (RANDOM, "grouped")
"""The two ways."""


def read_labels(places: Sequence[Path], shares: str, splitting: str) -> Manifest:
    """The labels of some sets with the split that each carries.

    Args:
        places: manifests, or folders in the layout of bala or street.
        shares: ``80/20`` or ``80/15/5``: which of bala's own splits is wanted.
        splitting: ``random`` wants none of them, so that any shares will do.

    Raises:
        DataError: one of them is no set, or two hold the same.
    """
    own = bala.PROTOCOLS[0] if splitting == RANDOM else shares.replace("/", "_")
    return merge([(place, _read(place, own)) for place in places])


def _read(place: Path, protocol: str) -> Manifest:
    kind = kind_of(place)
    if kind == MANIFEST:
        return read_manifest(place)
    name = place.resolve().name
    if kind == bala.NAME:
        pictures = bala.read_bala(place, protocol=protocol)
        rows = rows_of_pictures(pictures, place, name, bala.LICENCE)
    else:
        rows = rows_of_images(street.read_street(place), place, name, street.LICENCE)
    return Manifest(rows, {name: place})


def split_rows(
    rows: Sequence[ManifestRow], labels: Sequence[int], splitting: str, shares: str, seed: int
) -> tuple[ManifestRow, ...]:
    """The rows, each with its side.

    Args:
        rows: as read.
        labels: class of each.
        splitting: ``random`` draws from every class alike and tears near-duplicates apart, which
            flatters whatever is tested on it; ``grouped`` takes the split that the data carry.
        shares: percent of train, test and perhaps val.
        seed: of the random split.

    Raises:
        UsageError: there is no such split.
        DataError: the data carry none, one side of it is empty, or what belongs together lies on
            two sides, as it may where several sets come together.
    """
    if splitting not in SPLITTINGS:
        raise UsageError(f"--split {splitting!r}: expected one of {', '.join(SPLITTINGS)}")
    wanted = parse_shares(shares)
    if splitting == RANDOM:
        return _random(rows, labels, wanted, seed)
    unsplit = [row for row in rows if row.split == UNSPLIT]
    if unsplit or {"train", "test"} - {row.split for row in rows}:
        raise DataError(
            Path((unsplit or rows)[0].source_set),
            "carries no split into train and test: see data split",
        )
    check_leakage(Path("the data"), rows)
    return tuple(rows)


def _random(
    rows: Sequence[ManifestRow], labels: Sequence[int], shares: Mapping[str, int], seed: int
) -> tuple[ManifestRow, ...]:
    rng = np.random.default_rng(seed)
    side = np.full(len(rows), "train", dtype=object)
    for label in sorted(set(labels)):
        members = rng.permutation(np.flatnonzero(np.array(labels) == label))
        start = 0
        for name, percent in shares.items():
            if name != "train":
                end = start + round(len(members) * percent / 100)
                side[members[start:end]] = name
                start = end
    if empty := sorted(shares.keys() - set(side)):
        reason = f"too few pictures of each class: nothing is left for {', '.join(empty)}"
        raise DataError(Path("the data"), reason)
    return tuple(replace(row, split=str(name)) for row, name in zip(rows, side, strict=True))
