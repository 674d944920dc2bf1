from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture
from maskwatch_train.data.formats.voc import read_voc
from maskwatch_train.errors import DataError

OBJECT = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>"
    "<ymax>{}</ymax></bndbox></object>"
)


def annotate(root: Path, name: str, *objects: tuple[object, ...], picture: str = "") -> Path:
    path = root / "annotations" / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    inner = "".join(OBJECT.format(*each) for each in objects)
    path.write_text(
        f"<annotation><filename>{picture or name + '.png'}</filename>{inner}</annotation>",
        encoding="utf-8",
    )
    (root / "images").mkdir(exist_ok=True)
    return path


def test_corners_are_counted_from_one_and_inclusive(tmp_path: Path) -> None:
    annotate(tmp_path, "a", ("with_mask", 1, 1, 10, 20), ("without_mask", 5, 6, 7, 8))
    picture = tmp_path / "images" / "a.png"
    picture.touch()
    assert list(read_voc(tmp_path)) == [
        RawPicture(
            picture,
            (RawFace("with_mask", Box(0, 0, 10, 20)), RawFace("without_mask", Box(4, 5, 7, 8))),
        )
    ]


def test_a_picture_is_found_by_the_name_of_its_annotation_too(tmp_path: Path) -> None:
    annotate(tmp_path, "a", ("mask", 1, 1, 2, 2), picture="C:\\old\\other.jpg")
    (tmp_path / "images" / "a.jpg").touch()
    (found,) = read_voc(tmp_path)
    assert found.path == tmp_path / "images" / "a.jpg"


@pytest.mark.parametrize("tag", ["b.jpg", "b.png", "b", "C:\\faces\\b.jpg", "faces/b.jpg"])
def test_an_annotation_that_two_pictures_may_claim_is_a_problem(tmp_path: Path, tag: str) -> None:
    made = annotate(tmp_path, "a", ("mask", 1, 1, 2, 2), picture=tag)
    annotate(tmp_path, "b", ("mask", 3, 3, 4, 4), picture="b.jpg")
    for name in "ab":
        (tmp_path / "images" / f"{name}.jpg").touch()
    bad, good = read_voc(tmp_path)
    assert bad == Problem(
        made, "its filename tag says 'b.jpg', its own name 'a.jpg', and both are in the set"
    )
    assert isinstance(good, RawPicture)
    assert good.faces == (RawFace("mask", Box(2, 2, 4, 4)),)
    (tmp_path / "images" / "a.jpg").unlink()
    assert [each.path.name for each in read_voc(tmp_path)] == ["b.jpg", "b.jpg"]


def set_with_lists(folder: Path, names: Iterable[str]) -> Path:
    """A set of pictures of these names; returns the folder for its lists."""
    for name in names:
        annotate(folder, name)
        (folder / "images" / f"{name}.png").touch()
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    return lists


def test_lists_give_the_split(tmp_path: Path) -> None:
    lists = set_with_lists(tmp_path, "abc")
    (lists / "train.txt").write_text("a\n\n")
    (lists / "trainval.txt").write_text("a\nb\n")
    (lists / "val.txt").write_text("b 1\n")
    assert [p.split for p in read_voc(tmp_path) if isinstance(p, RawPicture)] == [
        "train",
        "val",
        "",
    ]
    (lists / "val.txt").write_text("a\n")
    told = [(p.path.stem, p.split) for p in read_voc(tmp_path) if isinstance(p, RawPicture)]
    assert told == [("a", "train"), ("a", "val"), ("b", ""), ("c", "")]


def test_names_may_be_in_the_other_normal_form_than_on_disk(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "é1") for form in ("NFC", "NFD"))
    annotate(tmp_path, apart, picture=f"{composed}.png")
    picture = tmp_path / "images" / f"{apart}.png"
    picture.touch()
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text(f"{composed} 1\n", encoding="utf-8")
    assert list(read_voc(tmp_path)) == [RawPicture(picture, (), "val")]


def test_a_name_in_a_list_without_an_annotation_is_a_problem(tmp_path: Path) -> None:
    lists = set_with_lists(tmp_path, "ab")
    (lists / "train.txt").write_text("a.png\nb\n")
    (problem,) = (each for each in read_voc(tmp_path) if isinstance(each, Problem))
    assert problem == Problem(lists, "lists 'a.png', which has no XML file")


def test_without_lists_the_folders_give_the_split(tmp_path: Path) -> None:
    for folder in ("train", "valid"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.xml").write_text("<annotation/>")
        (tmp_path / folder / f"{folder}.png").touch()
    assert [p.split for p in read_voc(tmp_path) if isinstance(p, RawPicture)] == ["train", "val"]


def test_an_annotation_that_is_no_text_is_a_problem_of_its_own(tmp_path: Path) -> None:
    for name in "ab":
        annotate(tmp_path, name)
        (tmp_path / "images" / f"{name}.png").touch()
    broken = tmp_path / "annotations" / "a.xml"
    for content, reason in (
        (b"<annotation>\xfc</annotation>", "not UTF-8 text"),
        (b'<?xml version="1.0" encoding="ascii"?><annotation>\xfc</annotation>', "not ascii text"),
        (
            b'<?xml version="1.0" encoding="base64"?><annotation>\xfc</annotation>',
            "not base64 text",
        ),
        (b"\xff\xfe<", "not UTF-16 text"),
    ):
        broken.write_bytes(content)
        bad, good = read_voc(tmp_path)
        assert bad == Problem(broken, reason)
        assert isinstance(good, RawPicture)


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-8"),  # as programs in C# write it
        ("ISO-8859-1", "utf-8"),
        ("UTF-8", "utf-8-sig"),
    ],
)
def test_an_annotation_may_be_in_the_encoding_that_it_declares(
    tmp_path: Path, declared: str, actual: str
) -> None:
    made = annotate(tmp_path, "1", ("müde", 1, 1, 2, 2), picture="Tür.png")
    head = f'<?xml version="1.0" encoding="{declared}"?>\n'
    made.write_text(head + made.read_text(encoding="utf-8"), encoding=actual)
    (tmp_path / "images" / "Tür.png").touch()
    (found,) = read_voc(tmp_path)
    assert isinstance(found, RawPicture)
    assert found.faces == (RawFace("müde", Box(0, 0, 2, 2)),)


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        ("ISO-8859-1", "latin-1"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-be"),
        ("utf-7", "utf-7"),
        ("cp037", "cp037"),
        ("utf-8", "utf-16-le"),
    ],
)
def test_no_encoding_is_a_way_around_the_refusal_of_a_document_type(
    tmp_path: Path, declared: str, actual: str
) -> None:
    made = annotate(tmp_path, "a")
    (tmp_path / "images" / "a.png").touch()
    made.write_text(
        f'<?xml version="1.0" encoding="{declared}"?><!DOCTYPE annotation [<!ENTITY e "ü">]>'
        "<annotation>&e;</annotation>",
        encoding=actual,
    )
    (found,) = read_voc(tmp_path)
    assert isinstance(found, Problem)


def test_text_that_is_no_text_in_its_encoding_is_a_problem(tmp_path: Path) -> None:
    made = annotate(tmp_path, "a")
    made.write_bytes(
        b'<?xml version="1.0" encoding="unicode_escape"?><annotation>\\ud800\xfc</annotation>'
    )
    assert list(read_voc(tmp_path)) == [Problem(made, "not a VOC annotation")]


def test_names_in_lists_may_hold_spaces_and_end_in_numbers(tmp_path: Path) -> None:
    names = ["image 1", "image 12", "my face", "other face", "third face"]
    lists = set_with_lists(tmp_path, names)
    (lists / "train.txt").write_text("image 1\nmy face  1\n")
    (lists / "val.txt").write_text("image 12\nother face -1\nthird face 0\n")
    found = {p.path.stem: p.split for p in read_voc(tmp_path) if isinstance(p, RawPicture)}
    assert found == dict(zip(names, ("train", "val", "train", "val", "val"), strict=True))


@pytest.mark.parametrize(
    ("stated", "size"),
    [
        ("<size><width>640</width><height>480</height><depth>3</depth></size>", (640, 480)),
        ("<size><width>0</width><height>0</height></size>", None),
        ("<size/>", None),
    ],
)
def test_the_size_that_was_labelled_is_told(
    tmp_path: Path, stated: str, size: tuple[int, int] | None
) -> None:
    annotate(tmp_path, "a").write_text(f"<annotation>{stated}</annotation>")
    (tmp_path / "images" / "a.png").touch()
    (found,) = read_voc(tmp_path)
    assert isinstance(found, RawPicture)
    assert found.size == size


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<annotation><filename>a.png</filename>", "not a VOC annotation"),
        ("<other/>", "not a VOC annotation"),
        ('<!DOCTYPE x [<!ENTITY e "e">]><annotation/>', "not a VOC annotation"),
        (f"<annotation>{OBJECT.format('mask', 1, 1, 'x', 2)}</annotation>", "not four numbers"),
        ("<annotation><size><width>w</width></size></annotation>", "could not convert"),
        ("<annotation><object><name>mask</name></object></annotation>", "without a name or a box"),
    ],
)
def test_a_broken_annotation_is_a_problem(tmp_path: Path, content: str, reason: str) -> None:
    path = annotate(tmp_path, "a")
    (tmp_path / "images" / "a.png").touch()
    path.write_text(content)
    (found,) = read_voc(tmp_path)
    assert isinstance(found, Problem)
    assert reason in found.reason


def test_an_annotation_without_its_picture_is_a_problem(tmp_path: Path) -> None:
    annotate(tmp_path, "a")
    (found,) = read_voc(tmp_path)
    assert isinstance(found, Problem)
    assert found.reason == "its picture 'a.png' is nowhere in the set"


def test_a_name_that_two_pictures_have_is_a_problem(tmp_path: Path) -> None:
    annotate(tmp_path, "a")
    for name in ("one/a.png", "two/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (found,) = read_voc(tmp_path)
    assert isinstance(found, Problem)
    assert found.reason == "2 pictures are called 'a.png'"


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no XML files"):
        list(read_voc(tmp_path))


def test_pictures_of_one_name_in_folders_are_told_apart_as_cvat_writes_them(tmp_path: Path) -> None:
    for folder, word in (("one", "mask"), ("two", "no_mask")):
        made = annotate(tmp_path, "a", (word, 1, 1, 2, 2), picture=f"{folder}/a.png")
        target = tmp_path / "Annotations" / folder / "a.xml"
        target.parent.mkdir(parents=True)
        made.rename(target)
        picture = tmp_path / "JPEGImages" / folder / "a.png"
        picture.parent.mkdir(parents=True)
        picture.touch()
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("one/a\n")
    (lists / "test.txt").write_text("two/a 1\n")
    found = [p for p in read_voc(tmp_path) if isinstance(p, RawPicture)]
    assert [(p.path.parent.name, p.faces[0].word, p.split) for p in found] == [
        ("one", "mask", "train"),
        ("two", "no_mask", "test"),
    ]


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [
        ("{}/images", "{}/annotations"),
        ("images/{}", "annotations/{}"),
        ("{}/JPEGImages", "{}/Annotations/xmls"),
        ("{}/images/day 1", "{}/labels/day 1"),
    ],
)
def test_pictures_of_one_name_in_each_split_are_told_apart(
    tmp_path: Path, pictures: str, labels: str
) -> None:
    for split, word in (("train", "mask"), ("test", "no_mask")):
        made = annotate(tmp_path, "0001", (word, 1, 1, 2, 2))
        target = tmp_path / labels.format(split) / "0001.xml"
        target.parent.mkdir(parents=True)
        made.rename(target)
        picture = tmp_path / pictures.format(split) / "0001.png"
        picture.parent.mkdir(parents=True)
        picture.touch()
    found = [p for p in read_voc(tmp_path) if isinstance(p, RawPicture)]
    assert sorted((p.split, p.path.relative_to(tmp_path), p.faces[0].word) for p in found) == [
        ("test", Path(pictures.format("test")) / "0001.png", "no_mask"),
        ("train", Path(pictures.format("train")) / "0001.png", "mask"),
    ]


def test_names_with_spaces_are_in_quotes_in_lists_of_cvat(tmp_path: Path) -> None:
    lists = set_with_lists(tmp_path, ["at the door"])
    (lists / "val.txt").write_text('"at the door"\n')
    assert [p.split for p in read_voc(tmp_path) if isinstance(p, RawPicture)] == ["val"]
    assert not any(isinstance(p, Problem) for p in read_voc(tmp_path))
