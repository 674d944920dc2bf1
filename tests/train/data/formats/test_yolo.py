from __future__ import annotations

from pathlib import Path

import pytest

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.data.formats.yolo import read_yolo
from maskwatch_train.errors import DataError
from tests.train.data.painted import save_pattern

NAMES = "names: [with_mask, without_mask]\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_boxes_are_shares_of_the_pictures_sides(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", f"train: images/train\nval: images/val\n{NAMES}")
    picture = save_pattern(tmp_path / "images/train/a.png", 1, width=200, height=100)
    bare = save_pattern(tmp_path / "images/val/b.png", 2)
    write(tmp_path / "labels/train/a.txt", "1 0.5 0.5 0.2 0.4\n\n")
    assert list(read_yolo(tmp_path)) == [
        RawPicture(picture, (RawFace("without_mask", Box(80, 30, 120, 70)),), "train"),
        RawPicture(bare, (), "val"),
    ]


def test_roboflows_layout_is_read_too(tmp_path: Path) -> None:
    write(
        tmp_path / "data.yaml",
        "train: ../train/images\nval: ../valid/images\nnames: {0: mask}\n",
    )
    for folder in ("train", "valid"):
        save_pattern(tmp_path / folder / "images" / f"{folder}.png", len(folder))
        write(tmp_path / folder / "labels" / f"{folder}.txt", "0 0.5 0.5 1 1")
    found = [p for p in read_yolo(tmp_path) if isinstance(p, RawPicture)]
    assert [(p.path.name, p.split, p.faces) for p in found] == [
        ("train.png", "train", (RawFace("mask", Box(0, 0, 64, 64)),)),
        ("valid.png", "val", (RawFace("mask", Box(0, 0, 64, 64)),)),
    ]


def test_without_yaml_names_come_from_a_list_and_splits_from_folders(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "mask\nno_mask\n")
    save_pattern(tmp_path / "test" / "a.png", 1)
    write(tmp_path / "test" / "a.txt", "1 0.5 0.5 0.5 0.5")
    (found,) = read_yolo(tmp_path)
    assert found == RawPicture(
        tmp_path / "test" / "a.png", (RawFace("no_mask", Box(16, 16, 48, 48)),), "test"
    )


def test_a_polygon_becomes_the_box_around_it(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "mask\n")
    save_pattern(tmp_path / "a.png", 1, width=100, height=100)
    write(tmp_path / "a.txt", "0 0.1 0.2 0.5 0.1 0.3 0.6")
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, RawPicture)
    assert found.faces[0].box == pytest.approx((10, 10, 50, 60))


def test_paths_in_a_list_may_hold_spaces(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", f"train: train.txt\n{NAMES}")
    write(tmp_path / "train.txt", "my photos/a b.png\n\n  my photos/c.png \n")
    paths = [save_pattern(tmp_path / "my photos" / name, 1) for name in ("a b.png", "c.png")]
    write(tmp_path / "my photos" / "a b.txt", "0 0.5 0.5 1 1")
    found = [(p.path, p.split) for p in read_yolo(tmp_path) if isinstance(p, RawPicture)]
    assert found == [(path, "train") for path in paths]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("inf 0.5 0.5 1 1", "class inf has no name"),
        ("0.5 0.5 0.5 1 1", "class 0.5 has no name"),
        ("7 0.5 0.5 1 1", "class 7 has no name"),
        ("0 0.5 0.5 one 1", "not a line of numbers"),
        ("0 0.5 0.5 1", "neither a box nor a polygon"),
    ],
)
def test_a_line_that_makes_no_sense_is_a_problem(tmp_path: Path, line: str, reason: str) -> None:
    write(tmp_path / "data.yaml", NAMES)
    save_pattern(tmp_path / "a.png", 1)
    write(tmp_path / "a.txt", line)
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, Problem)
    assert reason in found.reason


def test_a_picture_that_cannot_be_opened_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", NAMES)
    write(tmp_path / "a.png", "no picture")
    write(tmp_path / "a.txt", "0 0.5 0.5 1 1")
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, Problem)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (None, "no names of classes"),
        ("- a list", "not a YAML file with keys"),
        ("names: [mask", "not YAML"),
        ("names: {mask: 0}", r"data\.yaml: names: 'mask' is not the number of a class"),
        (f"train: nowhere\n{NAMES}", "no such folder or list"),
        (f"train: images\nval: images\n{NAMES}", "lies in both train and val"),
        (NAMES, "no picture in it has a label file"),
    ],
)
def test_sets_that_make_no_sense_are_refused(
    tmp_path: Path, yaml: str | None, message: str
) -> None:
    save_pattern(tmp_path / "images" / "a.png", 1)
    if yaml is not None:
        write(tmp_path / "data.yaml", yaml)
    with pytest.raises(DataError, match=message):
        list(read_yolo(tmp_path))
