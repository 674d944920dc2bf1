from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from maskwatch.errors import UsageError
from maskwatch.types import Box, Fault, State
from maskwatch_train.data.corrections import Correction, apply, correct, read_corrections, record
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.errors import DataError

ROW = ManifestRow("s", "ä.jpg", "sha", Box(1, 2, 3, 4), State.MASK, None, "g", "train", "CC0")
OTHER = replace(ROW, box=None, sha256="else", path="b.jpg")
FILE = Path("corrections.jsonl")


def test_what_is_recorded_is_read_back_and_only_added_to(tmp_path: Path) -> None:
    first = correct(ROW, "nose_out", "Ann", "tip is free")
    second = correct(OTHER, "drop", "Ben", "")
    assert first == Correction(
        "s", "ä.jpg", "sha", ROW.box, "mask", "incorrect:nose_out", "Ann", "tip is free"
    )
    path = tmp_path / "beside" / "corrections.jsonl"
    record(path, [first])
    before = path.read_bytes()
    record(path, [second])
    assert path.read_bytes().startswith(before)
    assert read_corrections(path) == (first, second)


def test_they_are_carried_out_one_after_the_other() -> None:
    whole = Manifest((ROW, OTHER))
    first = correct(ROW, "nose_out", "Ann", "")
    again = correct(replace(ROW, label=State.INCORRECT, fault=Fault.NOSE_OUT), "no_mask", "Ben", "")
    made = apply(whole, [first, again, correct(OTHER, "drop", "Ben", "")], FILE)
    assert made.rows == (replace(ROW, label=State.NO_MASK),)
    assert whole.rows == (ROW, OTHER)
    assert made.notes["corrections"]["count"] == 3


def test_copies_of_a_picture_are_corrected_together() -> None:
    copy = replace(ROW, path="copy.jpg")
    made = apply(Manifest((ROW, copy)), [correct(ROW, "no_mask", "Ann", "")], FILE)
    assert [row.label for row in made.rows] == [State.NO_MASK, State.NO_MASK]


def test_copies_with_another_label_stay_as_they_are() -> None:
    copy = replace(ROW, path="copy.jpg", label=State.NO_MASK)
    whole = Manifest((ROW, copy, OTHER))
    assert apply(whole, [correct(OTHER, "drop", "Ann", "")], FILE).rows == (ROW, copy)
    for row, left in ((ROW, copy), (copy, ROW)):
        corrected = replace(row, label=State.INCORRECT, fault=Fault.NOSE_OUT)
        made = apply(whole, [correct(row, "nose_out", "Ann", "")], FILE)
        assert set(made.rows) == {corrected, left, OTHER}
        made = apply(whole, [correct(row, "drop", "Ann", "")], FILE)
        assert made.rows == (left, OTHER)


def test_a_copy_that_fits_does_not_speak_for_the_picture_that_is_named() -> None:
    whole = Manifest((ROW, replace(ROW, path="copy.jpg", label=State.NO_MASK)))
    wrong = replace(correct(ROW, "nose_out", "Ann", ""), was="no_mask")
    with pytest.raises(DataError, match="says that it was no_mask, it is mask"):
        apply(whole, [wrong], FILE)
    with pytest.raises(DataError, match="says that it was no_mask, it is left out"):
        apply(whole, [correct(ROW, "drop", "Ann", ""), wrong], FILE)


def test_a_picture_that_was_renamed_is_known_by_its_checksum() -> None:
    renamed = replace(ROW, path="new.jpg")
    made = apply(Manifest((renamed,)), [correct(ROW, "no_mask", "Ann", "")], FILE)
    assert made.rows == (replace(renamed, label=State.NO_MASK),)


def test_one_that_does_not_fit_is_refused() -> None:
    fits = correct(ROW, "no_mask", "Ann", "")
    with pytest.raises(DataError, match="no such face in the manifest"):
        apply(Manifest((OTHER,)), [fits], FILE)
    with pytest.raises(DataError, match="says that it was mask, it is no_mask"):
        apply(Manifest((ROW,)), [fits, fits], FILE)
    dropped = correct(ROW, "drop", "Ann", "")
    with pytest.raises(DataError, match="says that it was mask, it is left out"):
        apply(Manifest((ROW,)), [dropped, fits], FILE)


@pytest.mark.parametrize("now", ["no_mask", "drop"])
def test_what_was_corrected_already_points_to_the_manifest_of_before(now: str) -> None:
    corrections = [correct(ROW, now, "Ann", "")]
    made = apply(Manifest((ROW, OTHER)), corrections, FILE)
    with pytest.raises(DataError, match="from data apply, give the one that it was made from"):
        apply(made, [*corrections, correct(OTHER, "unknown", "Ann", "")], FILE)


@pytest.mark.parametrize("text", ["a\u2028b", "a\u0085b", "a\nb", "a\x1cb"])
def test_whatever_ends_a_line_somewhere_may_stand_in_a_reason(tmp_path: Path, text: str) -> None:
    corrections = [correct(row, "no_mask", "Ann", text) for row in (ROW, OTHER)]
    record(tmp_path / "c.jsonl", corrections[:1])
    record(tmp_path / "c.jsonl", corrections[1:])
    assert read_corrections(tmp_path / "c.jsonl") == tuple(corrections)


@pytest.mark.parametrize(
    ("now", "by"),
    [("maks", "Ann"), ("mask", "Ann"), ("no_mask", " "), ("no_mask", os.fsdecode(b"J\xe9r"))],
)
def test_corrections_that_say_nothing_are_refused(now: str, by: str) -> None:
    with pytest.raises(UsageError):
        correct(ROW, now, by, "")


@pytest.mark.parametrize("line", ["{", "{}", "[]", '{"now": "maks"}'])
def test_a_file_of_something_else_is_refused_and_not_written_to(tmp_path: Path, line: str) -> None:
    path = tmp_path / "corrections.jsonl"
    record(path, [correct(ROW, "no_mask", "Ann", "")])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(DataError, match="line 2 is not a correction"):
        record(path, [correct(OTHER, "no_mask", "Ann", "")])
    assert path.read_bytes() == before


def test_after_a_line_without_its_end_a_correction_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "corrections.jsonl"
    first, second = correct(ROW, "no_mask", "Ann", ""), correct(OTHER, "drop", "Ben", "")
    path.write_text(first.to_json(), encoding="utf-8")  # as editors leave it
    record(path, [second])
    assert read_corrections(path) == (first, second)
