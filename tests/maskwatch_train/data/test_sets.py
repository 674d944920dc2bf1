from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.testing import FixedDetector
from maskwatch.types import Box, Fault, State
from maskwatch_train.data.manifest import Manifest, ManifestRow, write_manifest
from maskwatch_train.data.sets import checksums, read_every, read_set, read_sets
from maskwatch_train.errors import DataError
from maskwatch_train.evaluate.cases import cases_of


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Each of another size, so that no two files are the same picture.
    width = 60 + len(list(path.parent.iterdir()))
    cv2.imwrite(str(path), np.full((50, width, 3), 90, dtype=np.uint8))
    return path


def street_like(folder: Path) -> Path:
    entries = []
    for i, split in enumerate(["train", "val", "val", "test"]):
        picture(folder / "images" / f"{i}.png")
        face = {"box": [0, 0, 40, 40], "state": "mask", "fault": None, "slice": ""}
        entry = {"file": f"{i}.png", "width": 60, "height": 50, "split": split, "group": f"g{i}"}
        entries.append(entry | {"faces": [face | {"certainty": "sure"}]})
    (folder / "labels.json").write_text(json.dumps(entries))
    return folder


def bala_like(folder: Path) -> Path:
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "group", "split_80_20", "split_80_15_5"])
        for i in range(45):
            name = f"images/{i}.png"
            picture(folder / name)
            split = "test" if i < 5 else "train"
            # the set's own validation split lies inside the test side
            writer.writerow([name, "with_mask", f"{i:03}", split, "val" if i == 0 else split])
    return folder


def test_a_set_with_boxes_is_read_by_split(tmp_path: Path) -> None:
    folder = street_like(tmp_path)
    assert [image.path.name for image in read_set(folder, "val").images] == ["1.png", "2.png"]
    assert len(read_set(folder, "all").images) == 4
    cases = cases_of(read_set(folder, "val"), FixedDetector([]))
    assert [(case.group, case.box) for case in cases] == [
        (f"{folder.name}/g1", Box(0, 0, 40, 40)),
        (f"{folder.name}/g2", Box(0, 0, 40, 40)),
    ]


def test_validation_portraits_are_held_out_of_the_training_side(tmp_path: Path) -> None:
    folder = bala_like(tmp_path)
    val = {p.group for p in read_set(folder, "val").pictures}
    train = {p.group for p in read_set(folder, "train").pictures}
    test = {p.group for p in read_set(folder, "test").pictures}
    assert (len(val), len(train), len(test)) == (2, 38, 5)
    assert not val & test
    assert not val & train


def test_a_manifest_is_read_with_boxes_and_without(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        picture(tmp_path / "set" / f"{name}.png")

    def row(name: str, box: Box | None, split: str) -> ManifestRow:
        return ManifestRow(
            "mine", f"{name}.png", name, box, State.NO_MASK, None, name, split, "own"
        )

    rows = (
        row("a", Box(0, 0, 9, 9), "val"),
        row("a", Box(20, 0, 29, 9), "val"),
        row("b", None, "val"),
        row("c", None, "test"),
    )
    path = tmp_path / "mine.jsonl"
    write_manifest(path, Manifest(rows, {"mine": tmp_path / "set"}))
    found = read_set(path, "val")
    assert found.name == "mine"
    (image,) = found.images
    assert image.path == tmp_path / "set" / "a.png"
    assert [face.box for face in image.faces] == [Box(0, 0, 9, 9), Box(20, 0, 29, 9)]
    assert [p.path.name for p in found.pictures] == ["b.png"]
    cases = cases_of(found, FixedDetector([]))
    assert [case.face.state for case in cases] == [State.NO_MASK] * 3


def test_a_picture_is_one_wherever_its_rows_stand(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / "set" / f"{name}.png")
    rows = tuple(
        ManifestRow("mine", f"{name}.png", name, box, State.MASK, None, name, "val", "own")
        for box in (Box(0, 0, 9, 9), Box(20, 0, 29, 9))
        for name in ("b", "a")
    )
    path = tmp_path / "mine.jsonl"
    write_manifest(path, Manifest(rows, {"mine": tmp_path / "set"}))
    found = read_set(path, "val").images
    assert [(image.path.name, len(image.faces)) for image in found] == [("b.png", 2), ("a.png", 2)]


def empty_picture(folder: Path, split: str) -> Path:
    """The manifest of one picture without a face."""
    name = picture(folder / "empty" / "a.png").name
    row = ManifestRow("empty", name, "a", None, None, None, "a", split, "own")
    write_manifest(folder / "empty.jsonl", Manifest((row,), {"empty": folder / "empty"}))
    return folder / "empty.jsonl"


def test_a_picture_without_a_face_is_one_of_the_set(tmp_path: Path) -> None:
    found = read_set(empty_picture(tmp_path, "val"), "val")
    assert [(image.path.name, image.faces) for image in found.images] == [("a.png", ())]
    assert not found.pictures


def test_pictures_without_a_face_count_beside_others_but_not_alone(tmp_path: Path) -> None:
    empty = empty_picture(tmp_path, "val")
    (tmp_path / "street").mkdir()
    street = street_like(tmp_path / "street")
    for read in (read_every, read_sets):
        assert [one.name for one in read([empty, street], "val")] == ["empty", "street"]
        with pytest.raises(DataError, match=r"empty\.jsonl: has no labelled pictures"):
            read([empty], "val")
    with pytest.raises(DataError, match=r"empty\.jsonl: has no labelled pictures"):
        read_every([empty, street], "train")


def test_a_sample_is_the_same_every_time_and_no_larger_than_the_set(tmp_path: Path) -> None:
    whole = read_set(bala_like(tmp_path), "train")
    assert whole.some(5).pictures == whole.some(5).pictures
    assert len(whole.some(5).pictures) == 5
    assert whole.some(500) == whole
    empty = read_set(empty_picture(tmp_path, "train"), "train")
    assert not empty.some(500).images


@pytest.mark.parametrize(
    ("split", "told"), [("tset", "unknown split 'tset'"), ("val", "expected a manifest, or a")]
)
def test_what_is_no_set_is_refused(tmp_path: Path, split: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_set(tmp_path, split)


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("[]")
    with pytest.raises(DataError, match="no labelled pictures in the split 'val'"):
        read_set(tmp_path, "val")


def test_a_picture_of_two_sets_would_count_twice(tmp_path: Path) -> None:
    for name, like in (("street", street_like), ("bala", bala_like)):
        (tmp_path / name).mkdir()
        like(tmp_path / name)
    street, bala, again = tmp_path / "street", tmp_path / "bala", tmp_path / "street.jsonl"
    face = street / "images" / "1.png"
    row = ManifestRow("mine", face.name, "a", None, State.NO_MASK, None, "1", "val", "own")
    write_manifest(again, Manifest((row,), {"mine": face.parent}))
    assert [one.name for one in read_every([street], "val")] == ["street"]
    with pytest.raises(
        DataError, match=r"count twice: 1, such as .*1\.png, there .*1\.png"
    ) as told:
        read_every([street, again], "val")
    assert told.value.path == again
    with pytest.raises(DataError, match="count twice: 2, such as"):
        read_every([street, street], "val")
    # Copies within a set are its own affair.
    shutil.copyfile(bala / "images" / "5.png", bala / "images" / "6.png")
    assert len(read_every([bala], "train")) == 1


def test_a_folder_with_both_sets_stands_for_them(tmp_path: Path) -> None:
    for name, like in (("street", street_like), ("bala", bala_like)):
        (tmp_path / name).mkdir()
        like(tmp_path / name)
    assert [one.name for one in read_sets([tmp_path], "train")] == ["street", "bala"]
    again = read_sets([tmp_path / "bala", tmp_path / "street"], "train")
    assert [one.name for one in again] == ["bala", "street"]


def test_manifests_that_put_a_group_or_a_picture_on_two_sides_are_not_read_together(
    tmp_path: Path,
) -> None:
    face = picture(tmp_path / "mine" / "a.png")
    row = ManifestRow("mine", face.name, "a", None, State.MASK, None, "g", "train", "own")
    drawn = replace(row, source_set="drawn", sha256="b", group="mine/g")
    copy = replace(row, source_set="copy", group="c")

    def manifest(name: str, row: ManifestRow) -> Path:
        folders = {row.source_set: face.parent}
        write_manifest(tmp_path / f"{name}.jsonl", Manifest((row,), folders))
        return tmp_path / f"{name}.jsonl"

    mine = manifest("mine", row)
    for name, other in (("drawn", drawn), ("copy", copy)):
        together = [mine, manifest(name, other)]
        assert len(read_sets(together, "train")) == 2
        together = [mine, manifest(name, replace(other, split=""))]
        assert len(read_sets(together, "train")) == 1
        together = [mine, manifest(name, replace(other, split="test"))]
        with pytest.raises(DataError, match=r"train.* and .*test") as refused:
            read_sets(together, "train")
        assert str(refused.value).startswith(f"{together[0]} and {together[1]}: ")


def test_one_of_several_sets_may_lack_a_split_but_not_all(tmp_path: Path) -> None:
    (tmp_path / "street").mkdir()
    street_like(tmp_path / "street")
    face = picture(tmp_path / "mine" / "a.png")
    row = ManifestRow(
        "mine", face.name, "a", None, State.INCORRECT, Fault.NOSE_OUT, "a", "train", "own"
    )
    own = tmp_path / "mine.jsonl"
    write_manifest(own, Manifest((row,), {"mine": face.parent}))
    assert [one.name for one in read_sets([own, tmp_path / "street"], "val")] == ["street"]
    with pytest.raises(DataError, match="no labelled pictures in the split 'val'"):
        read_sets([own], "val")
    ((portrait,),) = (one.pictures for one in read_sets([own], "train"))
    assert (portrait.label, portrait.fault) == (State.INCORRECT, Fault.NOSE_OUT)


def test_a_picture_that_is_learned_and_validated_on_is_named(tmp_path: Path) -> None:
    street = street_like(tmp_path)
    face = street / "images" / "1.png"  # of the validation side
    row = ManifestRow("mine", face.name, "a", None, State.NO_MASK, None, "1", "train", "own")
    own = tmp_path / "mine.jsonl"
    write_manifest(own, Manifest((row,), {"mine": face.parent}))

    def sums(places: list[Path]) -> dict[str, str]:
        return checksums({split: read_sets(places, split) for split in ("val", "train")})

    assert len(sums([street])) == 2
    with pytest.raises(DataError, match=r"same picture lies in val as .*1\.png and in train as"):
        sums([street, own])
