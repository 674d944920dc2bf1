from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.data.formats.yolo import read_yolo
from maskwatch_train.errors import DataError
from tests.maskwatch_train.data.painted import save_pattern

NAMES = "names: [with_mask, without_mask]\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_boxes_are_told_as_shares_of_the_pictures_sides(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", f"train: images/train\nval: images/val\n{NAMES}")
    picture = save_pattern(tmp_path / "images/train/a.png", 1)
    bare = save_pattern(tmp_path / "images/val/b.png", 2)
    write(tmp_path / "labels/train/a.txt", "1 0.5 0.5 0.25 0.5\n\n")
    face = RawFace("without_mask", Box(0.375, 0.25, 0.625, 0.75))
    assert list(read_yolo(tmp_path)) == [
        RawPicture(picture, (face,), "train", in_shares=True),
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
        ("train.png", "train", (RawFace("mask", Box(0, 0, 1, 1)),)),
        ("valid.png", "val", (RawFace("mask", Box(0, 0, 1, 1)),)),
    ]


def test_a_split_that_roboflow_names_without_having_pictures_is_a_problem(tmp_path: Path) -> None:
    yaml = f"train: ../train/images\ntest: ../test/images\n{NAMES}"
    write(tmp_path / "data.yaml", yaml)
    save_pattern(tmp_path / "train/images/a.png", 1)
    write(tmp_path / "train/labels/a.txt", "0 0.5 0.5 1 1")
    found = list(read_yolo(tmp_path))
    assert [p.path.name for p in found if isinstance(p, RawPicture)] == ["a.png"]
    (problem,) = (p for p in found if isinstance(p, Problem))
    assert "no such folder or list, though the YAML file names it" in problem.reason


def test_paths_that_begin_with_the_sets_own_folder_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Masks-1"
    write(folder / "data.yaml", f"train: Masks-1/train/images\n{NAMES}")
    picture = save_pattern(folder / "train/images/a.png", 1)
    write(folder / "train/labels/a.txt", "0 0.5 0.5 1 1")
    monkeypatch.chdir(folder)
    for source in (folder, Path()):
        (found,) = read_yolo(source)
        assert found.path.samefile(picture)


def test_labels_whose_picture_is_missing_are_a_problem_and_other_text_is_none(
    tmp_path: Path,
) -> None:
    write(tmp_path / "data.yaml", f"train: images/train\n{NAMES}")
    for side in ("train", "other"):  # nobody asked for the other side, but it is whole
        save_pattern(tmp_path / f"images/{side}/a.png", 1)
        write(tmp_path / f"labels/{side}/a.txt", "0 0.5 0.5 1 1")
    strays = [
        write(tmp_path / name, "0 0.5 0.5 1 1\n")
        for name in ("images/train/c.txt", "labels/train/b.txt")
    ]
    write(tmp_path / "README.txt", "2 pictures of 3 people in 4 places\n")
    write(tmp_path / "labels/train/empty.txt", "\n")
    write(tmp_path / "train.txt", "images/train/a.png\n")
    found = [each for each in read_yolo(tmp_path) if isinstance(each, Problem)]
    assert found == [
        Problem(path, "labels of a picture that is nowhere in the set") for path in strays
    ]


def test_labelimg_keeps_the_names_beside_the_labels(tmp_path: Path) -> None:
    write(tmp_path / "labels" / "classes.txt", "mask\nno_mask\n")
    save_pattern(tmp_path / "images" / "a.png", 1)
    write(tmp_path / "labels" / "a.txt", "1 0.5 0.5 1 1")
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, RawPicture)
    assert found.faces == (RawFace("no_mask", Box(0, 0, 1, 1)),)


def test_labels_that_are_no_text_are_a_problem_of_their_file_alone(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "mask\n")
    for name in "ab":
        save_pattern(tmp_path / f"{name}.png", 1)
        write(tmp_path / f"{name}.txt", "0 0.5 0.5 1 1")
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe0\x00")
    bad, good = read_yolo(tmp_path)
    assert bad == Problem(tmp_path / "a.txt", "not UTF-8 text")
    assert isinstance(good, RawPicture)


def test_without_yaml_names_come_from_a_list_and_splits_from_folders(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "mask\nno_mask\n")
    save_pattern(tmp_path / "test" / "a.png", 1)
    write(tmp_path / "test" / "a.txt", "1 0.5 0.5 0.5 0.5")
    (found,) = read_yolo(tmp_path)
    assert found == RawPicture(
        tmp_path / "test" / "a.png",
        (RawFace("no_mask", Box(0.25, 0.25, 0.75, 0.75)),),
        "test",
        in_shares=True,
    )


CVAT = "classes = 1\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n"


@pytest.mark.parametrize("data", [CVAT, "train=/home/me/train.txt\nValid = valid.txt\n", None])
def test_without_yaml_splits_come_from_the_lists_of_cvat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str | None
) -> None:
    if data is not None:
        write(tmp_path / "set/obj.data", data)
    write(tmp_path / "set/obj.names", "mask\n")
    for split, names in (("train", "ab"), ("valid", "c")):
        for name in names:
            save_pattern(tmp_path / f"set/obj_{split}_data/{name}.png", 1)
            write(tmp_path / f"set/obj_{split}_data/{name}.txt", "0 0.5 0.5 1 1")
        lines = "".join(f"data/obj_{split}_data/{name}.png\n" for name in names)
        write(tmp_path / f"set/{split}.txt", lines)
    save_pattern(tmp_path / "set/more/test/d.png", 1)  # in no list
    expected = [("a", "train"), ("b", "train"), ("c", "val"), ("d", "test")]
    for folder, source in (
        (tmp_path, "set"),
        (tmp_path / "set", "."),
        (Path("/"), tmp_path / "set"),
    ):
        monkeypatch.chdir(folder)
        found = list(read_yolo(Path(source)))
        assert [(p.path.stem, p.split) for p in found if isinstance(p, RawPicture)] == expected
        assert not any(isinstance(each, Problem) for each in found)


def test_a_list_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "obj.data", CVAT)
    write(tmp_path / "obj.names", "mask\n")
    save_pattern(tmp_path / "a.png", 1)
    write(tmp_path / "a.txt", "0 0.5 0.5 1 1")
    write(tmp_path / "train.txt", "a.png\n")
    picture, problem = read_yolo(tmp_path)
    assert isinstance(picture, RawPicture)
    reason = "no such list, though obj.data names it"
    assert problem == Problem(tmp_path / "data" / "valid.txt", reason)


def test_texts_that_are_called_like_lists_may_be_something_else(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "mask\n")
    save_pattern(tmp_path / "train.png", 1)
    write(tmp_path / "train.txt", "0 0.5 0.5 1 1\n")
    write(tmp_path / "test.txt", "Nothing was tested.\n")
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, RawPicture)
    assert (found.split, len(found.faces)) == ("", 1)


@pytest.mark.parametrize(
    "names", ["names: [yes, No, 007, '~']", "names: {0: yes, 1: No, 2: 007, 3: ~}"]
)
def test_names_stay_as_they_are_written(tmp_path: Path, names: str) -> None:
    write(tmp_path / "data.yaml", f"train: images\nkpt_shape: [3, 2]\n{names}\n")
    save_pattern(tmp_path / "images/a.png", 1)
    write(tmp_path / "labels/a.txt", "".join(f"{i} 0.5 0.5 1 1\n" for i in range(4)))
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, RawPicture)
    assert [face.word for face in found.faces] == ["yes", "No", "007", "~"]


def test_a_polygon_becomes_the_box_around_it(tmp_path: Path) -> None:
    write(tmp_path / "classes.txt", "mask\n")
    save_pattern(tmp_path / "a.png", 1)
    write(tmp_path / "a.txt", "0 0.1 0.2 0.5 0.1 0.3 0.6")
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, RawPicture)
    assert found.faces[0].box == (0.1, 0.1, 0.5, 0.6)


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
        ("2 0.5 0.5 1 1", "class 2 has no name"),  # its line in the list is empty
    ],
)
def test_a_line_that_makes_no_sense_is_a_problem(tmp_path: Path, line: str, reason: str) -> None:
    write(tmp_path / "classes.txt", "with_mask\nwithout_mask\n\n")
    save_pattern(tmp_path / "a.png", 1)
    write(tmp_path / "a.txt", line)
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, Problem)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (None, "no names of classes"),
        ("- a list", "not a YAML file with keys"),
        ("names: [mask", "not YAML"),
        ("names: {mask: 0}", r"data\.yaml: names: 'mask' is not the number of a class"),
        (f"train: nowhere\n{NAMES}", "no such folder or list"),
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


@pytest.mark.parametrize("line", ["data/images/train/a.png", "C:\\sets\\images\\train\\a.png"])
def test_lists_whose_paths_begin_elsewhere_are_read(tmp_path: Path, line: str) -> None:
    write(tmp_path / "data.yaml", f"path: ./\ntrain: train.txt\n{NAMES}")
    picture = save_pattern(tmp_path / "images/train/a.png", 1)
    write(tmp_path / "labels/train/a.txt", "0 0.5 0.5 1 1")
    write(tmp_path / "train.txt", f"{line}\n")
    face = RawFace("with_mask", Box(0, 0, 1, 1))
    assert list(read_yolo(tmp_path)) == [RawPicture(picture, (face,), "train", in_shares=True)]


def test_names_may_be_in_the_other_normal_form_than_on_disk(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "é1") for form in ("NFC", "NFD"))
    write(tmp_path / "data.yaml", f"train: train.txt\n{NAMES}")
    picture = save_pattern(tmp_path / f"images/{apart}.png", 1)
    write(tmp_path / f"labels/{composed}.txt", "0 0.5 0.5 1 1")
    write(tmp_path / "train.txt", f"data/images/{composed}.png\n")
    face = RawFace("with_mask", Box(0, 0, 1, 1))
    assert list(read_yolo(tmp_path)) == [RawPicture(picture, (face,), "train", in_shares=True)]


@pytest.mark.parametrize(
    ("shape", "points"), [("[3, 2]", ".1 .1 .2 .2 .3 .3"), ("[2, 3]", ".1 .1 2 .2 .2 0")]
)
def test_of_a_pose_the_box_is_taken_and_not_its_points(
    tmp_path: Path, shape: str, points: str
) -> None:
    write(tmp_path / "data.yaml", f"train: images\nkpt_shape: {shape}\n{NAMES}")
    save_pattern(tmp_path / "images/a.png", 1)
    write(tmp_path / "labels/a.txt", f"0 0.5 0.5 0.25 0.5 {points}\n1 0.5 0.5 1 1\n")
    (found,) = read_yolo(tmp_path)
    assert isinstance(found, RawPicture)
    assert [face.box for face in found.faces] == [Box(0.375, 0.25, 0.625, 0.75), Box(0, 0, 1, 1)]


def test_a_pose_of_no_known_shape_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", f"train: images\nkpt_shape: five\n{NAMES}")
    with pytest.raises(DataError, match="kpt_shape: 'five'"):
        list(read_yolo(tmp_path))
