from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.data.formats.table import read_table
from maskwatch_train.errors import DataError


def write(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_lines_of_a_file_are_its_faces(tmp_path: Path) -> None:
    text = (
        "file,label,x0,y0,x1,y1,split,group\n"
        "a.png,mask,1,2,3.5,4,train,g1\na.png,no_mask,5,6,7,8,train,g1\nb.png,mask,,,,,,\n"
    )
    assert list(read_table(write(tmp_path, text))) == [
        RawPicture(
            tmp_path / "a.png",
            (RawFace("mask", Box(1, 2, 3.5, 4)), RawFace("no_mask", Box(5, 6, 7, 8))),
            "train",
            "g1",
        ),
        RawPicture(tmp_path / "b.png", (RawFace("mask", None),)),
    ]


def test_a_table_may_be_named_itself(tmp_path: Path) -> None:
    write(tmp_path, "file,label\na.png,mask\n")
    assert list(read_table(tmp_path / "labels.csv")) == list(read_table(tmp_path))


def test_a_table_that_was_made_on_windows_is_read(tmp_path: Path) -> None:
    (found,) = read_table(write(tmp_path, "file,label\nimages\\a.png,mask\n"))
    assert found.path == tmp_path / "images" / "a.png"


@pytest.mark.parametrize("name", ["é1.png", "in\\é1.png"])
def test_a_name_may_be_in_the_other_normal_form_than_on_disk(tmp_path: Path, name: str) -> None:
    picture = tmp_path / unicodedata.normalize("NFD", name.replace("\\", "/"))
    picture.parent.mkdir(exist_ok=True)
    picture.touch()
    (found,) = read_table(
        write(tmp_path, f"file,label\n{unicodedata.normalize('NFC', name)},mask\n")
    )
    assert found.path == picture


def test_a_coordinate_that_is_no_number_is_a_problem_of_its_picture(tmp_path: Path) -> None:
    text = "file,label,x0,y0,x1,y1\na.png,mask,1,2,3,x\nb.png,mask,1,2,3,\n"
    found = list(read_table(write(tmp_path, text)))
    assert [(type(p), p.path.name) for p in found] == [(Problem, "a.png"), (Problem, "b.png")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("file,label\na.png\nb.png,mask\n", ("a.png", "a line of it has no label")),
        ("file,label\na.png,\nb.png,mask\n", ("a.png", "a line of it has no label")),
        ("label,file\nmask\nmask,b.png\n", ("labels.csv", "lines without a file: 1")),
    ],
)
def test_a_line_that_is_too_short_is_a_problem(
    tmp_path: Path, text: str, problem: tuple[str, str]
) -> None:
    bad, good = read_table(write(tmp_path, text))
    assert bad == Problem(tmp_path / problem[0], problem[1])
    assert good == RawPicture(tmp_path / "b.png", (RawFace("mask", None),))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,class\na.png,mask\n", "no column label"),
        ("", "no column file, label"),
        ("file,label\n", "no lines below its head"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_table(write(tmp_path, text)))


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes("file,label\nä.png,mask\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8 text"):
        list(read_table(tmp_path))


def test_a_table_with_semicolons_as_excel_writes_it_is_read(tmp_path: Path) -> None:
    found = list(read_table(write(tmp_path, 'file;label;x0;y0;x1;y1\n"a, b.png";mask;1;2;3.5;4\n')))
    assert found == [RawPicture(tmp_path / "a, b.png", (RawFace("mask", Box(1, 2, 3.5, 4)),))]


def test_splits_may_be_called_as_folders_are(tmp_path: Path) -> None:
    text = "file,label,split\na.png,mask,Train\nb.png,mask,validation\nc.png,mask,other\n"
    found = [p for p in read_table(write(tmp_path, text)) if isinstance(p, RawPicture)]
    assert [picture.split for picture in found] == ["train", "val", "other"]
