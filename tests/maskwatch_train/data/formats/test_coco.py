from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any, Literal

import pytest

from maskwatch.types import Box
from maskwatch_train.data.formats.coco import read_coco
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.errors import DataError


def content(**changes: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "annotations": [
            {"image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40.5]},
            {"image_id": 1, "category_id": 3, "bbox": [0, 0, 1, 1], "iscrowd": 1},
        ],
        "categories": [{"id": 3, "name": "with_mask"}],
    } | changes


def write(path: Path, values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_boxes_are_corner_and_size_and_crowds_are_told(tmp_path: Path) -> None:
    write(tmp_path / "labels.json", content())
    touch(tmp_path / "a.jpg", tmp_path / "images" / "b.jpg")
    assert list(read_coco(tmp_path)) == [
        RawPicture(
            tmp_path / "a.jpg",
            (
                RawFace("with_mask", Box(10, 20, 40, 60.5)),
                RawFace("with_mask", Box(0, 0, 1, 1), crowd=True),
            ),
        ),
        RawPicture(tmp_path / "images" / "b.jpg", ()),
    ]


@pytest.mark.parametrize(
    ("stated", "size"),
    [
        ({"width": 640, "height": "480"}, (640, 480)),
        ({"width": 0, "height": 0}, None),
        ({"width": 640}, None),
    ],
)
def test_the_size_that_was_labelled_is_told(
    tmp_path: Path, stated: dict[str, Any], size: tuple[int, int] | None
) -> None:
    write(tmp_path / "labels.json", content(images=[{"id": 1, "file_name": "a.jpg"} | stated]))
    touch(tmp_path / "a.jpg")
    (found,) = read_coco(tmp_path)
    assert isinstance(found, RawPicture)
    assert found.size == size


@pytest.mark.parametrize("wide", ["wide", [640]])
def test_a_size_that_is_no_number_is_a_problem(tmp_path: Path, wide: object) -> None:
    image = {"id": 1, "file_name": "a.jpg", "width": wide, "height": 480}
    write(tmp_path / "labels.json", content(images=[image]))
    touch(tmp_path / "a.jpg")
    (found,) = read_coco(tmp_path)
    assert isinstance(found, Problem)


@pytest.mark.parametrize(
    ("labels", "picture", "split"),
    [
        ("annotations/instances_train2017.json", "train2017/a.jpg", "train"),
        ("valid/_annotations.coco.json", "valid/a.jpg", "val"),
        ("annotations/test.json", "images/test/a.jpg", "test"),
        ("annotations/latest.json", "images/a.jpg", ""),
        ("annotations/instances_default.json", "images/default/a.jpg", ""),
    ],
)
def test_the_split_is_in_the_name_of_the_file_or_its_folder(
    tmp_path: Path, labels: str, picture: str, split: str
) -> None:
    write(tmp_path / labels, content(images=[{"id": 1, "file_name": "a.jpg"}]))
    touch(tmp_path / picture)
    (found,) = read_coco(tmp_path)
    assert isinstance(found, RawPicture)
    assert (found.path, found.split) == (tmp_path / picture, split)


@pytest.mark.parametrize(("told", "disk"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_may_be_in_the_other_normal_form_than_on_disk(
    tmp_path: Path, told: Literal["NFC", "NFD"], disk: Literal["NFC", "NFD"]
) -> None:
    image = {"id": 1, "file_name": unicodedata.normalize(told, "été/é1.jpg")}
    write(tmp_path / "labels.json", content(images=[image]))
    picture = tmp_path / "images" / unicodedata.normalize(disk, "été/é1.jpg")
    touch(picture)
    (found,) = read_coco(tmp_path)
    assert found.path == picture


@pytest.mark.parametrize(
    "name",
    [
        "images\\a.jpg",
        "images\\1/a.jpg",
        "..\\..\\label-studio\\media\\upload\\4\\a.jpg",
        "data/local-files/?d=photos/a.jpg",
    ],
)
def test_paths_of_label_studio_are_found_by_their_end(tmp_path: Path, name: str) -> None:
    images = [{"id": 1, "file_name": name}, {"id": 2, "file_name": "images\\b.jpg"}]
    write(tmp_path / "result.json", content(images=images))
    touch(tmp_path / "images" / "a.jpg", tmp_path / "images" / "b.jpg")
    found = [p.path.name for p in read_coco(tmp_path) if isinstance(p, RawPicture)]
    assert found == ["a.jpg", "b.jpg"]


def test_an_end_that_several_pictures_have_finds_none_of_them(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "1/a.jpg"}, {"id": 2, "file_name": "2/a.jpg"}]
    write(tmp_path / "result.json", content(images=images))
    touch(tmp_path / "images" / "a.jpg")
    assert [type(each) for each in read_coco(tmp_path)] == [Problem, Problem]


def test_an_annotation_file_of_the_working_folder_finds_pictures_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path / "annotations" / "train.json", content(images=[{"id": 1, "file_name": "a.jpg"}])
    )
    touch(tmp_path / "train" / "a.jpg")
    monkeypatch.chdir(tmp_path / "annotations")
    (found,) = read_coco(Path("train.json"))
    assert found.path == tmp_path / "train" / "a.jpg"


def test_a_missing_picture_and_a_wrong_annotation_are_problems(tmp_path: Path) -> None:
    wrong = [{"image_id": 1, "category_id": 9, "bbox": [1, 2, 3, 4]}]
    file = write(tmp_path / "labels.json", content(annotations=wrong))
    touch(tmp_path / "a.jpg")
    first, second = read_coco(file)
    assert isinstance(first, Problem)
    assert "makes no sense" in first.reason
    assert second == Problem(tmp_path / "b.jpg", "no such picture, though it has labels")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"images": []}, "no COCO annotations"),
        (content(images=[{"id": 1}]), "an entry lacks 'file_name'"),
        (content(images=[{"id": 2, "file_name": "b.jpg"}]), "an image that is not there: 1"),
    ],
)
def test_other_json_is_refused(tmp_path: Path, values: object, message: str) -> None:
    write(tmp_path / "labels.json", values)
    touch(tmp_path / "a.jpg")
    with pytest.raises(DataError, match=message):
        list(read_coco(tmp_path))


def test_what_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        list(read_coco(tmp_path))


def test_two_pictures_of_one_number_are_refused(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}]
    write(tmp_path / "labels.json", content(images=images))
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg")
    with pytest.raises(DataError, match="several images have the id 1"):
        list(read_coco(tmp_path))
