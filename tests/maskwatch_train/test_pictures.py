"""Training reads what the import of data sets let pass, and sees the same pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from maskwatch_train.data.manifest import Manifest, ManifestRow, read_manifest, write_manifest
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture

TURNED = 6
"""Exif orientation of a picture that has to be turned clockwise."""


@pytest.fixture
def photo() -> Pillow.Image:
    """A picture without symmetry, so that a turn is seen."""
    grid = np.random.default_rng(0).integers(0, 255, (6, 10, 3), dtype=np.uint8)
    return Pillow.fromarray(cv2.resize(grid, (100, 60), interpolation=cv2.INTER_CUBIC))


def turned() -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x0112] = TURNED
    return exif


@pytest.mark.parametrize("name", ["photo.tiff", "photo.avif", "photo.jpg", "photo.png"])
def test_a_picture_is_turned_upright_whatever_its_format(
    tmp_path: Path, photo: Pillow.Image, name: str
) -> None:
    photo.save(tmp_path / name, exif=turned())
    pixels = read_picture(tmp_path / name)
    upright = cv2.cvtColor(np.asarray(photo.rotate(-90, expand=True)), cv2.COLOR_RGB2BGR)
    assert pixels.shape == (100, 60, 3)
    assert np.abs(pixels.astype(int) - upright).mean() < 10


@pytest.mark.parametrize("name", ["photo.pcx", "photo.tga"])
def test_formats_that_the_import_takes_are_read(
    tmp_path: Path, photo: Pillow.Image, name: str
) -> None:
    photo.save(tmp_path / name)
    assert np.array_equal(read_picture(tmp_path / name), np.asarray(photo)[..., ::-1])


def test_a_tiff_of_floating_point_is_read(tmp_path: Path) -> None:
    Pillow.fromarray(np.full((4, 4), 0.5, dtype=np.float32)).save(tmp_path / "deep.tiff")
    assert (read_picture(tmp_path / "deep.tiff") == 128).all()


@pytest.mark.parametrize("exif", [Pillow.Exif(), turned()], ids=["upright", "turned"])
@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_ordinary_pictures_have_the_pixels_that_opencv_reads(
    tmp_path: Path, photo: Pillow.Image, name: str, exif: Pillow.Exif
) -> None:
    path = tmp_path / name
    photo.save(path, exif=exif)
    assert np.array_equal(read_picture(path), cv2.imread(str(path), cv2.IMREAD_COLOR))


def test_a_file_that_is_no_picture_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("words")
    with pytest.raises(DataError, match=r"a\.jpg: not an image") as raised:
        read_picture(tmp_path / "a.jpg")
    assert raised.value.path == tmp_path / "a.jpg"


def test_a_missing_file_is_called_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.jpg: no such file$"):
        read_picture(tmp_path / "a.jpg")


def test_where_the_folder_is_missing_too_the_way_to_mend_a_manifest_is_named(
    tmp_path: Path, photo: Pillow.Image
) -> None:
    pytest.importorskip("torch")  # which the verbs of maskwatch-train need
    from typer.testing import CliRunner

    from maskwatch_train.cli.main import app

    (tmp_path / "old").mkdir()
    photo.save(tmp_path / "old" / "a.png")
    row = ManifestRow("theirs", "a.png", "0", None, None, None, "g", "", "PD")
    write_manifest(tmp_path / "m.jsonl", Manifest((row,), {"theirs": tmp_path / "old"}))
    (tmp_path / "old").rename(tmp_path / "new")
    with pytest.raises(DataError, match=r"data group MANIFEST --folder NAME=DIR --out FILE"):
        read_picture(read_manifest(tmp_path / "m.jsonl").path_of(row))

    given, made = str(tmp_path / "m.jsonl"), str(tmp_path / "mended.jsonl")
    words = ["data", "group", given, "--folder", f"theirs={tmp_path / 'new'}", "--out", made]
    assert CliRunner().invoke(app, words).exit_code == 0
    mended = read_manifest(tmp_path / "mended.jsonl").path_of(row)
    assert np.array_equal(read_picture(mended), np.asarray(photo)[..., ::-1])
