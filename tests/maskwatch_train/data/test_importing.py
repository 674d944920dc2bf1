from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pillow

from maskwatch.types import Box, Fault, State
from maskwatch_train.checksum import checksum
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.data.importing import (
    folder_of,
    gather,
    import_picture,
    read_raw,
    refuse,
)
from maskwatch_train.data.manifest import ManifestRow
from maskwatch_train.data.vocabulary import Vocabulary, parse_vocabulary
from maskwatch_train.errors import DataError
from tests.maskwatch_train.data.painted import save_pattern


def rows_of(
    folder: Path,
    *faces: RawFace,
    split: str = "",
    words: Vocabulary | None = None,
    size: tuple[int, int] | None = None,
) -> list[ManifestRow] | Problem:
    picture = RawPicture(folder / "a.png", faces, split, size=size)
    return import_picture(picture, folder, "own", "CC0", words or Vocabulary())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_pattern(tmp_path / "a.png", 1, width=80, height=60)
    return tmp_path


def test_each_face_becomes_a_row_with_the_checksum_of_the_file(folder: Path) -> None:
    sha256 = checksum(folder / "a.png")
    found = rows_of(
        folder, RawFace("mask", Box(1, 2, 30, 40)), RawFace("nose_out", Box(40, 0, 80, 60))
    )
    common = ("own", "a.png", sha256)
    assert found == [
        ManifestRow(*common, Box(1, 2, 30, 40), State.MASK, None, sha256[:16], "", "CC0"),
        ManifestRow(
            *common,
            Box(40, 0, 80, 60),
            State.INCORRECT,
            Fault.NOSE_OUT,
            sha256[:16],
            "",
            "CC0",
        ),
    ]


def test_a_picture_without_faces_is_background(folder: Path) -> None:
    (row,) = rows_of(folder)  # type: ignore[misc]
    assert (row.box, row.label) == (None, None)


def test_faces_of_a_class_that_is_left_out_leave_no_row(folder: Path) -> None:
    words = parse_vocabulary(["person=skip"])
    assert rows_of(folder, RawFace("person", Box(1, 1, 9, 9)), words=words) == []


@pytest.mark.parametrize("box", [None, Box(1, 1, 9, 9)])
def test_a_label_of_the_whole_picture_beside_another_is_a_problem(
    folder: Path, box: Box | None
) -> None:
    problem = rows_of(folder, RawFace("mask", None), RawFace("no_mask", box))
    assert isinstance(problem, Problem)
    assert problem.reason == "several labels (mask, no_mask), not all of them with a box"


def test_of_a_crowd_nobody_can_tell_a_state(folder: Path) -> None:
    crowd = RawFace("mask", Box(1, 1, 79, 30), crowd=True)
    (row,) = rows_of(folder, crowd)  # type: ignore[misc]
    assert (row.box, row.label) == (crowd.box, State.UNKNOWN)
    words = parse_vocabulary(["mask=skip"])
    assert rows_of(folder, crowd, words=words) == []


def test_labels_of_a_picture_of_another_size_are_a_problem(folder: Path) -> None:
    face = RawFace("mask", Box(1, 2, 30, 40))
    assert isinstance(rows_of(folder, face, size=(80, 60)), list)
    assert rows_of(folder, face, size=(40, 30)) == Problem(
        folder / "a.png", "labels are of 40x30 pixels, the picture has 80x60"
    )
    assert rows_of(folder, face, size=(60, 80)) == Problem(
        folder / "a.png", "labels are of 60x80 pixels, the picture has 80x60 (turned by EXIF?)"
    )
    # Nothing is in the wrong place where nothing is labelled.
    assert isinstance(rows_of(folder, size=(40, 30)), list)


def test_boxes_in_shares_become_pixels_of_the_picture_as_it_is_seen(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned: 40 wide and 80 high as it is seen
    Pillow.new("RGB", (80, 40)).save(tmp_path / "a.tif", exif=exif)
    face = RawFace("mask", Box(0.25, 0.5, 0.75, 1.01))
    picture = RawPicture(tmp_path / "a.tif", (face,), in_shares=True)
    found = import_picture(picture, tmp_path, "own", "CC0", Vocabulary())
    assert not isinstance(found, Problem)
    assert [row.box for row in found] == [Box(10, 40, 30, 80)]
    outside = replace(picture, faces=(RawFace("mask", Box(0.5, 0.5, 1.5, 1)),))
    assert import_picture(outside, tmp_path, "own", "CC0", Vocabulary()) == Problem(
        tmp_path / "a.tif", "box (20, 40, 60, 80) of 'mask' is not inside 40x80 pixels"
    )


def test_what_roboflow_made_of_one_picture_is_one_group(tmp_path: Path) -> None:
    names = [f"{name}.rf.{sign * 32}.png" for name in ("a_jpg", "b_jpg") for sign in "0f"]
    folders = ("train/images", "valid/images")
    groups = {}
    for seed, (folder, name) in enumerate((f, n) for f in folders for n in names):
        picture = RawPicture(save_pattern(tmp_path / folder / name, seed), ())
        (row,) = import_picture(picture, tmp_path, "own", "CC0", Vocabulary())  # type: ignore[misc]
        groups.setdefault(row.group, []).append(row.path)
    assert [len(each) for each in groups.values()] == [2, 2, 2, 2]
    assert groups["train-images-a_jpg"] == [f"train/images/{name}" for name in names[:2]]


def test_a_face_that_is_labelled_twice_alike_is_one(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\na.png,mask\na.png,mask\n")
    (picture,), _ = read_raw(tmp_path, "csv", Vocabulary())
    assert picture.faces == (RawFace("mask", None),)


def write_coco(path: Path, word: str, *boxes: list[int], width: int = 0) -> None:
    faces = [{"image_id": 1, "category_id": 1, "bbox": box} for box in boxes]
    image = {"id": 1, "file_name": "a.png", "width": width, "height": width}
    categories = [{"id": 1, "name": word}]
    content = {"images": [image], "annotations": faces, "categories": categories}
    path.write_text(json.dumps(content))


def test_labels_of_a_picture_in_several_files_come_together(folder: Path) -> None:
    masked, bare = [1, 2, 30, 30], [40, 2, 30, 30]
    write_coco(folder / "all.json", "mask", masked, width=64)
    write_coco(folder / "bare.json", "no_mask", bare)
    write_coco(folder / "empty.json", "mask")
    write_coco(folder / "more.json", "mask", masked)
    pictures, problems = read_raw(folder, "coco", Vocabulary())
    faces = (RawFace("mask", Box(1, 2, 31, 32)), RawFace("no_mask", Box(40, 2, 70, 32)))
    assert pictures == [RawPicture(folder / "a.png", faces, size=(64, 64))]
    assert not problems


@pytest.mark.parametrize(
    ("other", "width", "reason"),
    [
        ("train.json", 64, "in several splits (none, train), which --drop-split forgets"),
        ("other.json", 32, "listed more than once, with labels of 64x64 and 32x32 pixels"),
    ],
)
def test_files_that_contradict_each_other_about_a_picture_are_a_problem(
    folder: Path, other: str, width: int, reason: str
) -> None:
    write_coco(folder / "all.json", "mask", [1, 2, 30, 30], width=64)
    write_coco(folder / other, "mask", [40, 2, 30, 30], width=width)
    pictures, problems = read_raw(folder, "coco", Vocabulary())
    assert not pictures
    assert problems == [Problem(folder / "a.png", reason)]


def csv_in_two_splits(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,label,split\na.png,mask,train\na.png,mask,val\n")


def voc_in_two_splits(folder: Path) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    (folder / "a.xml").write_text(
        f"<annotation><object><name>mask</name>{box}</object></annotation>"
    )
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    for split in ("train", "val"):
        (folder / "ImageSets" / "Main" / f"{split}.txt").write_text("a\n")


def yolo_in_two_splits(folder: Path) -> None:
    """As in the small examples of Ultralytics: validated on what was trained on."""
    (folder / "data.yaml").write_text("train: .\nval: .\nnames: [mask]\n")
    (folder / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")


@pytest.mark.parametrize("make", [csv_in_two_splits, voc_in_two_splits, yolo_in_two_splits])
def test_a_picture_in_several_splits_is_a_problem_unless_they_are_forgotten(
    make: Callable[[Path], None], folder: Path
) -> None:
    make(folder)
    layout = make.__name__.partition("_")[0]
    pictures, (problem,) = read_raw(folder, layout, Vocabulary())
    assert not pictures
    assert problem.reason == "in several splits (train, val), which --drop-split forgets"
    (picture,), problems = read_raw(folder, layout, Vocabulary(), drop_split=True)
    assert (picture.split, len(picture.faces)) == ("", 1)
    assert not problems


def test_a_split_of_another_name_can_be_forgotten_too(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,label,split\na.png,mask,fold 3\n")
    for forget, kind in ((False, Problem), (True, list)):
        (picture,), _ = read_raw(folder, "csv", Vocabulary(), drop_split=forget)
        assert isinstance(import_picture(picture, folder, "own", "CC0", Vocabulary()), kind)


def test_a_picture_in_several_groups_is_a_problem(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,label,group\na.png,mask,1\na.png,mask,2\n")
    _, (problem,) = read_raw(folder, "csv", Vocabulary(), drop_split=True)
    assert problem.reason == "listed more than once, in several groups"


def test_a_box_that_rounding_put_outside_is_moved_in(folder: Path) -> None:
    (row,) = rows_of(folder, RawFace("mask", Box(-1, -2, 82, 61)))  # type: ignore[misc]
    assert row.box == Box(0, 0, 80, 60)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        (Box(-3, 0, 10, 10), "is not inside 80x60 pixels"),
        (Box(0, 0, 10, 63), "is not inside 80x60 pixels"),
        (Box(80, 0, 81, 10), "is not inside 80x60 pixels"),
        (Box(0, 0, float("inf"), 10), "is not inside"),
    ],
)
def test_other_boxes_outside_are_a_problem(folder: Path, box: Box, reason: str) -> None:
    found = rows_of(folder, RawFace("mask", box))
    assert isinstance(found, Problem)
    assert reason in found.reason


def test_an_empty_box_costs_only_itself(folder: Path) -> None:
    write_coco(folder / "all.json", "mask", [10, 10, 40, 0], [10, 10, 40, 30])
    (picture,), problems = read_raw(folder, "coco", Vocabulary())
    assert problems == [Problem(folder / "a.png", "box (10, 10, 50, 10) of 'mask' is empty")]
    with pytest.raises(DataError, match=r"box \(10, 10, 50, 10\) of 'mask' is empty"):
        refuse(folder, problems)
    (row,) = import_picture(picture, folder, "own", "CC0", Vocabulary())  # type: ignore[misc]
    assert row.box == Box(10, 10, 50, 40)


@pytest.mark.parametrize("box", ["10,0,10,10", "10,9,20,5", "nan,0,10,10"])
def test_a_picture_with_nothing_but_empty_boxes_is_not_one_without_a_face(
    folder: Path, box: str
) -> None:
    (folder / "labels.csv").write_text(f"file,label,x0,y0,x1,y1\na.png,mask,{box}\n")
    pictures, (problem,) = read_raw(folder, "csv", Vocabulary())
    assert not pictures
    assert problem.path == folder / "a.png"
    assert problem.reason.endswith("of 'mask' is empty")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty file"), (b"text", "not an image"), (None, "no such file")]
)
def test_a_file_that_is_no_picture_is_a_problem(
    folder: Path, content: bytes | None, reason: str
) -> None:
    (folder / "a.png").unlink()
    if content is not None:
        (folder / "a.png").write_bytes(content)
    found = rows_of(folder, RawFace("mask", None))
    assert isinstance(found, Problem)
    assert reason in found.reason


def test_a_picture_that_is_cut_off_is_a_problem(folder: Path) -> None:
    whole = (folder / "a.png").read_bytes()
    (folder / "a.png").write_bytes(whole[: len(whole) // 2])
    found = rows_of(folder, RawFace("mask", None))
    assert isinstance(found, Problem)
    assert "cut off" in found.reason


def test_an_unknown_split_and_a_picture_outside_are_problems(folder: Path) -> None:
    assert isinstance(rows_of(folder, RawFace("mask", None), split="tset"), Problem)
    outside = RawPicture(folder / "a.png", (RawFace("mask", None),))
    (folder / "set").mkdir()
    found = import_picture(outside, folder / "set", "own", "CC0", Vocabulary())
    assert isinstance(found, Problem)
    assert "not inside the folder of its set" in found.reason


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are UTF-8 there")
def test_a_name_in_another_encoding_is_a_problem(folder: Path) -> None:
    path = (folder / "a.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    picture = RawPicture(path, (RawFace("mask", None),))
    found = import_picture(picture, folder, "own", "CC0", Vocabulary())
    assert found == Problem(path, "its name is not UTF-8 text")


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("set/labels/a.png", "set/labels"),
        ("set/labels/../labels/deep/a.png", "set/labels"),
        ("set/pictures/a.png", "set"),
        ("set/labels/../pictures/a.png", "set"),
        ("a.png", "set/labels"),  # further away: no part of the set
    ],
)
def test_the_folder_of_a_set_holds_labels_and_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: str, expected: str
) -> None:
    labels = tmp_path / "set" / "labels"
    labels.mkdir(parents=True)
    (labels / "labels.json").touch()
    pictures = [RawPicture(tmp_path / picture, ())]
    assert folder_of(labels / "labels.json", pictures) == tmp_path / expected
    monkeypatch.chdir(labels)
    assert folder_of(Path("labels.json"), pictures).absolute() == tmp_path / expected


def test_problems_refuse_the_set_with_their_names() -> None:
    problems = [Problem(Path(f"{i}.jpg"), "empty file") for i in range(12)]
    with pytest.raises(DataError) as refusal:
        refuse(Path("set"), problems)
    assert "12 files or labels cannot be used" in str(refusal.value)
    assert "9.jpg: empty file" in str(refusal.value)
    assert "and 2 more" in str(refusal.value)
    refuse(Path("set"), [])


def test_a_set_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(DataError, match=r"nothing usable in it, the first: a\.jpg: broken"):
        gather(Path("set"), [Problem(Path("a.jpg"), "broken")], [])


def test_a_set_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\nbroken,mask,1\n")
    pictures, _ = read_raw(tmp_path, "csv", Vocabulary())
    assert len(pictures) == 1
    (tmp_path / "mask").mkdir()
    with pytest.raises(DataError, match="without pictures"):
        read_raw(tmp_path, "folders", Vocabulary())


def test_a_set_in_which_nothing_can_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<annotation><filename>a.jpg</filename></annotation>")
    with pytest.raises(DataError, match=r"the first: .*its picture 'a\.jpg' is nowhere in the set"):
        read_raw(tmp_path, "voc", Vocabulary())
