"""Correcting labels, as a user does it: one by one, or from the page of an audit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maskwatch.errors import UsageError
from maskwatch.types import Fault, State
from maskwatch_train.cli.data import app
from maskwatch_train.data.corrections import correct, record
from maskwatch_train.data.manifest import read_manifest, write_manifest
from maskwatch_train.errors import DataError

PICTURE = "mask/portrait_mask.jpg"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


def done(*words: str | Path) -> Result:
    result = run(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def content(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "corrections.jsonl"
    }


def test_a_correction_lies_beside_the_data_and_changes_nothing_else(
    people: Path, tmp_path: Path
) -> None:
    before = content(tmp_path)
    done("correct", people, PICTURE, "--to", "nose_out", "--by", "Ann", "--why", "tip is free")
    assert content(tmp_path) == before
    (line,) = (tmp_path / "people" / "corrections.jsonl").read_text().splitlines()
    assert json.loads(line)["now"] == "incorrect:nose_out"
    done("apply", people, "--out", tmp_path / "corrected.jsonl")
    faults = {row.path: row.fault for row in read_manifest(tmp_path / "corrected.jsonl").rows}
    assert faults[PICTURE] is Fault.NOSE_OUT
    assert content(tmp_path).items() >= before.items()


@pytest.mark.parametrize("first", ["nose_out", "drop"])
def test_a_correction_can_be_taken_back(people: Path, tmp_path: Path, first: str) -> None:
    done("correct", people, PICTURE, "--to", first, "--by", "Ann")
    again = run("correct", people, PICTURE, "--to", first, "--by", "Ann")
    assert isinstance(again.exception, UsageError)
    assert "already" in str(again.exception)
    done("correct", people, PICTURE, "--to", "mask", "--by", "Ben", "--why", "looked again")
    done("apply", people, "--out", tmp_path / "corrected.jsonl")
    assert read_manifest(tmp_path / "corrected.jsonl").rows == read_manifest(people).rows
    done("correct", people, PICTURE, "--to", "no_mask", "--by", "Ann")
    assert len((tmp_path / "people" / "corrections.jsonl").read_text().splitlines()) == 3


def test_corrections_saved_from_the_page_are_added(people: Path, tmp_path: Path) -> None:
    row = next(row for row in read_manifest(people).rows if row.path == PICTURE)
    saved = tmp_path / "downloaded.jsonl"
    values = {"set": "people", "path": PICTURE, "sha256": row.sha256, "box": None}
    values |= {"was": "mask", "now": "drop", "by": "Ann", "why": "seen in the audit"}
    saved.write_text(json.dumps(values) + "\n")
    assert "1 added, 1 in all" in done("correct", people, saved).stdout
    done("apply", people, "--out", tmp_path / "corrected.jsonl")
    assert len(read_manifest(tmp_path / "corrected.jsonl").rows) == 2
    result = run("correct", people, saved)
    assert isinstance(result.exception, DataError)
    assert "it is left out" in str(result.exception)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [("zoo", DataError, "no such face in the manifest"), ("zzz", UsageError, "nothing says where")],
)
def test_of_corrections_of_several_sets_all_are_recorded_or_none(
    people: Path, tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    whole = read_manifest(people)
    rows = {row.path: row for row in whole.rows}
    animal = replace(rows[PICTURE], source_set="zoo", path="a.jpg", sha256="0" * 64)
    (tmp_path / "zoo").mkdir()
    both = tmp_path / "both.jsonl"
    folders = {**whole.folders, "zoo": tmp_path / "zoo"}
    write_manifest(both, replace(whole, rows=(*whole.rows, animal), folders=folders))
    fits = correct(rows[PICTURE], "drop", "Ann", "")
    other = replace(correct(animal, "drop", "Ann", ""), source_set=name, sha256="1" * 64)
    record(tmp_path / "saved.jsonl", [fits, other])
    result = run("correct", both, tmp_path / "saved.jsonl")
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert not list(tmp_path.rglob("corrections.jsonl"))
    record(tmp_path / "right.jsonl", [fits, correct(animal, "drop", "Ann", "")])
    done("correct", both, tmp_path / "right.jsonl")
    assert len(list(tmp_path.rglob("corrections.jsonl"))) == 2


def test_what_was_recorded_of_another_manifest_of_the_folder_is_left_alone(
    people: Path, tmp_path: Path
) -> None:
    whole = read_manifest(people)
    (mine,) = [row for row in whole.rows if row.path == PICTURE]
    rest = tuple(row for row in whole.rows if row.sha256 != mine.sha256)
    for name, rows in (("mine", (mine,)), ("rest", rest)):
        write_manifest(tmp_path / f"{name}.jsonl", replace(whole, rows=rows))
    done("correct", tmp_path / "mine.jsonl", PICTURE, "--to", "drop", "--by", "Ann")
    other = rest[0].path
    done("correct", tmp_path / "rest.jsonl", other, "--to", "drop", "--by", "Ann")
    told = done("apply", tmp_path / "rest.jsonl", "--out", tmp_path / "corrected.jsonl").stdout
    assert "1 corrections, 1 of pictures elsewhere, 1 rows left out" in " ".join(told.split())
    assert other not in {row.path for row in read_manifest(tmp_path / "corrected.jsonl").rows}


def test_either_of_two_copies_with_unlike_labels_can_be_corrected(
    people: Path, tmp_path: Path
) -> None:
    whole = read_manifest(people)
    row = next(row for row in whole.rows if row.path == PICTURE)
    copy = replace(row, path="no_mask/copy.jpg", label=State.NO_MASK)
    both = tmp_path / "both.jsonl"
    write_manifest(both, replace(whole, rows=(*whole.rows, copy)))
    for path, expected in ((PICTURE, {State.NO_MASK}), (copy.path, {State.MASK})):
        file = tmp_path / f"{expected}.jsonl"
        to = next(iter(expected))
        done("correct", both, path, "--to", to, "--by", "Ann", "--file", file)
        done("apply", both, "--file", file, "--out", tmp_path / "corrected.jsonl")
        made = read_manifest(tmp_path / "corrected.jsonl").rows
        assert {each.label for each in made if each.sha256 == row.sha256} == expected


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ((PICTURE, "--to", "mask", "--by", "A"), UsageError, "is mask already"),
        ((PICTURE, "--to", "hat", "--by", "A"), UsageError, "'hat' is no label"),
        ((PICTURE, "--to", "no_mask"), UsageError, "--by NAME"),
        (("none.jpg", "--to", "no_mask", "--by", "A"), DataError, "no picture 'none.jpg'"),
        ((PICTURE, "--to", "no_mask", "--by", "A", "--face", "2"), UsageError, "has 1"),
        (("no-file.jsonl",), DataError, "No such file"),
    ],
)
def test_what_cannot_be_corrected_is_said(
    people: Path, tmp_path: Path, words: tuple[str, ...], error: type[Exception], message: str
) -> None:
    result = run("correct", people, *words)
    assert isinstance(result.exception, error)
    assert message in str(result.exception)
    assert not (tmp_path / "people" / "corrections.jsonl").exists()


def test_without_corrections_there_is_nothing_to_apply(people: Path, tmp_path: Path) -> None:
    result = run("apply", people, "--out", tmp_path / "c.jsonl")
    assert isinstance(result.exception, UsageError)
    assert not (tmp_path / "c.jsonl").exists()
