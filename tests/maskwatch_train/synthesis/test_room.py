from __future__ import annotations

from maskwatch_train.synthesis import WearKind, has_room
from tests.maskwatch_train.synthesis.painted_face import bare_face


def test_a_face_with_its_neck_has_room_for_everything():
    image, face = bare_face()
    assert all(has_room(image, face, kind) for kind in WearKind)


def test_a_crop_that_ends_at_the_chin_has_none_for_a_mask_on_the_neck():
    image, face = bare_face()
    crop = image[: round(face.box.y1)]
    assert not has_room(crop, face, WearKind.UNDER_CHIN)
    assert has_room(crop, face, WearKind.MASK)
    assert has_room(crop, face, WearKind.NOSE_OUT)


def test_a_crop_that_ends_at_the_mouth_has_none_for_an_exposed_chin():
    image, face = bare_face()
    crop = image[: round(face.landmarks.left_mouth.y) + 12]
    assert not has_room(crop, face, WearKind.CHIN_OUT)


def test_a_crop_that_begins_at_the_brows_has_none_for_the_forehead():
    image, face = bare_face(centre=(160, 15))
    assert not has_room(image, face, WearKind.OTHER)
    assert has_room(image, face, WearKind.MASK)
