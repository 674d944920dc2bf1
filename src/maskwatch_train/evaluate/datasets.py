"""What a model can be tested on: a set of ours by its folder, or any set by its manifest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from maskwatch.faces.base import FaceDetector
from maskwatch.types import Box, State
from maskwatch_train.classifier.prepare import training_portraits
from maskwatch_train.data.bala import read_bala
from maskwatch_train.data.labelled import LabelledFace, LabelledImage, LabelledPicture
from maskwatch_train.data.manifest import Manifest, ManifestRow, read_manifest
from maskwatch_train.data.street import read_street
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.cases import Case, cases_of_images, cases_of_pictures

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

    def cases(self, detector: FaceDetector) -> tuple[Case, ...]:
        """All labelled faces; the detector finds those of whole pictures, and every pose.

        Raises:
            DataError: a picture cannot be read.
        """
        boxed = cases_of_images(self.images, self.name, detector)
        return boxed + cases_of_pictures(self.pictures, self.name, detector)


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
    if split not in SPLITS:
        raise DataError(place, f"unknown split {split!r}, expected one of {SPLITS}")
    wanted = None if split == "all" else split
    name = place.stem if place.is_file() else place.resolve().name
    if place.is_file():
        found = _of_manifest(name, split, read_manifest(place))
    elif (place / "labels.json").is_file():
        found = LabelledSet(name, split, read_street(place, wanted), ())
    elif (place / "labels.csv").is_file():
        found = LabelledSet(name, split, (), tuple(_of_bala(place, wanted)))
    else:
        raise DataError(
            place, "no set: expected a manifest, or a folder with labels.json or labels.csv"
        )
    if not found.images and not found.pictures:
        raise DataError(place, f"has no labelled pictures in the split {split!r}")
    return found


def _of_bala(folder: Path, split: str | None) -> Sequence[LabelledPicture]:
    if split in (None, "test"):
        return read_bala(folder, split, "80_20")
    kept, held = training_portraits(folder)
    return kept if split == "train" else held


def _of_manifest(name: str, split: str, manifest: Manifest) -> LabelledSet:
    rows = [row for row in manifest.rows if split in ("all", row.split) and row.label]
    whole = tuple(
        LabelledPicture(manifest.path_of(row), row.label, row.split, row.global_group)
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
