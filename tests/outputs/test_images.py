from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.errors import OutputError
from maskwatch.outputs.images import PictureFile, picture_suffix, write_picture

IMAGE = np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        (".jpg", ".jpg"),
        (".JPEG", ".jpeg"),
        (".png", ".png"),
        (".PNG", ".png"),
        (".bmp", ".png"),
        (".webp", ".jpg"),
        (".heic", ".jpg"),
        ("", ".jpg"),
    ],
)
def test_formats_that_keep_every_pixel_stay_so(source: str, written: str) -> None:
    assert picture_suffix(source) == written


def test_png_keeps_every_pixel_and_the_order_of_colours(tmp_path: Path) -> None:
    PictureFile(tmp_path / "a.png").write(IMAGE, 0.0)
    assert (cv2.imread(str(tmp_path / "a.png")) == IMAGE).all()


def test_jpeg_is_jpeg_and_close_to_the_picture(tmp_path: Path) -> None:
    smooth = cv2.resize(IMAGE[:4, :4], (64, 48), interpolation=cv2.INTER_CUBIC)
    write_picture(tmp_path / "a.jpeg", smooth)
    assert (tmp_path / "a.jpeg").read_bytes().startswith(b"\xff\xd8\xff")
    read = cv2.imread(str(tmp_path / "a.jpeg"))
    assert np.abs(read.astype(int) - smooth).mean() < 6


def test_a_picture_too_large_for_its_format_is_refused_with_the_reason(tmp_path: Path) -> None:
    wide = np.zeros((1, 70_000, 3), np.uint8)
    with pytest.raises(OutputError, match=r"a\.jpg: .*(70000x1|cannot be encoded as jpg)"):
        write_picture(tmp_path / "a.jpg", wide)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone/a\.png: no such file or directory"):
        write_picture(tmp_path / "gone" / "a.png", IMAGE)
