"""The verbs that lead from a folder of pictures to an honest split, as a user calls them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from tests.maskwatch_train.data.painted import pattern, save, save_pattern
from typer.testing import CliRunner, Result

from maskwatch.errors import UsageError
from maskwatch_train.cli.data import app
from maskwatch_train.data.manifest import read_manifest
from maskwatch_train.errors import DataError


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def done(*words: str | Path) -> Result:
    result = run(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twenty pictures of two classes; the first of each class is there again, mirrored."""
    for i in range(20):
        save_pattern(tmp_path / "photos" / ("mask", "no_mask")[i % 2] / f"{i}.png", i)
    for i, name in enumerate(("mask", "no_mask")):
        save(tmp_path / "photos" / name / "mirrored.png", pattern(i)[:, ::-1])
    return tmp_path / "photos"


@pytest.fixture
def imported(photos: Path) -> Path:
    out = photos.parent / "photos.jsonl"
    done("import", "folders", photos, "--licence", "own", "--out", out)
    return out


def test_folders_become_a_manifest_that_knows_where_they_lie(imported: Path, photos: Path) -> None:
    manifest = read_manifest(imported)
    assert len(manifest.rows) == 22
    assert {row.source_set for row in manifest.rows} == {"photos"}
    assert {row.licence for row in manifest.rows} == {"own"}
    assert manifest.path_of(manifest.rows[0]).resolve() == photos / manifest.rows[0].path


def test_from_folders_to_a_split_without_leakage(imported: Path, tmp_path: Path) -> None:
    grouped, parted = tmp_path / "grouped.jsonl", tmp_path / "parted.jsonl"
    assert "2 near-duplicate pairs (2 mirrored); 22 groups became 20" in (
        done("group", imported, "--out", grouped).stdout
    )
    done("split", grouped, "--out", parted, "--seed", "3")
    done("check", parted, "--near")
    sides = {}
    for row in read_manifest(parted).rows:
        sides.setdefault(row.group, set()).add(row.split)
    assert len(sides) == 20
    assert all(len(each) == 1 for each in sides.values())


def test_a_split_that_tears_copies_apart_is_found_and_refused(
    imported: Path, tmp_path: Path
) -> None:
    for seed in range(20):  # one that separates a pair
        torn = tmp_path / f"torn{seed}.jsonl"
        done(
            "split",
            imported,
            "--out",
            torn,
            "--ungrouped",
            "--shares",
            "50/50",
            "--seed",
            str(seed),
        )
        rows = {row.path: row.split for row in read_manifest(torn).rows}
        if rows["mask/0.png"] != rows["mask/mirrored.png"]:
            break
    assert "near-duplicates were never searched for" in done("check", torn).stdout
    for verb in (("check", torn, "--near"), ("group", torn, "--out", tmp_path / "g.jsonl")):
        result = run(*verb)
        assert isinstance(result.exception, DataError)
        assert "mask/0.png and photos/mask/mirrored.png" in str(result.exception)
    assert not (tmp_path / "g.jsonl").exists()
    done("group", torn, "--out", tmp_path / "g.jsonl", "--drop-split")


def test_what_counts_as_a_copy_can_be_told(imported: Path, tmp_path: Path) -> None:
    grouped = tmp_path / "grouped.jsonl"
    anything = ("--distance", "32", "--colour", "-1")
    assert "groups became 20" in done("group", imported, "--out", grouped, *anything[:2]).stdout
    assert "groups became 1" in done("group", imported, "--out", grouped, *anything).stdout
    done("group", imported, "--out", grouped)
    parted = tmp_path / "parted.jsonl"
    done("split", grouped, "--out", parted)
    done("check", parted, "--near", *anything[:2])
    assert isinstance(run("check", parted, "--near", *anything).exception, DataError)


def test_a_changed_picture_is_found(imported: Path, photos: Path) -> None:
    for name, rest in (("0.png", ""), ("2.png", ", nor are 1 others")):
        save_pattern(photos / "mask" / name, 99)
        result = run("check", imported)
        assert isinstance(result.exception, DataError)
        told = str(result.exception)
        assert told.endswith(f"mask/0.png: not the picture that the manifest names{rest}")


def test_copies_with_different_labels_are_named(photos: Path, tmp_path: Path) -> None:
    shutil.copy(photos / "mask" / "0.png", photos / "no_mask" / "copy.png")
    shutil.copy(photos / "mask" / "2.png", photos / "mask" / "copy.png")
    out = tmp_path / "m.jsonl"
    done("import", "folders", photos, "--licence", "own", "--out", out)
    told = [line for line in done("check", out).stdout.splitlines() if "copies" in line.split()]
    assert told == [
        "copies with different labels: "
        "photos/mask/0.png is mask, photos/no_mask/copy.png is no_mask"
    ]


def test_a_set_that_was_moved_is_found_again(imported: Path, photos: Path, tmp_path: Path) -> None:
    photos.rename(tmp_path / "elsewhere")
    assert isinstance(run("check", imported).exception, DataError)
    done("check", imported, "--folder", f"photos={tmp_path / 'elsewhere'}")
    result = run("check", imported, "--folder", "other=x")
    assert isinstance(result.exception, UsageError)


def test_damaged_pictures_refuse_the_import_unless_left_out(photos: Path, tmp_path: Path) -> None:
    (photos / "mask" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    out = tmp_path / "m.jsonl"
    verb = ("import", "folders", photos, "--licence", "own", "--out", out)
    result = run(*verb)
    assert isinstance(result.exception, DataError)
    assert "bad.jpg" in str(result.exception)
    assert not out.exists()
    assert "left out: " in done(*verb, "--skip-bad").stdout
    assert len(read_manifest(out).rows) == 22


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are UTF-8 there")
def test_a_name_in_another_encoding_refuses_the_import_unless_left_out(
    photos: Path, tmp_path: Path
) -> None:
    (photos / "mask" / "0.png").rename(photos / "mask" / os.fsdecode(b"caf\xe9.png"))
    out = tmp_path / "m.jsonl"
    verb = ("import", "folders", photos, "--licence", "own", "--out", out)
    result = run(*verb)
    assert isinstance(result.exception, DataError)
    assert "its name is not UTF-8 text" in str(result.exception)
    assert "caf\\udce9.png: its name is not UTF-8 text" in done(*verb, "--skip-bad").stdout
    assert len(read_manifest(out).rows) == 21


@pytest.mark.parametrize("name", ["a/b", "..", "."])
def test_a_set_is_not_called_like_a_path(photos: Path, tmp_path: Path, name: str) -> None:
    verb = ("import", "folders", photos, "--licence", "own", "--out", tmp_path / "m.jsonl")
    result = run(*verb, "--name", name)
    assert isinstance(result.exception, UsageError)
    assert "one word without a slash" in str(result.exception)


def test_unknown_labels_refuse_the_import_until_explained(photos: Path, tmp_path: Path) -> None:
    (photos / "mask").rename(photos / "covered")
    out = tmp_path / "m.jsonl"
    verb = ("import", "folders", photos, "--licence", "own", "--out", out)
    result = run(*verb)
    assert isinstance(result.exception, DataError)
    assert "unknown labels 'covered' (11)" in str(result.exception)
    done(*verb, "--label", "covered=mask")
    assert {row.label for row in read_manifest(out).rows} == {"mask", "no_mask"}


def test_an_overlapping_split_of_the_set_is_refused(tmp_path: Path) -> None:
    for split in ("train", "test"):
        save_pattern(tmp_path / "set" / split / "mask" / f"{split}.png", 1)
    out = tmp_path / "m.jsonl"
    result = run("import", "folders", tmp_path / "set", "--licence", "own", "--out", out)
    assert isinstance(result.exception, DataError)
    told = str(result.exception)
    pictures = ("set/test/mask/test.png", "set/train/mask/train.png")
    assert "lies in test as {} and in train as {}".format(*pictures) in told
    assert "--drop-split" in told
    assert not out.exists()
    done("import", "folders", tmp_path / "set", "--licence", "own", "--out", out, "--drop-split")
    assert [row.split for row in read_manifest(out).rows] == ["", ""]


def test_coco_with_a_box_outside_is_refused_by_name(tmp_path: Path) -> None:
    save_pattern(tmp_path / "set" / "a.png", 1)
    labels = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [50, 0, 50, 10]}],
        "categories": [{"id": 1, "name": "mask"}],
    }
    (tmp_path / "set" / "labels.json").write_text(json.dumps(labels))
    result = run("import", "coco", tmp_path / "set", "--licence", "x", "--out", tmp_path / "m")
    assert "a.png: box (50, 0, 100, 10) of 'mask' is not inside 64x64 pixels" in str(
        result.exception
    )


def test_a_set_with_labels_beside_its_pictures_is_the_folder_around_both(tmp_path: Path) -> None:
    picture = save_pattern(tmp_path / "coco" / "train2017" / "a.png", 1)
    labels = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 10]}],
        "categories": [{"id": 1, "name": "mask"}],
    }
    file = tmp_path / "coco" / "annotations" / "instances_train2017.json"
    file.parent.mkdir()
    file.write_text(json.dumps(labels))
    for source in (file, file.parent, tmp_path / "coco"):
        done("import", "coco", source, "--licence", "x", "--out", tmp_path / "m.jsonl")
        manifest = read_manifest(tmp_path / "m.jsonl")
        (row,) = manifest.rows
        assert (row.source_set, row.path, row.split) == ("coco", "train2017/a.png", "train")
        assert manifest.path_of(row).samefile(picture)


def test_a_result_never_overwrites_what_it_is_made_from(imported: Path) -> None:
    before = imported.read_bytes()
    for verb in (("group",), ("split", "--ungrouped")):
        result = run(*verb, imported, "--out", imported)
        assert isinstance(result.exception, UsageError)
    assert imported.read_bytes() == before
