from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.masks.preprocess import crop_face
from maskwatch.types import Box, Face, Frame, State
from maskwatch_train.checksum import checksum
from maskwatch_train.data.crops import CropSettings, by_picture, crop_picture
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.errors import DataError
from tests.maskwatch_train.data.painted import pattern, save

FACE = Face(Box(40, 30, 80, 80), 0.9)
OTHER = Face(Box(100, 10, 140, 60), 0.95)
SETTINGS = CropSettings(size=32, margin=0.1)


def detector(*faces: Face) -> Callable[[Frame], list[Face]]:
    return lambda _frame: list(faces)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """One picture with a label of its own and one with two boxes."""
    image = pattern(1, width=160, height=100)
    sha256 = checksum(save(tmp_path / "set" / "a.png", image))
    save(tmp_path / "set" / "b.png", image)
    rows = (
        ManifestRow("s", "a.png", sha256, None, State.MASK, None, "g", "test", "CC0"),
        ManifestRow("s", "b.png", "b", Box(42, 30, 82, 82), State.MASK, None, "h", "", "CC0"),
        ManifestRow("s", "b.png", "b", Box(99, 9, 140, 60), State.NO_MASK, None, "h", "", "CC0"),
        ManifestRow("s", "b.png", "b", None, None, None, "h", "", "CC0"),
    )
    return Manifest(rows, {"s": tmp_path / "set"})


def crops(
    manifest: Manifest,
    rows: Sequence[ManifestRow],
    folder: Path,
    *faces: Face,
    settings: CropSettings = SETTINGS,
) -> list[tuple[str, State | None, bool] | None]:
    done = crop_picture(manifest, rows, detector(*faces), folder, settings)
    return [each.row and (each.row.path, each.row.label, each.was_found) for each in done]


def test_pictures_come_with_all_their_rows(manifest: Manifest) -> None:
    assert [len(rows) for rows in by_picture(manifest.rows)] == [1, 3]


def test_a_portrait_gives_its_most_prominent_face(manifest: Manifest, tmp_path: Path) -> None:
    (done,) = crop_picture(manifest, manifest.rows[:1], detector(FACE, OTHER), tmp_path, SETTINGS)
    assert done.row is not None
    image = pattern(1, width=160, height=100)
    written = cv2.imread(str(tmp_path / "s" / "a.png-0.png"))
    assert np.array_equal(written, crop_face(image, FACE.box, 0.1, 32))
    assert done.row == ManifestRow(
        "s",
        "a.png-0.png",
        checksum(tmp_path / "s" / "a.png-0.png"),
        None,
        State.MASK,
        None,
        "g",
        "test",
        "CC0",
    )


def test_a_labelled_box_gets_the_detection_that_overlaps_it(
    manifest: Manifest, tmp_path: Path
) -> None:
    assert crops(manifest, manifest.rows[1:], tmp_path, OTHER, FACE) == [
        ("b.png-0.png", State.MASK, True),
        ("b.png-1.png", State.NO_MASK, True),
    ]
    first, second = (cv2.imread(str(tmp_path / "s" / f"b.png-{i}.png")) for i in (0, 1))
    image = pattern(1, width=160, height=100)
    assert np.array_equal(first, crop_face(image, FACE.box, 0.1, 32))
    assert np.array_equal(second, crop_face(image, OTHER.box, 0.1, 32))


def test_a_label_without_a_face_is_dropped_kept_or_refused(
    manifest: Manifest, tmp_path: Path
) -> None:
    rows = manifest.rows[1:]
    assert crops(manifest, rows, tmp_path, FACE) == [("b.png-0.png", State.MASK, True), None]
    keep = CropSettings(32, 0.1, "keep")
    assert crops(manifest, rows, tmp_path, FACE, settings=keep)[1] == (
        "b.png-1.png",
        State.NO_MASK,
        False,
    )
    cut, box = cv2.imread(str(tmp_path / "s" / "b.png-1.png")), rows[1].box
    assert box is not None
    assert np.array_equal(cut, crop_face(pattern(1, width=160, height=100), box, 0.1, 32))
    with pytest.raises(DataError, match=r"b\.png: the detector finds no face at a label"):
        crops(manifest, rows, tmp_path, FACE, settings=CropSettings(32, 0.1, "fail"))


def test_small_detections_do_not_count(manifest: Manifest, tmp_path: Path) -> None:
    strict = CropSettings(32, 0.1, min_side=41)
    assert crops(manifest, manifest.rows[:1], tmp_path, FACE, settings=strict) == [None]


def test_without_a_detector_the_labelled_boxes_are_cut(manifest: Manifest, tmp_path: Path) -> None:
    done = list(crop_picture(manifest, manifest.rows[1:2], None, tmp_path, SETTINGS))
    assert done[0].was_found
    cut = cv2.imread(str(tmp_path / "s" / "b.png-0.png"))
    box = manifest.rows[1].box
    assert box is not None
    assert np.array_equal(cut, crop_face(pattern(1, width=160, height=100), box, 0.1, 32))


def test_a_damaged_picture_is_named(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "set" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.png: empty file"):
        crops(manifest, manifest.rows[:1], tmp_path)
