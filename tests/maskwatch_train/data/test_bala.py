from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from maskwatch.types import Fault, State
from maskwatch_train.data import bala
from maskwatch_train.data.bala import corrected, read_bala, training_portraits
from maskwatch_train.data.corrections import read_corrections
from maskwatch_train.data.labelled import LabelledPicture
from maskwatch_train.errors import DataError
from tests.shared import shared

HEAD = "file,label,group,split_80_20,split_80_15_5\n"
ROWS = "images/a.jpg,with_mask,0,test,val\nimages/b.jpg,without_mask,1,train,train\n"


def write(folder: Path, text: str) -> Path:
    (folder / "images").mkdir(exist_ok=True)
    for name in ("a.jpg", "b.jpg"):
        (folder / "images" / name).touch()
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def test_it_reads_pictures_with_their_split(tmp_path: Path) -> None:
    folder = write(tmp_path, HEAD + ROWS)
    assert read_bala(folder) == (
        LabelledPicture(folder / "images/a.jpg", State.MASK, "val", "0"),
        LabelledPicture(folder / "images/b.jpg", State.NO_MASK, "train", "1"),
    )


def test_the_two_protocols_split_differently(tmp_path: Path) -> None:
    folder = write(tmp_path, HEAD + ROWS)
    assert [p.split for p in read_bala(folder, protocol="80_20")] == ["test", "train"]
    assert [p.path.name for p in read_bala(folder, "test", "80_20")] == ["a.jpg"]


@pytest.mark.parametrize(
    ("text", "protocol", "message"),
    [
        (HEAD + "images/a.jpg,masked,0,test,val\n", "80_20", "unknown label 'masked'"),
        (HEAD + "images/a.jpg,with_mask,0,tset,val\n", "80_20", "unknown split 'tset'"),
        (HEAD + "images/c.jpg,with_mask,0,test,val\n", "80_20", "c.jpg: no such picture"),
        (HEAD + ROWS, "90_10", "unknown protocol '90_10'"),
        ("file,label,group\nimages/a.jpg,with_mask,0\n", "80_20", "no column 'split_80_20'"),
        # near-duplicates on two sides
        (HEAD + ROWS.replace(",1,", ",0,"), "80_20", "group 0 lies in both test and train"),
    ],
)
def test_it_refuses_labels_that_make_no_sense(
    tmp_path: Path, text: str, protocol: str, message: str
) -> None:
    with pytest.raises(DataError) as refusal:
        read_bala(write(tmp_path, text), protocol=protocol)
    assert message in str(refusal.value)


def test_a_folder_without_labels_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"labels\.csv: No such file"):
        read_bala(tmp_path)


def correction(path: str, now: str) -> str:
    nothing = hashlib.sha256(b"").hexdigest()
    told = {"set": "bala", "path": path, "sha256": nothing, "box": None, "was": "mask"}
    return json.dumps({**told, "now": now, "by": "somebody", "why": "to see"}) + "\n"


@pytest.mark.parametrize("text", ["Müller.jpg".encode("cp1252"), b'"' + b"x" * 200_000])
def test_what_is_no_table_is_an_error(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(HEAD.encode() + text)
    with pytest.raises(DataError, match=r"labels\.csv: not a table in UTF-8"):
        read_bala(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    folder = write(tmp_path, "\ufeff" + HEAD + ROWS)
    assert len(read_bala(folder)) == 2


def test_corrections_change_labels_or_leave_pictures_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path, HEAD + ROWS)
    told = tmp_path / "told.jsonl"
    told.write_text(
        correction("images/a.jpg", "incorrect:nose_out") + correction("images/b.jpg", "drop"),
        encoding="utf-8",
    )
    monkeypatch.setattr(bala, "CORRECTIONS", told)
    (only,) = corrected(folder, read_bala(folder))
    assert (only.path.name, only.label, only.fault) == ("a.jpg", State.INCORRECT, Fault.NOSE_OUT)
    assert [p.label for p in read_bala(folder)] == [State.MASK, State.NO_MASK]

    # Another picture of the same name.
    (folder / "images/b.jpg").write_bytes(b"other")
    assert [p.path.name for p in corrected(folder, read_bala(folder))] == ["a.jpg", "b.jpg"]


def test_the_corrections_are_of_pictures_that_are_there() -> None:
    folder = shared("data/bala")
    masked = {p.path for p in read_bala(folder) if p.label is State.MASK}
    told = read_corrections(bala.CORRECTIONS)
    assert len({each.path for each in told}) == len(told)
    for each in told:
        assert folder / each.path in masked
        assert hashlib.sha256((folder / each.path).read_bytes()).hexdigest() == each.sha256


def test_what_is_trained_on_is_corrected_and_keeps_to_its_side() -> None:
    folder = shared("data/bala")
    kept, held = training_portraits(folder)
    assert {p.split for p in kept + held} == {"train"}
    assert not {p.group for p in kept} & {p.group for p in held}
    noses = [sum(p.fault is Fault.NOSE_OUT for p in side) for side in (kept, held)]
    assert noses == [78, 5]


def test_the_set_itself_has_the_counts_that_its_readme_states() -> None:
    folder = shared("data/bala")
    assert len(read_bala(folder)) == 3832
    assert len(read_bala(folder, "test")) == 576
    assert len(read_bala(folder, "val")) == 192
    inner = {p.path for p in read_bala(folder, "test")} | {p.path for p in read_bala(folder, "val")}
    assert inner <= {p.path for p in read_bala(folder, "test", "80_20")}
