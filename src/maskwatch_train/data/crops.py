"""Face crops of a manifest, by a detector or by its own boxes, as the published recipes do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maskwatch.faces.base import FaceDetector
from maskwatch.masks.preprocess import crop_face
from maskwatch.outputs.files import make_folder
from maskwatch.outputs.images import write_picture
from maskwatch.types import Box, Face, Image
from maskwatch_train.checksum import checksum
from maskwatch_train.data.faces import face_of
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import frame_of, whole_of

MISSING = ("drop", "keep", "fail")
"""What to do about a label without a face: leave it out, crop what is labelled, or refuse."""


@dataclass(frozen=True, slots=True)
class CropSettings:
    """How faces are cut out.

    Attributes:
        size: side of a crop in pixels.
        margin: added on each side, as a fraction of the face's longer side.
        missing: one of `MISSING`.
        min_side: detections whose shorter side is under this, in pixels, do not count.
    """

    size: int = 224
    margin: float = 0.2
    missing: str = "drop"
    min_side: float = 20.0


@dataclass(frozen=True, slots=True)
class Cropped:
    """What became of one label."""

    row: ManifestRow | None
    """The row of its crop; None where it was left out."""
    was_found: bool
    """False where the detector saw no face at the label."""


def by_picture(rows: Iterable[ManifestRow]) -> list[list[ManifestRow]]:
    """Rows of the same picture together, in the order of their first."""
    found: dict[tuple[str, str], list[ManifestRow]] = {}
    for row in rows:
        found.setdefault(row.picture, []).append(row)
    return list(found.values())


def crop_picture(
    manifest: Manifest,
    rows: Sequence[ManifestRow],
    detect: FaceDetector | None,
    folder: Path,
    settings: CropSettings,
) -> Iterator[Cropped]:
    """Cuts the labelled faces out of one picture and writes them.

    A label with a box goes to the detection that overlaps it; a label of the whole picture to the
    most prominent one. Rows without a label give nothing.

    Args:
        manifest: says where the picture lies.
        rows: all of one picture.
        detect: finds faces; None crops the labelled boxes themselves.
        folder: crops go to a folder of it that is named after their set.
        settings: how.

    Raises:
        DataError: the picture cannot be read, or a face is missing and that is to fail.
        OutputError: a crop cannot be written.
    """
    path = manifest.path_of(rows[0])
    frame = frame_of(path)
    image = frame.image
    faces = None if detect is None else _large(detect(frame), settings)
    for number, row in enumerate(row for row in rows if row.label is not None):
        box = _box(row, faces, image)
        if box is None and settings.missing == "fail":
            raise DataError(path, "the detector finds no face at a label")
        kept = box or (None if settings.missing == "drop" else row.box or whole_of(image))
        if kept is None:
            yield Cropped(None, False)
            continue
        name = f"{row.path}-{number}.png"
        target = folder / row.source_set / name
        make_folder(target.parent)
        write_picture(target, crop_face(image, kept, settings.margin, settings.size))
        made = replace(row, path=name, sha256=checksum(target), box=None)
        yield Cropped(made, box is not None)


def _large(faces: Sequence[Face], settings: CropSettings) -> list[Face]:
    return [face for face in faces if face.box.side >= settings.min_side]


def _box(row: ManifestRow, faces: Sequence[Face] | None, image: Image) -> Box | None:
    if faces is None:
        return row.box or whole_of(image)
    found = face_of(row.box, faces, image)
    return None if found is None else found.box
