from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwatch.errors import (
    ImageTooLarge,
    SourceError,
    SourceNotFound,
    UnreadableImage,
)
from maskwatch.frames.images import ImageSource, read_image

BLUE_BGR = (200, 100, 50)
RGB = (50, 100, 200)


def saved(folder: Path, name: str, picture: Image.Image, **options: object) -> Path:
    picture.save(folder / name, **options)  # type: ignore[arg-type]
    return folder / name


def corner(image: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) for value in image[0, 0])


def quadrants() -> Image.Image:
    """3 wide, 2 high; every pixel its own grey level."""
    return Image.fromarray(np.array([[0, 40, 80], [120, 160, 200]], np.uint8))


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.ppm"])
def test_colours_come_out_as_bgr(tmp_path: Path, name: str) -> None:
    image = read_image(saved(tmp_path, name, Image.new("RGB", (5, 4), RGB)))
    assert image.shape == (4, 5, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert corner(image) == BLUE_BGR


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.avif", "a.jp2"])
def test_lossy_formats_come_close(tmp_path: Path, name: str) -> None:
    image = read_image(saved(tmp_path, name, Image.new("RGB", (32, 32), RGB)))
    assert np.abs(image.astype(int) - BLUE_BGR).max() <= 6


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [[0, 40, 80], [120, 160, 200]]),
        (2, [[80, 40, 0], [200, 160, 120]]),
        (3, [[200, 160, 120], [80, 40, 0]]),
        (4, [[120, 160, 200], [0, 40, 80]]),
        (5, [[0, 120], [40, 160], [80, 200]]),
        (6, [[120, 0], [160, 40], [200, 80]]),
        (7, [[200, 80], [160, 40], [120, 0]]),
        (8, [[80, 200], [40, 160], [0, 120]]),
        (77, [[0, 40, 80], [120, 160, 200]]),  # no such orientation
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.tif"])  # Pillow turns TIFF by itself, PNG not
def test_exif_orientation_is_undone(
    tmp_path: Path, name: str, orientation: int, expected: list[list[int]]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read_image(saved(tmp_path, name, quadrants(), exif=exif))
    assert image[:, :, 0].tolist() == expected


@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning")  # Pillow's
def test_damaged_exif_does_not_matter(tmp_path: Path) -> None:
    file = saved(tmp_path, "a.jpg", Image.new("RGB", (8, 8), RGB), exif=b"Exif\x00\x00MM\x00*" * 3)
    assert read_image(file).shape == (8, 8, 3)


def test_sixteen_bits_keep_the_upper_eight(tmp_path: Path) -> None:
    deep = np.array([[0x0000, 0x12FF, 0x80FF, 0xFFFF]], np.uint16)
    for name in ("a.png", "a.tif"):
        image = read_image(saved(tmp_path, name, Image.fromarray(deep)))
        assert image[0].tolist() == [[0] * 3, [0x12] * 3, [0x80] * 3, [0xFF] * 3]


def test_sixteen_bit_colour_png(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(deep_colour_png(0x3210, 0x6420, 0xC8FF))
    assert corner(read_image(file)) == (0xC8, 0x64, 0x32)


def test_floating_point_tiff_by_its_range(tmp_path: Path) -> None:
    unit = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    image = read_image(saved(tmp_path, "a.tif", Image.fromarray(unit)))
    assert image[0, :, 0].tolist() == [0, 128, 255, 0]
    image = read_image(saved(tmp_path, "b.tif", Image.fromarray(unit[:, :3] * 300)))
    assert image[0, :, 0].tolist() == [0, 150, 255]


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_becomes_three_equal_channels(tmp_path: Path, mode: str) -> None:
    image = read_image(saved(tmp_path, "a.png", Image.new(mode, (4, 4), 255)))
    assert corner(image) == (255, 255, 255)


def test_cmyk_tiff_and_jpeg_agree(tmp_path: Path) -> None:
    # Pillow writes CMYK JPEG the way Adobe does, inverted.
    inks = Image.new("CMYK", (16, 16), (205, 155, 55, 0))
    for name in ("a.tif", "a.jpg"):
        image = read_image(saved(tmp_path, name, inks))
        assert np.abs(image[8, 8].astype(int) - BLUE_BGR).max() <= 3


@pytest.mark.parametrize(
    ("alpha", "expected"), [(255, BLUE_BGR), (0, (255, 255, 255)), (128, (227, 177, 152))]
)
def test_transparency_lies_on_white(
    tmp_path: Path, alpha: int, expected: tuple[int, int, int]
) -> None:
    image = read_image(saved(tmp_path, "a.png", Image.new("RGBA", (4, 4), (*RGB, alpha))))
    assert np.abs(np.array(corner(image)) - expected).max() <= 1


def test_grey_with_alpha(tmp_path: Path) -> None:
    image = read_image(saved(tmp_path, "a.png", Image.new("LA", (4, 4), (10, 0))))
    assert corner(image) == (255, 255, 255)


def test_palette_with_and_without_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([*RGB, 0, 0, 0])
    picture.putpixel((1, 0), 1)
    image = read_image(saved(tmp_path, "a.png", picture))
    assert image[0].tolist() == [list(BLUE_BGR), [0, 0, 0]]
    image = read_image(saved(tmp_path, "b.png", picture, transparency=1))
    assert image[0].tolist() == [list(BLUE_BGR), [255, 255, 255]]


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_the_first_picture_of_an_animation(tmp_path: Path, name: str) -> None:
    first, second = Image.new("RGB", (16, 16), RGB), Image.new("RGB", (16, 16), "red")
    file = saved(tmp_path, name, first, save_all=True, append_images=[second])
    assert np.abs(read_image(file)[8, 8].astype(int) - BLUE_BGR).max() <= 6


def test_a_single_pixel(tmp_path: Path) -> None:
    image = read_image(saved(tmp_path, "a.png", Image.new("RGB", (1, 1), RGB)))
    assert image.tolist() == [[list(BLUE_BGR)]]


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    saved(tmp_path, "a.png", Image.new("RGB", (4, 4), RGB)).rename(tmp_path / "a.jpg")
    assert corner(read_image(tmp_path / "a.jpg")) == BLUE_BGR


@pytest.mark.parametrize("name", ["a.jp2", "a.ico", "a.tga", "a.avif", "a.pcx", "a.sgi", "a.dds"])
def test_less_common_formats(tmp_path: Path, name: str) -> None:
    path = saved(tmp_path, name, Image.new("RGB", (32, 32), (200, 30, 60)))
    assert np.abs(read_image(path).astype(int) - (60, 30, 200)).max() <= 3


def test_nothing_is_handed_to_ghostscript(tmp_path: Path) -> None:
    """Which Pillow would run for this file, and which runs programs that pictures bring along."""
    path = saved(tmp_path, "a.eps", Image.new("RGB", (8, 8)))
    with pytest.raises(UnreadableImage, match="not an image in a format that can be read"):
        read_image(path.rename(tmp_path / "a.jpg"))


@pytest.mark.parametrize(
    "tags",
    [
        {50706: b"\x01\x04\x00\x00"},  # DNG
        {254: 1, 330: 8},  # NEF, ARW: a thumbnail, and the rest elsewhere
    ],
)
def test_a_raw_photo_is_refused_instead_of_its_thumbnail(
    tmp_path: Path, tags: dict[int, object]
) -> None:
    path = saved(tmp_path, "a.tif", Image.new("RGB", (16, 12)), tiffinfo=tags)
    with pytest.raises(UnreadableImage, match="a raw photo of a camera"):
        read_image(path.rename(tmp_path / "a.nef"))


@pytest.mark.parametrize("tags", [{254: 1}, {254: 0, 330: 8}, {254: 2}])
def test_other_tiffs_with_several_pictures_are_read(
    tmp_path: Path, tags: dict[int, object]
) -> None:
    path = saved(tmp_path, "a.tif", Image.new("RGB", (16, 12), RGB), tiffinfo=tags)
    assert corner(read_image(path)) == BLUE_BGR


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.touch()
    with pytest.raises(UnreadableImage) as caught:
        read_image(file)
    assert caught.value.source == str(file)
    assert caught.value.reason == "empty file (0 bytes)"


@pytest.mark.parametrize("content", [b"just some text\n" * 20, b"\x00" * 500, b"\xff\xd8\xff"])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(content)
    with pytest.raises(UnreadableImage, match="not an image"):
        read_image(file)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.tif"])
@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # Pillow's, about TIFF tags
def test_a_truncated_image_is_an_error_not_half_a_picture(
    tmp_path: Path, name: str, share: float
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    file = saved(tmp_path, name, Image.fromarray(noise))
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableImage) as caught:
        read_image(file)
    assert caught.value.reason


def test_a_jpeg_cut_off_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    file = saved(tmp_path, "a.jpg", Image.fromarray(noise))
    file.write_bytes(file.read_bytes()[:-800])
    with pytest.raises(UnreadableImage, match="the JPEG data is cut off"):
        read_image(file)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif", "a.gif", "a.jp2"])
def test_random_damage_is_either_survived_or_named(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (32, 32, 3), np.uint8)
    data = saved(tmp_path, name, Image.fromarray(noise)).read_bytes()
    refused = 0
    for _ in range(40):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), 8):
            damaged[place] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            read_image(tmp_path / name, max_pixels=10**6)
        except (UnreadableImage, ImageTooLarge):
            refused += 1
    assert refused > 0


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    file.write_bytes(png_header(20_000, 20_000) + chunk(b"IDAT", b""))  # nothing to decode
    with pytest.raises(ImageTooLarge) as caught:
        read_image(file)
    assert "20000x20000" in caught.value.reason
    assert "400 megapixels" in caught.value.reason
    assert "limit of 200 megapixels" in caught.value.reason


def test_a_real_bomb_of_one_colour(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    row = zlib.compress(b"\x00" * (2_501 * 20_000), 1)
    file.write_bytes(
        png_header(20_000, 20_000, depth=1) + chunk(b"IDAT", row) + chunk(b"IEND", b"")
    )
    with pytest.raises(ImageTooLarge, match="20000x20000"):
        read_image(file)


def test_the_limit_is_ours_and_not_pillows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(tmp_path, "a.png", Image.new("RGB", (100, 100)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(file, max_pixels=10_000).shape == (100, 100, 3)
    assert Image.MAX_IMAGE_PIXELS == 10
    with pytest.raises(ImageTooLarge, match=r"100x100 pixels .* limit of 0.009999 megapixels"):
        read_image(file, max_pixels=9_999)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound, match="no such file"):
        read_image(tmp_path / "a.jpg")


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"directory|permission"):
        read_image(tmp_path)


def test_a_file_that_may_not_be_read(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    file = saved(public_folder, "a.png", Image.new("RGB", (4, 4)))
    file.chmod(0)
    with without_privileges(), pytest.raises(SourceError, match="permission denied"):
        read_image(file)


def test_errors_use_the_given_name(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound) as caught:
        read_image(tmp_path / "a.jpg", name="as typed")
    assert caught.value.source == "as typed"


def test_an_image_is_a_source_of_one_frame(tmp_path: Path) -> None:
    file = saved(tmp_path, "a.png", Image.new("RGB", (4, 4), RGB))
    with ImageSource(file, "as typed") as source:
        (frame,) = source
        assert (source.is_live, source.frame_count, source.fps) == (False, 1, None)
    assert (frame.source, frame.index, frame.t, frame.captured_at) == ("as typed", 0, 0.0, None)
    assert corner(frame.image) == BLUE_BGR


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png_header(width: int, height: int, depth: int = 8) -> bytes:
    grey = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", grey)


def deep_colour_png(red: int, green: int, blue: int) -> bytes:
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00" + struct.pack(">HHH", red, green, blue))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


HEIC = Path(__file__).with_name("turned.heic")
"""48 wide and 64 high once it is turned upright, as a telephone that is held upright takes it.

The upper half is red, the lower blue, and the right half darker. Written by pillow-heif from 64x48.
"""


def test_a_heic_picture_of_a_telephone_is_upright() -> None:
    image = read_image(HEIC)
    assert image.shape == (64, 48, 3)
    for (y, x), bgr in {
        (5, 5): (30, 30, 200),
        (5, 42): (15, 15, 100),
        (58, 5): (200, 30, 30),
        (58, 42): (100, 15, 15),
    }.items():
        assert np.abs(image[y, x].astype(int) - bgr).max() <= 12


@pytest.mark.parametrize("part", [slice(300), slice(-20)])
def test_a_heic_picture_that_was_cut_off(tmp_path: Path, part: slice) -> None:
    (tmp_path / "a.heic").write_bytes(HEIC.read_bytes()[part])
    with pytest.raises(UnreadableImage):
        read_image(tmp_path / "a.heic")


def test_the_limit_counts_for_heic() -> None:
    with pytest.raises(ImageTooLarge, match="48x64"):
        read_image(HEIC, max_pixels=48 * 64 - 1)
