from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from maskwatch.types import Box, Fault, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.data.street import read_street
from maskwatch_train.errors import DataError
from tests.shared import shared

FACE = {
    "box": [10, 20.5, 30, 50],
    "state": "incorrect",
    "fault": "nose_out",
    "slice": "beard",
    "certainty": "unsure",
}
ENTRIES: list[dict[str, Any]] = [
    {"file": "a.jpg", "width": 40, "height": 60, "split": "train", "group": 3, "faces": [FACE]},
    {"file": "b.jpg", "width": 40, "height": 60, "split": "test", "group": 4, "faces": []},
]


def write(folder: Path, entries: object) -> Path:
    (folder / "images").mkdir(exist_ok=True)
    for name in ("a.jpg", "b.jpg"):
        (folder / "images" / name).touch()
    (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def test_it_reads_pictures_and_faces(tmp_path: Path) -> None:
    folder = write(tmp_path, ENTRIES)
    face = LabelledFace(
        Box(10.0, 20.5, 30.0, 50.0), State.INCORRECT, Fault.NOSE_OUT, "beard", "unsure"
    )
    assert read_street(folder) == (
        LabelledImage(folder / "images" / "a.jpg", "train", "3", (face,)),
        LabelledImage(folder / "images" / "b.jpg", "test", "4", ()),
    )


def test_it_reads_one_split(tmp_path: Path) -> None:
    images = read_street(write(tmp_path, ENTRIES), "test")
    assert [image.path.name for image in images] == ["b.jpg"]


def test_an_unknown_fault_is_none(tmp_path: Path) -> None:
    entries = copy.deepcopy(ENTRIES)
    entries[0]["faces"][0]["fault"] = ""
    assert read_street(write(tmp_path, entries))[0].faces[0].fault is None


@pytest.mark.parametrize(
    ("changes", "face_changes", "message"),
    [
        ({}, {"state": "masked"}, "a.jpg face 0: 'masked' is not a valid State"),
        ({}, {"fault": "nose"}, "a.jpg face 0: 'nose' is not a valid Fault"),
        # a fault of a mask worn well
        ({}, {"state": "mask"}, "a.jpg face 0: fault 'nose_out' does not go with 'mask'"),
        ({}, {"slice": "hat"}, "a.jpg face 0: unknown slice 'hat'"),
        ({}, {"certainty": "maybe"}, "a.jpg face 0: unknown certainty 'maybe'"),
        # one pixel past the right edge
        ({}, {"box": [10, 20, 41, 50]}, "box (10.0, 20.0, 41.0, 50.0) is not inside 40x60 pixels"),
        ({}, {"box": [-1, 20, 30, 50]}, "is not inside 40x60 pixels"),
        # turned inside out
        ({}, {"box": [30, 20, 10, 50]}, "is not inside 40x60 pixels"),
        ({}, {"box": [1, 2, 3]}, "a.jpg face 0:"),
        ({"split": "holdout"}, {}, "a.jpg: unknown split 'holdout'"),
        ({"group": 4}, {}, "group 4 lies in both train and test"),
        ({"file": "gone.jpg"}, {}, "gone.jpg: no such picture"),
    ],
)
def test_it_refuses_labels_that_make_no_sense(
    tmp_path: Path, changes: dict[str, Any], face_changes: dict[str, Any], message: str
) -> None:
    entries = copy.deepcopy(ENTRIES)
    entries[0].update(changes)
    entries[0]["faces"][0].update(face_changes)
    with pytest.raises(DataError) as refusal:
        read_street(write(tmp_path, entries))
    assert message in str(refusal.value)


def test_it_names_a_missing_key(tmp_path: Path) -> None:
    entries = copy.deepcopy(ENTRIES)
    del entries[0]["faces"][0]["state"]
    with pytest.raises(DataError, match=r"a\.jpg face 0 lacks 'state'"):
        read_street(write(tmp_path, entries))


def test_a_folder_without_labels_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"labels\.json: No such file"):
        read_street(tmp_path)


@pytest.mark.parametrize(
    ("labels", "message"),
    [(7, "not a list of pictures"), ([{**ENTRIES[0], "width": "wide"}], "a.jpg: invalid literal")],
)
def test_json_that_is_no_labels_is_an_error(labels: object, message: str, tmp_path: Path) -> None:
    write(tmp_path, ENTRIES)
    (tmp_path / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_street(tmp_path)


def test_labels_that_are_no_json_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("[", encoding="utf-8")
    with pytest.raises(DataError, match="not JSON"):
        read_street(tmp_path)


def test_the_set_itself_has_the_counts_that_its_readme_states() -> None:
    images = read_street(shared("data/street"))
    sides = [image.split for image in images]
    assert [sides.count(split) for split in ("train", "val", "test")] == [1029, 185, 330]
    test_faces = [face for image in images if image.split == "test" for face in image.faces]
    assert sum(face.state is State.MASK for face in test_faces) == 382
    assert sum(face.fault is Fault.UNDER_CHIN for face in test_faces) == 37
    # two faces of the test side are worn wrongly in a way that was not written down
    assert sum(face.state is State.INCORRECT and face.fault is None for face in test_faces) == 2
