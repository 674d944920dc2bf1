from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maskwatch.errors import OutputError
from maskwatch.types import Box, Fault, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage, LabelledPicture
from maskwatch_train.data.manifest import (
    Manifest,
    ManifestRow,
    read_manifest,
    rows_of_images,
    rows_of_pictures,
    write_manifest,
)
from maskwatch_train.errors import DataError

ROW = ManifestRow(
    "street",
    "images/ä.jpg",
    hashlib.sha256(b"pixels").hexdigest(),
    Box(1.0, 2.0, 3.5, 4.0),
    State.INCORRECT,
    Fault.NOSE_OUT,
    "7",
    "train",
    "none stated",
)
WHOLE = replace(
    ROW, source_set="bala", sha256="0" * 64, box=None, label=State.MASK, fault=None, split="test"
)
BARE = replace(ROW, path="images/b.jpg", box=None, label=None, fault=None)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.jsonl"
    write_manifest(path, Manifest((ROW, WHOLE, BARE)))
    return path


def test_what_was_written_is_read_back(written: Path) -> None:
    assert read_manifest(written) == Manifest((ROW, WHOLE, BARE))


def test_the_first_line_holds_the_checksum_of_the_others(written: Path) -> None:
    head, _, body = written.read_bytes().partition(b"\n")
    assert json.loads(head) == {
        "format": 1,
        "rows": 3,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    assert read_manifest(written).sha256 == json.loads(head)["sha256"]


def test_any_change_of_a_label_changes_the_checksum() -> None:
    moved = replace(ROW, box=Box(1.0, 2.0, 3.5, 4.25))
    assert Manifest((ROW,)).sha256 != Manifest((moved,)).sha256


def test_rows_changed_by_hand_are_refused(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace("nose_out", "under_chin"), encoding="utf-8")
    with pytest.raises(DataError, match="its rows were changed"):
        read_manifest(written)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"box": Box(9, 1, 3, 4)}, "is empty"),
        ({"box": Box(1, math.nan, 3, 4)}, "is empty"),
        ({"box": (1, 2)}, "not a manifest"),
        ({"box": ("a", "b", "c", 1)}, "not a manifest"),
        ({"label": State.MASK, "fault": Fault.NOSE_OUT}, "'mask' with a fault"),
    ],
)
def test_a_label_that_makes_no_sense_is_refused(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    write_manifest(tmp_path / "m.jsonl", Manifest((replace(ROW, **change),)))
    with pytest.raises(DataError, match=told):
        read_manifest(tmp_path / "m.jsonl")


@pytest.mark.parametrize("text", ["", "{}\n", "[]\n", '{"format": 1, "sha256": ""}\n{"set": 1}\n'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="not a manifest"):
        read_manifest(path)


def test_a_later_format_is_refused(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(DataError, match="manifest format 2, this version reads 1"):
        read_manifest(written)


@pytest.mark.parametrize(
    ("source_set", "path"),
    [
        ("s", "../a.jpg"),
        ("s", "a/../../b.jpg"),
        ("s", "/a.jpg"),
        ("../s", "a.jpg"),
        ("..", "a.jpg"),
    ],
)
def test_a_picture_that_would_lie_outside_of_its_set_is_refused(
    tmp_path: Path, source_set: str, path: str
) -> None:
    row = replace(ROW, source_set=source_set, path=path)
    write_manifest(tmp_path / "m.jsonl", Manifest((row,)))
    with pytest.raises(DataError, match="lies outside of its set"):
        read_manifest(tmp_path / "m.jsonl")


def test_a_missing_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_manifest(tmp_path / "none")


def test_a_group_on_two_sides_is_not_written(tmp_path: Path) -> None:
    leak = replace(ROW, path="images/c.jpg", sha256="0" * 64, split="test")
    with pytest.raises(DataError, match="group street/7 lies in both train and test"):
        write_manifest(tmp_path / "manifest.jsonl", Manifest((ROW, leak)))
    assert not (tmp_path / "manifest.jsonl").exists()


def test_a_manifest_of_others_with_a_group_on_two_sides_is_refused(tmp_path: Path) -> None:
    rows = (ROW, replace(ROW, path="images/c.jpg", sha256="1" * 64, split="test"))
    body = "".join(f"{row.to_json()}\n" for row in rows).encode()
    head = {"format": 1, "rows": 2, "sha256": hashlib.sha256(body).hexdigest()}
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(json.dumps(head).encode() + b"\n" + body)
    with pytest.raises(DataError, match="group street/7 lies in both train and test"):
        read_manifest(path)


def test_a_picture_under_two_names_in_two_splits_is_not_written(tmp_path: Path) -> None:
    copy = replace(ROW, path="images/c.jpg", group="8", split="test")
    with pytest.raises(
        DataError, match=r"same picture lies in train as street/images/ä\.jpg and in test"
    ):
        write_manifest(tmp_path / "manifest.jsonl", Manifest((ROW, copy)))


def test_where_a_copy_has_no_split_is_said(tmp_path: Path) -> None:
    copy = replace(ROW, path="images/c.jpg", group="8", split="")
    with pytest.raises(DataError, match=r"and in no split as street/images/c\.jpg"):
        write_manifest(tmp_path / "manifest.jsonl", Manifest((ROW, copy)))


def test_a_group_with_a_slash_spans_sets(tmp_path: Path) -> None:
    there = replace(ROW, source_set="other", sha256="0" * 64, split="test", group="street/7")
    with pytest.raises(DataError, match="group street/7 lies in both train and test"):
        write_manifest(tmp_path / "manifest.jsonl", Manifest((ROW, there)))


def test_rows_without_a_split_are_written_and_read(tmp_path: Path) -> None:
    rows = (replace(ROW, split=""), replace(BARE, split=""))
    write_manifest(tmp_path / "m.jsonl", Manifest(rows))
    assert read_manifest(tmp_path / "m.jsonl").rows == rows


def test_where_the_sets_lie_is_kept_relative_to_the_manifest(tmp_path: Path) -> None:
    path = tmp_path / "lists" / "manifest.jsonl"
    write_manifest(path, Manifest((ROW,), {"street": tmp_path / "street"}, {"seed": 3}))
    head = json.loads(path.read_bytes().partition(b"\n")[0])
    assert (head["folders"], head["notes"]) == ({"street": "../street"}, {"seed": 3})
    moved = read_manifest(path)
    assert moved.path_of(ROW).resolve() == (tmp_path / "street/images/ä.jpg").resolve()
    assert moved.notes == {"seed": 3}


def test_through_a_linked_folder_the_sets_are_found_too(tmp_path: Path) -> None:
    (tmp_path / "deep" / "lists").mkdir(parents=True)
    (tmp_path / "lists").symlink_to(tmp_path / "deep" / "lists")
    (tmp_path / "deep" / "street").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "deep" / "street")
    for place in (tmp_path / "street", tmp_path / "near"):
        (place / "images").mkdir(parents=True)
        (place / ROW.path).touch()
        write_manifest(tmp_path / "lists" / "m.jsonl", Manifest((ROW,), {"street": place}))
        for folder in ("lists", "deep/lists"):
            found = read_manifest(tmp_path / folder / "m.jsonl").path_of(ROW)
            assert found.samefile(place / ROW.path)


@pytest.mark.parametrize("name", ["path", "source_set", "licence"])
def test_text_in_another_encoding_is_refused_by_name(tmp_path: Path, name: str) -> None:
    row = replace(ROW, **{name: os.fsdecode(b"caf\xe9")})
    with pytest.raises(DataError, match="is not UTF-8 text"):
        write_manifest(tmp_path / "m.jsonl", Manifest((row,)))
    assert not (tmp_path / "m.jsonl").exists()


def test_a_set_that_nobody_knows_the_place_of_is_an_error() -> None:
    with pytest.raises(DataError, match="nothing says where the set 'street' lies"):
        Manifest((ROW,)).path_of(ROW)


def test_where_a_file_is_there_can_be_no_folder(tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    with pytest.raises(OutputError, match="there is a file of that name"):
        write_manifest(tmp_path / "none" / "manifest.jsonl", Manifest((ROW,)))


def test_a_picture_with_faces_gives_a_row_for_each(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"pixels")
    faces = (
        LabelledFace(Box(1, 2, 3, 4), State.MASK, None),
        LabelledFace(Box(5, 6, 7, 8), State.INCORRECT, Fault.OTHER),
    )
    image = LabelledImage(tmp_path / "a.jpg", "val", "g", faces)
    first, second = rows_of_images([image], tmp_path, "street", "none")
    assert first == ManifestRow(
        "street",
        "a.jpg",
        hashlib.sha256(b"pixels").hexdigest(),
        Box(1, 2, 3, 4),
        State.MASK,
        None,
        "g",
        "val",
        "none",
    )
    assert (second.box, second.label, second.fault) == (
        Box(5, 6, 7, 8),
        State.INCORRECT,
        Fault.OTHER,
    )


def test_a_picture_without_faces_gives_one_row_without_a_label(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    image = LabelledImage(tmp_path / "a.jpg", "val", "g", ())
    (row,) = rows_of_images([image], tmp_path, "street", "none")
    assert (row.box, row.label, row.fault) == (None, None, None)


def test_a_picture_labelled_as_a_whole_has_no_box(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    picture = LabelledPicture(
        tmp_path / "a.jpg", State.INCORRECT, "train", "g", fault=Fault.NOSE_OUT
    )
    (row,) = rows_of_pictures([picture], tmp_path, "bala", "none")
    assert (row.path, row.box, row.split) == ("a.jpg", None, "train")
    assert (row.label, row.fault) == (State.INCORRECT, Fault.NOSE_OUT)


def test_a_picture_outside_of_its_set_is_refused(tmp_path: Path) -> None:
    picture = LabelledPicture(tmp_path / "a.jpg", State.NO_MASK, "train", "g")
    with pytest.raises(DataError, match="not inside the folder"):
        rows_of_pictures([picture], tmp_path / "bala", "bala", "none")
