"""What a model is trained or tested on: a set of ours by its folder, or any by its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from maskwatch.types import Box
from maskwatch_train.data import bala, labelled, street
from maskwatch_train.data.labelled import (
    LabelledFace,
    LabelledImage,
    LabelledPicture,
    check_no_copies,
)
from maskwatch_train.data.manifest import (
    UNSPLIT,
    Manifest,
    ManifestRow,
    check_leakage,
    read_manifest,
)
from maskwatch_train.data.street_additions import with_additions
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import picture_checksum

PARTS = (*labelled.SPLITS, "all")
"""What a part of a set is asked for by."""
MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labelled pictures of one set and split."""

    name: str
    split: str
    images: tuple[LabelledImage, ...]
    """Pictures whose faces have boxes, and those that show none."""
    pictures: tuple[LabelledPicture, ...]
    """Pictures that are labelled as a whole."""

    @property
    def is_empty(self) -> bool:
        """True without any picture."""
        return not self.images and not self.pictures

    @property
    def has_faces(self) -> bool:
        """False where all its pictures show none."""
        return bool(self.pictures) or any(image.faces for image in self.images)

    @property
    def paths(self) -> list[Path]:
        """The files of all its pictures."""
        return [image.path for image in self.images] + [each.path for each in self.pictures]

    def some(self, count: int) -> LabelledSet:
        """A random choice of so many pictures of each kind, all of them if there are fewer.

        It is always the same, and none of them is one without a face.
        """
        rng = np.random.default_rng(0)
        images = [image for image in self.images if image.faces]
        boxed, whole = (
            sorted(rng.permutation(len(all_of_them))[:count].tolist())
            for all_of_them in (images, self.pictures)
        )
        return replace(
            self,
            images=tuple(images[i] for i in boxed),
            pictures=tuple(self.pictures[i] for i in whole),
        )


def kind_of(place: Path) -> str:
    """What a set is: `MANIFEST`, or a folder in the layout of street or bala, by its name.

    Raises:
        DataError: it is none of these.
    """
    if place.is_file():
        return MANIFEST
    if (place / "labels.json").is_file():
        return street.NAME
    if (place / "labels.csv").is_file():
        return bala.NAME
    raise DataError(
        place, "no set: expected a manifest, or a folder with labels.json or labels.csv"
    )


def read_set(place: Path, split: str) -> LabelledSet:
    """Reads a set.

    Args:
        place: a folder with ``labels.json`` (the layout of street) or ``labels.csv`` (of bala),
            or a manifest, which any other layout can be imported into.
        split: one of `PARTS`. Of bala, whose own validation split lies inside the test side of
            the other protocol, ``val`` is what is held out of the training side. ``train`` and
            ``val`` of bala have its corrected labels, ``test`` and ``all`` those as published.

    Raises:
        DataError: it is none of these, is damaged, or has nothing in this split.
    """
    found = _read(place, split)
    if found.is_empty:
        raise _nothing(place, split)
    return found


def read_every(places: Sequence[Path], split: str) -> list[LabelledSet]:
    """Reads sets that all have something in this split, though not each of them a face.

    Args:
        places: as for `read_set`.
        split: as for `read_set`.

    Raises:
        DataError: one cannot be read or has nothing in this split, none of them has a face, or two
            hold the same picture, which would count twice.
    """
    found = [read_set(place, split) for place in places]
    if len(found) > 1:
        _refuse_common_pictures(places, found)
    if not any(one.has_faces for one in found):
        raise _nothing(places[0], split)
    return found


def read_sets(places: Sequence[Path], split: str) -> list[LabelledSet]:
    """Reads sets to learn from, of which some may have nothing in this split.

    Args:
        places: as for `read_set`; a folder that holds the sets street and bala stands for both.
            Street comes with its additions.
        split: as for `read_set`.

    Raises:
        DataError: one cannot be read, none of them has a face in this split, or two manifests put
            what belongs together on two sides.
    """
    every = [each for place in places for each in _sets_in(place)]
    manifests = [place for place in every if place.is_file()]
    rows = [row for place in manifests for row in read_manifest(place).rows if row.split != UNSPLIT]
    # Each alone is sound, or could not be read: it is all of them that the message is about.
    check_leakage(Path(" and ".join(map(str, manifests))), rows)
    found = [one for one in (_to_learn(place, split) for place in every) if not one.is_empty]
    if not any(one.has_faces for one in found):
        raise _nothing(places[0], split)
    return found


def checksum_of(sets: Sequence[LabelledSet]) -> str:
    """SHA-256 in hexadecimal of all pictures and labels of some sets, wherever they lie.

    Raises:
        DataError: a picture cannot be read.
    """
    told: list[tuple[Path, object]] = []
    for one in sets:
        told += [(im.path, [(f.box, f.state, f.fault) for f in im.faces]) for im in one.images]
        told += [(im.path, im.look_alikes) for im in one.images if im.look_alikes]
        told += [(each.path, (each.label, each.fault)) for each in one.pictures]
    lines = [json.dumps([picture_checksum(path), labels]) for path, labels in told]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def checksums(sets: Mapping[str, Sequence[LabelledSet]]) -> dict[str, str]:
    """What tells the data of a run from others, by split.

    Raises:
        DataError: a picture cannot be read, or lies on two sides.
    """
    pictures = (
        (path, split) for split, those in sets.items() for one in those for path in one.paths
    )
    check_no_copies(
        Path("--data"), ((picture_checksum(path), str(path), split) for path, split in pictures)
    )
    return {f"--data, {split} (sha256)": checksum_of(those) for split, those in sets.items()}


def _refuse_common_pictures(places: Sequence[Path], sets: Sequence[LabelledSet]) -> None:
    owner: dict[str, tuple[Path, Path]] = {}
    for place, one in zip(places, sets, strict=True):
        sums = {picture_checksum(path): path for path in one.paths}
        if common := sorted(sums.keys() & owner.keys(), key=lambda sha256: sums[sha256]):
            other, known = owner[common[0]]
            raise DataError(
                place,
                f"pictures that {other} holds as well, and that would count twice: {len(common)}, "
                f"such as {sums[common[0]]}, there {known}: leave one of the sets out, or "
                "take the pictures out of one (data correct --to drop, data apply)",
            )
        owner |= {sha256: (place, path) for sha256, path in sums.items()}


def _nothing(place: Path, split: str) -> DataError:
    return DataError(place, f"has no labelled pictures in the split {split!r}")


def _sets_in(place: Path) -> list[Path]:
    both = [place / street.NAME, place / bala.NAME]
    return both if all(folder.is_dir() for folder in both) else [place]


def _read(place: Path, split: str) -> LabelledSet:
    if split not in PARTS:
        raise DataError(place, f"unknown split {split!r}, expected one of {PARTS}")
    wanted = None if split == "all" else split
    kind = kind_of(place)
    if kind == MANIFEST:
        return _of_manifest(place.stem, split, read_manifest(place))
    name = place.resolve().name
    if kind == bala.NAME:
        return LabelledSet(name, split, (), tuple(_of_bala(place, wanted)))
    return LabelledSet(name, split, street.read_street(place, wanted), ())


def _to_learn(place: Path, split: str) -> LabelledSet:
    one = _read(place, split)
    if kind_of(place) != street.NAME:
        return one
    return replace(one, images=with_additions(one.images))


def _of_bala(folder: Path, split: str | None) -> Sequence[LabelledPicture]:
    if split in (None, "test"):
        return bala.read_bala(folder, split, "80_20")
    kept, held = bala.training_portraits(folder)
    return kept if split == "train" else held


def _of_manifest(name: str, split: str, manifest: Manifest) -> LabelledSet:
    rows = [row for row in manifest.rows if split in ("all", row.split)]
    whole = tuple(
        LabelledPicture(manifest.path_of(row), row.label, row.split, row.global_group, row.fault)
        for row in rows
        if row.box is None and row.label is not None
    )
    return LabelledSet(name, split, _images(manifest, rows), whole)


def _images(manifest: Manifest, rows: Sequence[ManifestRow]) -> tuple[LabelledImage, ...]:
    """Pictures whose faces have boxes, and those without a face, wherever their rows stand."""
    by_picture: dict[tuple[str, str], list[ManifestRow]] = {}
    for row in rows:
        if row.box is not None or row.label is None:
            by_picture.setdefault(row.picture, []).append(row)
    return tuple(_image(manifest, of_picture) for of_picture in by_picture.values())


def _image(manifest: Manifest, rows: Sequence[ManifestRow]) -> LabelledImage:
    faces = tuple(
        LabelledFace(Box(*row.box), row.label, row.fault)
        for row in rows
        if row.box is not None and row.label is not None
    )
    first = rows[0]
    return LabelledImage(manifest.path_of(first), first.split, first.global_group, faces)
