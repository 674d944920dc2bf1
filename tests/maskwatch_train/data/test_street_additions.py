"""What was seen later on street's training pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwatch.geometry import box_array, iou_matrix, overlap_of_smaller
from maskwatch.types import Box, Fault, State
from maskwatch_train.data import street_additions
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.data.sets import read_set, read_sets
from maskwatch_train.data.street import read_street
from maskwatch_train.data.street_additions import NOTHING, with_additions
from maskwatch_train.pictures import picture_checksum
from tests.shared import shared

LABELLED = LabelledFace(Box(50, 50, 90, 90), State.MASK, None)


def picture(folder: Path, grey: int = 90) -> LabelledImage:
    path = folder / "a.png"
    cv2.imwrite(str(path), np.full((100, 100, 3), grey, np.uint8))
    return LabelledImage(path, "train", "1", (LABELLED,))


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabelledImage:
    """A picture of which something is in the list."""
    image = picture(tmp_path)
    known = {"file": "a.png", "sha256": picture_checksum(image.path)}
    entries = [
        {**known, "box": [1, 2, 30, 40], "label": "incorrect:nose_out", "certainty": "unsure"},
        {**known, "box": [5, 60, 30, 90], "label": NOTHING},
    ]
    file = tmp_path / "additions.jsonl"
    file.write_text("\n".join(map(json.dumps, entries)))
    monkeypatch.setattr(street_additions, "LISTED", file)
    return image


def test_faces_and_look_alikes_are_added_to_the_labels(listed: LabelledImage) -> None:
    (image,) = with_additions([listed])
    added = LabelledFace(Box(1, 2, 30, 40), State.INCORRECT, Fault.NOSE_OUT, "", "unsure")
    assert image.faces == (LABELLED, added)
    assert image.look_alikes == (Box(5, 60, 30, 90),)


def test_another_picture_of_the_same_name_stays_as_it_is(listed: LabelledImage) -> None:
    other = picture(listed.path.parent, grey=91)
    assert with_additions([other]) == (other,)


def test_the_list_holds_what_lies_on_training_pictures_beside_their_labels() -> None:
    images = {image.path.name: image for image in read_street(shared("data/street"))}
    entries = [json.loads(line) for line in street_additions.LISTED.read_text().splitlines()]
    assert len(entries) > 1000
    for each in entries:
        image = images[each["file"]]
        assert image.split == "train", each
        assert each["sha256"] == picture_checksum(image.path)
        box, faces = box_array([Box(*each["box"])]), box_array(face.box for face in image.faces)
        assert (iou_matrix(box, faces) < 0.4).all(), each
        if each["label"] != NOTHING:
            assert (overlap_of_smaller(box, faces) < 0.6).all(), each


def test_only_what_is_learned_from_has_additions() -> None:
    folder = shared("data/street")
    for split, counts in (("train", 735), ("val", 0), ("test", 0)):
        given = sum(len(image.faces) for image in read_street(folder, split))
        (learned,) = read_sets([folder], split)
        assert sum(len(image.faces) for image in learned.images) - given == counts
        assert any(image.look_alikes for image in learned.images) == (split == "train")
        assert sum(len(image.faces) for image in read_set(folder, split).images) == given
