"""The pictures or faces of a data set as one array, kept on disk for the next run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch import __version__
from maskwatch.build.models import BuildOptions, build_detector
from maskwatch.faces.mtcnn import packaged_weights
from maskwatch.masks.preprocess import crop_face
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch.outputs.files import make_folder, put_in_place
from maskwatch.types import Image
from maskwatch_train.checksum import checksum
from maskwatch_train.data.faces import face_of
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.pictures import frame_of

WHOLE, BOXES = "whole", "boxes"
Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Passes items on and shows how far it is, given a title and their number."""


@dataclass(frozen=True, slots=True)
class Framing:
    """What of a picture is looked at.

    Attributes:
        faces: ``whole``, ``boxes``, or the name of a detector.
        margin: added on each side of a face, as a fraction of its longer side.
        size: side of the square in pixels.
    """

    faces: str
    margin: float
    size: int


def pixels_of(manifest: Manifest, framing: Framing, cache: Path, watch: Watch) -> NDArray[np.uint8]:
    """The picture or face of every row, ``(N, S, S, 3)`` uint8 RGB, in their order.

    Where a detector misses the face of a label, its labelled box is taken, or the whole picture.

    Args:
        manifest: says where the pictures lie.
        framing: what of them is wanted.
        cache: folder in which the array is kept; it is read from there when it is there already.
        watch: told of every picture.

    Raises:
        DataError: a picture cannot be read.
        OutputError: the array cannot be kept.
    """
    kept = cache / f"pictures-{_key(manifest.rows, framing)}.npy"
    if not kept.exists():
        detect = None
        if framing.faces not in (WHOLE, BOXES):
            detect = build_detector(BuildOptions(detector=framing.faces)).detect
        shape = (len(manifest.rows), framing.size, framing.size, 3)
        cut = np.empty(shape, dtype=np.uint8)
        read = None
        for index, row in enumerate(watch(manifest.rows, "Reading", len(manifest.rows))):
            if row.picture != read:
                read = row.picture
                frame = frame_of(manifest.path_of(row))
                found = detect(frame) if detect else []
            cut[index] = _cut(row, frame.image, found, framing)[..., ::-1]
        keep(kept, cut)
    pixels: NDArray[np.uint8] = np.load(kept, mmap_mode="r")
    return pixels


def keep(place: Path, array: NDArray[np.generic]) -> None:
    """Writes an array for later runs, and for those that share the folder meanwhile.

    Raises:
        OutputError: it cannot be written; nothing is left behind.
    """
    make_folder(place.parent)
    with put_in_place(place) as part, part.open("wb") as file:
        np.save(file, array)


def _cut(row: ManifestRow, image: Image, faces: Sequence[Any], framing: Framing) -> Image:
    found = face_of(row.box, faces, image)
    box = found.box if found else row.box
    if framing.faces == WHOLE or box is None:
        size = (framing.size, framing.size)
        return cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
    return crop_face(image, box, framing.margin, framing.size)


def _key(rows: Sequence[ManifestRow], framing: Framing) -> str:
    by = () if framing.faces in (WHOLE, BOXES) else (__version__, *_weights(framing.faces))
    told = repr([framing, *by, *((row.sha256, row.box) for row in rows)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _weights(detector: str) -> list[str]:
    """Checksums of its files: those of the package change more often than its version."""
    if detector == "mtcnn":
        return [checksum(file) for file in sorted(packaged_weights().glob("*.onnx"))]
    return [checksum(DEFAULT_DETECTOR / "model.onnx")]
