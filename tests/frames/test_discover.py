from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from PIL import Image

from maskwatch.errors import SourceError, SourceNotFound
from maskwatch.frames.discover import Discovery, SourceSpec, discover, discover_all
from maskwatch.frames.sniff import SourceKind
from tests.frames.clips import write_clip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put_image(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path)


def put(path: str, content: bytes = b"") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)


def names(found: Discovery) -> list[str]:
    return [spec.name for spec in found.specs]


def only_error(found: Discovery) -> SourceError:
    (error,) = found.errors
    assert found.specs == ()
    return error


@pytest.mark.parametrize("request_", ["0", "12"])
def test_a_number_is_a_webcam(request_: str) -> None:
    assert discover(request_).specs == (SourceSpec(request_, SourceKind.CAMERA, request_),)


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="this system has no devices")
def test_a_device_is_a_webcam_whatever_it_is_called() -> None:
    # As /dev/v4l/by-id/usb-..., which stays the same when webcams are plugged in anew.
    assert discover("/dev/null").specs == (SourceSpec("/dev/null", SourceKind.CAMERA, "/dev/null"),)


def test_a_file_named_like_a_number_needs_its_folder(folder: Path) -> None:
    put_image("7.png")
    Path("7.png").rename("7")
    assert discover("7").specs[0].kind is SourceKind.CAMERA
    assert discover("./7").specs[0].kind is SourceKind.IMAGE


@pytest.mark.parametrize(
    "url", ["rtsp://h/cam", "rtsps://h/c", "http://h/a.mjpg", "https://h/a.m3u8", "RTMP://h/x"]
)
def test_a_url_is_a_stream(url: str) -> None:
    assert discover(url).specs == (SourceSpec(url, SourceKind.STREAM, url),)


def test_a_password_is_kept_for_opening_and_shown_nowhere() -> None:
    found = discover("rtsp://admin:s3cret@h/cam?token=t0ken")
    (spec,) = found.specs
    assert spec.location == "rtsp://admin:s3cret@h/cam?token=t0ken"
    assert spec.name == "rtsp://admin:***@h/cam?token=***"
    assert "s3cret" not in repr(found)
    assert "t0ken" not in repr(found)


def test_a_password_that_nobody_escaped_is_refused_with_what_to_write_and_not_shown() -> None:
    error = only_error(discover("rtsp://a:s3#cret@h/x"))
    assert str(error).startswith("rtsp://a:***@h/x: special characters in the user name")


def test_an_unknown_scheme_is_named_without_its_password() -> None:
    error = only_error(discover("gopher://a:s3cret@h/x"))
    assert str(error) == "gopher://a:***@h/x: streams of the kind gopher:// are not supported"


def test_a_file_url_is_a_file(folder: Path) -> None:
    put_image("a b.png")
    (spec,) = discover(f"file://{folder}/a%20b.png").specs
    assert (spec.kind, spec.location) == (SourceKind.IMAGE, f"{folder}/a b.png")


def test_the_content_of_a_named_file_decides(folder: Path) -> None:
    put_image("photo.png")
    Path("photo.png").rename("photo.mp4")
    write_clip(Path("clip.mp4"), 3).rename("clip.bin")
    put("empty.mp4")
    put("notes.txt", b"hello")
    kinds = {
        name: discover(name).specs[0].kind.value
        for name in ("photo.mp4", "clip.bin", "empty.mp4", "notes.txt")
    }
    assert kinds == {
        "photo.mp4": "image",
        "clip.bin": "video",
        "empty.mp4": "video",
        "notes.txt": "image",
    }


def test_a_folder_is_searched_to_the_bottom_in_order(folder: Path) -> None:
    for name in ("in/b.jpg", "in/a.JPG", "in/sub/deep/c.png", "in/10.png", "in/z.avi"):
        put(name)
    for name in ("in/notes.txt", "in/sub/LICENSE"):
        put(name)
    put("in/.hidden.jpg")
    put("in/.cache/x.jpg")
    found = discover("in")
    assert names(found) == ["in/10.png", "in/a.JPG", "in/b.jpg", "in/sub/deep/c.png", "in/z.avi"]
    assert [spec.kind.value for spec in found.specs][-1] == "video"
    assert (found.errors, found.ignored) == ((), 2)


def test_a_trailing_slash_changes_nothing(folder: Path) -> None:
    put("in/a.jpg")
    assert discover("in/") == discover("in")


def test_a_renamed_file_in_a_folder_is_what_it_holds(folder: Path) -> None:
    put_image("in/a.png")
    Path("in/a.png").rename("in/a.mp4")
    assert discover("in").specs[0].kind is SourceKind.IMAGE


def test_files_without_an_extension_are_what_they_hold(folder: Path) -> None:
    put_image("in/a.png")
    Path("in/a.png").rename("in/a")
    put("in/LICENSE", b"Apache")
    found = discover("in")
    assert [(spec.name, spec.kind.value) for spec in found.specs] == [("in/a", "image")]
    assert (found.errors, found.ignored) == ((), 1)


def test_an_empty_folder_says_so(folder: Path) -> None:
    Path("in").mkdir()
    error = only_error(discover("in"))
    assert isinstance(error, SourceNotFound)
    assert str(error) == "in: no pictures or videos in this folder"
    put("in/notes.txt")
    assert "other files: 1" in str(only_error(discover("in")))


@pytest.mark.parametrize("request_", ["nothing.jpg", "no/such/folder", "", "a\0b"])
def test_what_is_missing_is_named(folder: Path, request_: str) -> None:
    error = only_error(discover(request_))
    assert error.source == request_


def test_a_missing_file_is_not_found(folder: Path) -> None:
    assert isinstance(only_error(discover("nothing.jpg")), SourceNotFound)


def test_globs(folder: Path) -> None:
    for name in ("a1.jpg", "a2.jpg", "b1.jpg", "a3.txt", "d/a9.jpg", "d/e/a8.jpg", "d/e/x.txt"):
        put(name)
    assert names(discover("a*.jpg")) == ["a1.jpg", "a2.jpg"]
    assert names(discover("a?.*")) == ["a1.jpg", "a2.jpg"]
    assert discover("a?.*").ignored == 1
    assert names(discover("[ab]1.jpg")) == ["a1.jpg", "b1.jpg"]
    assert names(discover("*/*.jpg")) == ["d/a9.jpg"]
    assert names(discover("**/a*.jpg")) == ["a1.jpg", "a2.jpg", "d/a9.jpg", "d/e/a8.jpg"]
    assert names(discover("d/**/*.jpg")) == ["d/a9.jpg", "d/e/a8.jpg"]
    assert names(discover("d/**/e/*")) == ["d/e/a8.jpg"]
    assert names(discover(f"{folder}/d/*/*.jpg")) == [f"{folder}/d/e/a8.jpg"]


def test_a_glob_takes_files_and_no_folders(folder: Path) -> None:
    put("a.jpg")
    put("d.jpg/b.jpg")
    assert names(discover("*.jpg")) == ["a.jpg"]


def test_a_glob_without_matches_says_so(folder: Path) -> None:
    put("a.txt")
    error = only_error(discover("*.jpg"))
    assert isinstance(error, SourceNotFound)
    assert str(error) == "*.jpg: matches no pictures or videos"
    assert "other files: 1" in str(only_error(discover("*")))


def test_an_existing_name_wins_over_a_glob(folder: Path) -> None:
    put_image("a[1].png")
    put_image("a1.png")
    assert names(discover("a[1].png")) == ["a[1].png"]


def test_circular_links_end(folder: Path) -> None:
    put("in/a.jpg")
    Path("in/again").symlink_to("..", target_is_directory=True)
    Path("in/self").symlink_to(".", target_is_directory=True)
    Path("in/endless.jpg").symlink_to("endless.jpg")
    found = discover("in")
    assert "in/a.jpg" in names(found)
    assert len(found.specs) == 1
    assert [error.source for error in found.errors] == ["in/endless.jpg"]
    assert names(discover("in/**/a.jpg")) == ["in/a.jpg"]


def test_a_folder_is_found_by_its_own_name_and_by_that_of_a_link(folder: Path) -> None:
    put("run2/x.jpg")
    put("old/run1/y.jpg")
    Path("latest").symlink_to("run2", target_is_directory=True)
    Path("run0").symlink_to("old/run1", target_is_directory=True)
    assert names(discover("**/run2/*.jpg")) == ["run2/x.jpg"]
    assert names(discover("**/latest/*.jpg")) == ["latest/x.jpg"]
    assert names(discover("**/run1/*.jpg")) == ["old/run1/y.jpg"]
    assert names(discover("*/*/*.jpg")) == ["old/run1/y.jpg"]
    assert len(discover("**/*.jpg").specs) == 2


def test_circular_links_end_where_a_glob_goes_deep(folder: Path) -> None:
    put("in/deep/a.jpg")
    Path("in/self").symlink_to(".", target_is_directory=True)
    Path("in/deep/up").symlink_to("..", target_is_directory=True)
    assert "in/deep/a.jpg" in names(discover("**/in/**/deep/**/*.jpg"))


def test_a_link_that_leads_nowhere_is_named_and_the_rest_found(folder: Path) -> None:
    put("in/a.jpg")
    Path("in/b.jpg").symlink_to("gone.jpg")
    found = discover("in")
    assert names(found) == ["in/a.jpg"]
    assert [str(error) for error in found.errors] == ["in/b.jpg: a broken link"]


def test_an_unreadable_folder_is_named_and_the_rest_found(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    put(f"{public_folder}/a.jpg")
    put(f"{public_folder}/locked/b.jpg")
    put(f"{public_folder}/open/c.jpg")
    (public_folder / "locked").chmod(0)
    with without_privileges():
        found = discover(str(public_folder))
        matched = discover(f"{public_folder}/*/*.jpg")
        elsewhere = discover(f"{public_folder}/o*/*.jpg")
        itself = only_error(discover(str(public_folder / "locked")))
    (public_folder / "locked").chmod(0o755)
    assert names(found) == [f"{public_folder}/a.jpg", f"{public_folder}/open/c.jpg"]
    for errors in (found.errors, matched.errors, (itself,)):
        (error,) = errors
        assert error.source == f"{public_folder}/locked"
        assert error.reason == "cannot look into the folder: permission denied"
    assert elsewhere.errors == ()


def test_what_lies_in_a_folder_that_may_be_listed_but_not_entered_is_named(
    public_folder: Path, without_privileges: Callable[[], AbstractContextManager[None]]
) -> None:
    put(f"{public_folder}/in/2024/a.jpg")
    put(f"{public_folder}/in/b.jpg")
    (public_folder / "in").chmod(0o644)  # as after `chmod -R 644`
    with without_privileges():
        found = discover(f"{public_folder}/in")
    (public_folder / "in").chmod(0o755)
    assert found.specs == ()
    assert {error.source: error.reason for error in found.errors} == {
        f"{public_folder}/in/2024": "permission denied",
        f"{public_folder}/in/b.jpg": "permission denied",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of Unix")
def test_a_named_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo("pipe.jpg")
    assert only_error(discover("pipe.jpg")).reason == "neither a file nor a folder"
    put("in/a.jpg")
    os.mkfifo("in/pipe.jpg")
    os.mkfifo("in/pipe")
    assert names(discover("in")) == ["in/a.jpg"]


def test_several_requests_keep_their_order_and_errors(folder: Path) -> None:
    put("in/b.jpg")
    put("a.jpg")
    put("in/x.txt")
    found = discover_all(["in", "gone.jpg", "a.jpg", "0"])
    assert names(found) == ["in/b.jpg", "a.jpg", "0"]
    assert [error.source for error in found.errors] == ["gone.jpg"]
    assert found.ignored == 1
