"""Where the face of a portrait is, and which groups the faces of several sets fall into."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskwatch.testing import FixedDetector
from maskwatch.types import Box, Face, State
from maskwatch_train.data.labelled import LabelledPicture
from maskwatch_train.data.sets import LabelledSet
from maskwatch_train.evaluate.cases import cases_of, cases_of_pictures
from maskwatch_train.evaluate.scoring.resample import drawn_confusions
from tests.maskwatch_train.evaluate.pictures import label, labelled_image


def groups_of(folder: Path, name: str, *groups: str) -> list[str]:
    """Those of the faces of a set: of each group a picture with boxes, and one without."""
    face = label(0, 40, State.MASK)
    images = [labelled_image(folder, f"{i}", face, group=g) for i, g in enumerate(groups)]
    whole = [LabelledPicture(one.path, State.MASK, "test", one.group) for one in images]
    chosen = LabelledSet(name, "test", tuple(images), tuple(whole))
    return [case.group for case in cases_of(chosen, FixedDetector([]))]


def test_sets_that_number_their_groups_share_none(tmp_path: Path) -> None:
    street, bala = (groups_of(tmp_path, name, "1", "2") for name in ("street", "bala"))
    assert street == ["street/1", "street/2"] * 2
    assert not set(street) & set(bala)


def test_a_group_that_spans_sets_stays_one(tmp_path: Path) -> None:
    assert groups_of(tmp_path, "made", "bala/7") == ["bala/7", "bala/7"]


def test_the_draws_of_a_single_set_are_those_of_its_own_numbers(tmp_path: Path) -> None:
    numbers, each = ["2", "10", "1", "9"], np.arange(8)
    plain, named = (
        drawn_confusions(each, each, 8, np.array(groups), repeats=50)
        for groups in (numbers * 2, groups_of(tmp_path, "street", *numbers))
    )
    assert np.array_equal(plain, named)


def test_a_portrait_is_about_its_central_face_or_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    cv2.imwrite(str(path), np.zeros((100, 100, 3), dtype=np.uint8))
    picture = LabelledPicture(path, State.MASK, "test", "g")
    central = Face(Box(30, 30, 70, 70), 0.8)
    corner = Face(Box(0, 0, 40, 40), 0.9)
    (found,) = cases_of_pictures([picture], "made", FixedDetector([corner, central]))
    assert found.box == central.box
    assert found.size == 40
    assert found.face.state is State.MASK
    (none,) = cases_of_pictures([picture], "made", FixedDetector([]))
    assert none.box == Box(0, 0, 100, 100)
    assert none.size == 100
