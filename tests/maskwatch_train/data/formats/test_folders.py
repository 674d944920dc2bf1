from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwatch_train.data.formats.folders import read_folders
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.errors import DataError


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_the_folder_is_the_label_at_any_depth(tmp_path: Path) -> None:
    touch(tmp_path, "with_mask/b.png", "with_mask/more/a.JPG", "without_mask/c.jpeg")
    assert list(read_folders(tmp_path)) == [
        RawPicture(tmp_path / "with_mask/b.png", (RawFace("with_mask", None),)),
        RawPicture(tmp_path / "with_mask/more/a.JPG", (RawFace("with_mask", None),)),
        RawPicture(tmp_path / "without_mask/c.jpeg", (RawFace("without_mask", None),)),
    ]


def test_every_picture_that_the_product_reads_is_one_by_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "mask/a.heic", "mask/b.AVIF", "mask/c.jp2")
    assert not [p for p in read_folders(tmp_path) if isinstance(p, Problem)]


def test_folders_named_like_splits_hold_the_classes(tmp_path: Path) -> None:
    touch(tmp_path, "Train/mask/a.png", "valid/mask/b.png", "test/no_mask/c.png")
    found = [p for p in read_folders(tmp_path) if isinstance(p, RawPicture)]
    assert {(p.path.name, p.split, p.faces[0].word) for p in found} == {
        ("a.png", "train", "mask"),
        ("b.png", "val", "mask"),
        ("c.png", "test", "no_mask"),
    }


def test_what_systems_leave_behind_is_overlooked_and_other_files_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "mask/a.png", "mask/.DS_Store", "mask/Thumbs.db", ".git/x", "mask/notes.txt")
    assert [p for p in read_folders(tmp_path) if isinstance(p, Problem)] == [
        Problem(tmp_path / "mask/notes.txt", "not a picture by its name")
    ]


def test_linked_folders_are_followed_in_order_and_never_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "set/mask/1.jpg", "set/mask/z.jpg", "pool/site/3.jpg", "pool/.hidden/4.jpg")
    (tmp_path / "set/mask/siteA").symlink_to(tmp_path / "pool")
    (tmp_path / "set/mask/siteB").symlink_to("siteA")
    (tmp_path / "pool/site/round").symlink_to(tmp_path / "set/mask")
    (tmp_path / "set/mask/itself").symlink_to(".")
    (tmp_path / "set/mask/gone").symlink_to("nowhere")
    assert [
        each.path.relative_to(tmp_path / "set/mask") for each in read_folders(tmp_path / "set")
    ] == [Path(name) for name in ("1.jpg", "siteA/site/3.jpg", "siteB/site/3.jpg", "z.jpg")]


def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "mask/a.png", "mask/locked/b.png")
    opened = Path.iterdir

    def refused(folder: Path) -> Iterator[Path]:
        if folder.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(folder)

    monkeypatch.setattr(Path, "iterdir", refused)  # root may read any folder
    with pytest.raises(DataError, match="locked: Permission denied"):
        list(read_folders(tmp_path))


def test_an_empty_class_folder_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "mask/a.png")
    (tmp_path / "no_mask").mkdir()
    with pytest.raises(DataError, match="no_mask: class folder without pictures"):
        list(read_folders(tmp_path))


@pytest.mark.parametrize("name", ["", "none"])
def test_a_set_without_classes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"no class folders|no such folder"):
        list(read_folders(tmp_path / name))
