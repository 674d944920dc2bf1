"""What a model is trained or tested on: a set of ours by its folder, or any by its manifest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from maskwatch.types import Box, State
from maskwatch_train.data import bala, street
from maskwatch_train.data.labelled import LabelledFace, LabelledImage, LabelledPicture
from maskwatch_train.data.manifest import Manifest, ManifestRow, read_manifest
from maskwatch_train.errors import DataError

SPLITS = ("train", "val", "test", "all")


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labelled pictures of one set and split."""

    name: str
    split: str
    images: tuple[LabelledImage, ...]
    """Pictures whose faces have boxes."""
    pictures: tuple[LabelledPicture, ...]
    """Pictures that are labelled as a whole."""

    @property
    def is_empty(self) -> bool:
        """True without any picture."""
        return not self.images and not self.pictures

    def some(self, count: int, seed: int = 0) -> LabelledSet:
        """A random choice of so many pictures of each kind; all of them if there are fewer."""
        rng = np.random.default_rng(seed)
        boxed, whole = (
            sorted(rng.permutation(len(all_of_them))[:count].tolist())
            for all_of_them in (self.images, self.pictures)
        )
        return replace(
            self,
            images=tuple(self.images[i] for i in boxed),
            pictures=tuple(self.pictures[i] for i in whole),
        )


def read_set(place: Path, split: str) -> LabelledSet:
    """Reads a set.

    Args:
        place: a folder with ``labels.json`` (the layout of street) or ``labels.csv`` (of bala),
            or a manifest, which any other layout can be imported into.
        split: one of `SPLITS`. Of bala, whose own validation split lies inside the test side of
            the other protocol, ``val`` is what is held out of the training side.

    Raises:
        DataError: it is none of these, is damaged, or has nothing in this split.
    """
    found = _read(place, split)
    if found.is_empty:
        raise DataError(place, f"has no labelled pictures in the split {split!r}")
    return found


def read_sets(places: Sequence[Path], split: str) -> list[LabelledSet]:
    """Reads sets, of which some may have nothing in this split.

    Args:
        places: as for `read_set`; a folder that holds the sets street and bala stands for both.
        split: as for `read_set`.

    Raises:
        DataError: one cannot be read, or none of them has anything in this split.
    """
    every = [each for place in places for each in _sets_in(place)]
    found = [one for one in (_read(place, split) for place in every) if not one.is_empty]
    if not found:
        raise DataError(places[0], f"has no labelled pictures in the split {split!r}")
    return found


def _sets_in(place: Path) -> list[Path]:
    both = [place / street.NAME, place / bala.NAME]
    return both if all(folder.is_dir() for folder in both) else [place]


def _read(place: Path, split: str) -> LabelledSet:
    if split not in SPLITS:
        raise DataError(place, f"unknown split {split!r}, expected one of {SPLITS}")
    wanted = None if split == "all" else split
    name = place.stem if place.is_file() else place.resolve().name
    if place.is_file():
        return _of_manifest(name, split, read_manifest(place))
    if (place / "labels.json").is_file():
        return LabelledSet(name, split, street.read_street(place, wanted), ())
    if (place / "labels.csv").is_file():
        return LabelledSet(name, split, (), tuple(_of_bala(place, wanted)))
    raise DataError(
        place, "no set: expected a manifest, or a folder with labels.json or labels.csv"
    )


def _of_bala(folder: Path, split: str | None) -> Sequence[LabelledPicture]:
    if split in (None, "test"):
        return bala.read_bala(folder, split, "80_20")
    kept, held = bala.training_portraits(folder)
    return kept if split == "train" else held


def _of_manifest(name: str, split: str, manifest: Manifest) -> LabelledSet:
    rows = [row for row in manifest.rows if split in ("all", row.split) and row.label]
    whole = tuple(
        LabelledPicture(manifest.path_of(row), row.label, row.split, row.global_group, row.fault)
        for row in rows
        if row.box is None and row.label is not None
    )
    return LabelledSet(name, split, tuple(_boxed(manifest, rows)), whole)


def _boxed(manifest: Manifest, rows: Sequence[ManifestRow]) -> Iterator[LabelledImage]:
    boxed = [row for row in rows if row.box is not None]
    for _, group in itertools.groupby(boxed, key=lambda row: row.picture):
        of_picture = list(group)
        first = of_picture[0]
        faces = tuple(
            LabelledFace(Box(*row.box), row.label or State.UNKNOWN, row.fault, "", "sure")
            for row in of_picture
            if row.box is not None
        )
        # A manifest holds no size, and nothing here asks for it.
        yield LabelledImage(manifest.path_of(first), 0, 0, first.split, first.global_group, faces)
