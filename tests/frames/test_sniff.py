from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from maskwatch.frames.sniff import SourceKind, kind_of_content, kind_of_file, kind_of_name
from tests.frames.clips import write_clip, write_sound


@pytest.mark.parametrize(
    "suffix",
    ["jpg", "png", "gif", "bmp", "tif", "webp", "avif", "jp2", "ppm"],
)
def test_knows_pictures_by_content(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    Image.new("RGB", (8, 8), "red").save(file)
    assert kind_of_content(file.read_bytes()[:400]) is SourceKind.IMAGE


@pytest.mark.parametrize("suffix", ["mp4", "mov", "avi", "mkv", "webm", "ts", "flv", "wmv", "mpg"])
def test_knows_videos_by_content(tmp_path: Path, suffix: str) -> None:
    codec = {"webm": "libvpx", "mpg": "mpeg1video", "flv": "flv"}.get(suffix, "mpeg4")
    file = write_clip(tmp_path / f"a.{suffix}", 5, fps=25, codec=codec)
    assert kind_of_content(file.read_bytes()[:400]) is SourceKind.VIDEO


@pytest.mark.parametrize(
    "header",
    [b"", b"BM is how this text begins", b"Plain", b"RIFF\x00\x00\x00\x00WAVE", b"G" * 400],
)
def test_is_not_sure_about_anything_else(header: bytes) -> None:
    assert kind_of_content(header) is None


def test_the_name_decides_when_the_content_says_nothing(tmp_path: Path) -> None:
    for name, kind in [("a.JPG", "image"), ("a.Mp4", "video"), ("a.txt", None), ("jpg", None)]:
        (tmp_path / name).write_bytes(b"")
        assert kind_of_name(Path(name)) == kind
        assert kind_of_file(tmp_path / name) == kind


def test_the_content_decides_against_the_name(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 5).rename(tmp_path / "clip.jpg")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    photo = (tmp_path / "a.png").rename(tmp_path / "photo.mp4")
    assert kind_of_file(clip) is SourceKind.VIDEO
    assert kind_of_file(photo) is SourceKind.IMAGE


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mjpeg", "video"),
        ("a.MJPG", "video"),
        ("a.jpg", "image"),
        ("a.mp4", "image"),
        ("a", "image"),
    ],
)
def test_the_name_tells_a_motion_jpeg_recording_from_a_picture(
    tmp_path: Path, name: str, kind: str
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / name, "JPEG")
    assert kind_of_file(tmp_path / name) == kind


def test_other_content_decides_against_the_name_of_motion_jpeg(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.mjpeg", "PNG")
    assert kind_of_file(tmp_path / "a.mjpeg") is SourceKind.IMAGE


def test_sound_alone_passes_for_video_until_it_is_opened(tmp_path: Path) -> None:
    assert kind_of_file(write_sound(tmp_path / "a.mp4")) is SourceKind.VIDEO
