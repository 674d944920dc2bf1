import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from maskwatch.errors import ChecksumMismatch
from maskwatch.faces.yunet import (
    HANDOVER_PX,
    MAX_TILES,
    YuNetDetector,
    YuNetSettings,
    decode,
    grid,
    pad_to_multiple,
)
from maskwatch.frames.images import read_image
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch.types import Box, Frame, Image


def test_the_grid_goes_row_by_row_from_fine_to_coarse() -> None:
    points, strides = grid(32, 64)
    assert points[:2].tolist() == [[0, 0], [8, 0]]
    assert points[8].tolist() == [0, 8]
    assert strides.ravel().tolist() == [8] * 32 + [16] * 8 + [32] * 2


def test_decoding_follows_the_published_formulas() -> None:
    # One sure position: row 1, column 2 of the stride-8 grid of a 32x64 input.
    scores = np.zeros((1, 42, 1), np.float32)
    scores[0, 10] = 0.9
    bbox = np.zeros((1, 42, 4), np.float32)
    bbox[0, 10] = [0.5, -0.25, np.log(2), np.log(3)]
    kps = np.zeros((1, 42, 10), np.float32)
    kps[0, 10, :2] = [1.0, -1.0]
    (found,) = decode(scores, bbox, kps, (32, 64), YuNetSettings(score_threshold=0.5))
    # Centre (2 + .5, 1 - .25) * 8 = (20, 6); size (2, 3) * 8 = (16, 24).
    assert found.boxes.tolist() == [pytest.approx([12, -6, 28, 18])]
    assert found.landmarks[0, 0].tolist() == [24, 0]
    assert found.landmarks[0, 1].tolist() == [16, 8]


def test_overlapping_detections_leave_the_best() -> None:
    scores = np.zeros((1, 42, 1), np.float32)
    scores[0, [10, 11], 0] = [0.8, 0.9]
    bbox = np.full((1, 42, 4), np.log(4), np.float32)
    kps = np.zeros((1, 42, 10), np.float32)
    (found,) = decode(scores, bbox, kps, (32, 64), YuNetSettings(iou_threshold=0.3))
    assert found.scores.tolist() == [pytest.approx(0.9)]


@pytest.mark.parametrize(("weak", "x"), [(0.3, 18), (0.1, 16)])
def test_a_weaker_detection_has_a_say_in_where_a_face_lies_unless_it_is_too_weak(
    weak: float, x: float
) -> None:
    scores = np.zeros((1, 42, 1), np.float32)
    scores[0, [10, 11], 0] = [0.9, weak]  # at x = 16 and 24, both 32 wide
    bbox = np.zeros((1, 42, 4), np.float32)
    bbox[..., 2:] = np.log(4)
    settings = YuNetSettings(score_threshold=0.5, vote_iou=0.55)
    (found,) = decode(scores, bbox, np.zeros((1, 42, 10), np.float32), (32, 64), settings)
    assert found.boxes.tolist() == [pytest.approx([x - 16, 8 - 16, x + 16, 8 + 16])]


class Network:
    """Finds a face of one cell at the positions that it is told, and notes what it is shown."""

    def __init__(self, *places: int) -> None:
        self._places = list(places)
        self.shown: list[tuple[int, ...]] = []

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="image")]

    def run(self, _outputs: None, given: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        shape = given["image"].shape
        self.shown.append(shape)
        count = len(grid(*shape[1:3])[0])
        scores = np.zeros((shape[0], count, 1), np.float32)
        scores[:, self._places] = 0.9
        return [scores, *(np.zeros((shape[0], count, n), np.float32) for n in (4, 10))]


def grey(height: int, width: int) -> Frame:
    return Frame("x", 0, 0.0, np.full((height, width, 3), 128, np.uint8))


@pytest.mark.parametrize(
    ("size", "shown"),
    [((60, 100), (64, 128)), ((1000, 2000), (320, 640)), ((640, 400), (640, 416))],
)
def test_large_pictures_are_scaled_down_and_small_ones_are_not_enlarged(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    network = Network()
    assert YuNetDetector(network).sweep(grey(*size)) == []
    assert network.shown == [(1, *shown, 3)]


@pytest.mark.parametrize(
    ("size", "looks"),
    [
        ((768, 1024), [(480, 640)]),
        ((720, 1280), [(480, 800)]),
        ((1080, 1920), [(384, 640), (704, 1216)]),
        ((3000, 4000), [(480, 640), (1888, 2528)]),
        ((6000, 9000), [(448, 640), (2112, 3136)]),
    ],
)
def test_a_large_picture_is_looked_at_more_finely_and_a_very_large_one_twice(
    size: tuple[int, int], looks: list[tuple[int, int]]
) -> None:
    network = Network()
    assert YuNetDetector(network)(grey(*size)) == []
    assert network.shown == [(1, *look, 3) for look in looks]


class Everywhere(Network):
    """Finds a face of one size, in its own pixels, in the middle of every picture."""

    def __init__(self, size: float) -> None:
        super().__init__()
        self._size = size

    def run(self, _outputs: None, given: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        scores, boxes, points = super().run(None, given)
        height, width = given["image"].shape[1:3]
        scores[:, (height // 16) * (width // 8) + width // 16] = 0.9
        boxes[..., 2:] = np.log(self._size / 8)
        return [scores, boxes, points]


@pytest.mark.parametrize(
    ("size", "found"),
    [
        (23, [36.8]),  # in the first look it is too small, the second will have it
        (24, [38.4, 150]),
        (124, [198.4, 775]),
        (126, [787.5]),  # in the second look it is too large, the first will have it
    ],
)
def test_the_finer_look_counts_for_far_faces_and_the_first_one_for_near_ones(
    size: float, found: list[float]
) -> None:
    faces = YuNetDetector(Everywhere(size))(grey(4000, 4000))
    assert sorted(face.box.width for face in faces) == pytest.approx(found, rel=0.001)


class InTheCorner(Network):
    """Finds one face of 250 px, three quarters of it outside, in pictures of 4000 px."""

    def __init__(self) -> None:
        super().__init__(0)

    def run(self, outputs: None, given: dict[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        scores, boxes, points = super().run(outputs, given)
        scale = given["image"].shape[1] / 4000
        boxes[..., 2:] = np.log(250 * scale / 8)
        return [scores, boxes, points]


def test_a_near_face_that_is_cut_off_in_the_corner_is_found() -> None:
    """What shows of it is too small for the first look, and all of it too large for the second."""
    (face,) = YuNetDetector(InTheCorner())(grey(4000, 4000))
    assert face.box == pytest.approx((0, 0, 125, 125), rel=0.02)


def test_what_both_looks_see_is_one_face(detector: YuNetDetector, checkout: Path) -> None:
    face = cv2.resize(portrait(checkout), None, fx=0.85, fy=0.85)
    wall = np.full((1500, 2000, 3), 60, dtype=np.uint8)
    height, width = face.shape[:2]
    wall[300 : 300 + height, 700 : 700 + width] = face
    frame = Frame("x", 0, 0.0, wall)
    (swept,) = [face for face in detector.sweep(frame) if face.score > 0.7]
    assert HANDOVER_PX[0] < swept.box.height * 640 / 2000 < HANDOVER_PX[1]
    assert len([face for face in detector(frame) if face.score > 0.7]) == 1


def test_far_faces_are_found_in_a_large_picture(detector: YuNetDetector, checkout: Path) -> None:
    person = cv2.resize(portrait(checkout), None, fx=0.17, fy=0.17, interpolation=cv2.INTER_AREA)
    hall = np.full((3000, 4000, 3), 60, dtype=np.uint8)
    height, width = person.shape[:2]
    places = [(200, 300), (1500, 2000), (2700, 3500)]
    for y, x in places:
        hall[y : y + height, x : x + width] = person
    frame = Frame("hall", 0, 0.0, hall)
    found = [face.box for face in detector(frame) if face.score > 0.5]
    assert len(found) == len(places)
    for y, x in places:
        assert any(
            x < box.middle[0] < x + width and y < box.middle[1] < y + height for box in found
        )
    assert max(box.height for box in found) < 40
    assert detector.sweep(frame) == []


def test_an_even_large_picture_takes_little_memory() -> None:
    """To the network a wall may be one face as large as itself, at every place."""
    tracemalloc.start()
    try:
        detector = YuNetDetector.from_folder(DEFAULT_DETECTOR, threads=1)
        assert len(detector.with_threshold(0.3)(grey(3000, 4000))) <= 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150e6


def test_what_is_found_in_the_padding_is_no_face() -> None:
    # In the fourth row of a picture of 60 x 100, padded to 64 x 128: at x = 80 and x = 120.
    (face,) = YuNetDetector(Network(3 * 16 + 10, 3 * 16 + 15))(grey(60, 100))
    assert face.box == (76, 20, 84, 28)


@pytest.mark.parametrize(
    ("places", "shown"), [(MAX_TILES, (MAX_TILES, 64, 64, 3)), (MAX_TILES + 1, (1, 480, 640, 3))]
)
def test_a_glance_at_too_many_places_is_a_look_at_the_whole_picture(
    places: int, shown: tuple[int, ...]
) -> None:
    network = Network()
    expected = [Box(10, 10, 40, 50)] * places
    YuNetDetector(network).near(grey(480, 640), expected)
    assert network.shown == [shown]


@pytest.mark.parametrize(("smallest", "looks"), [(40, 1), (20, 2)])
def test_at_many_places_with_far_faces_a_large_picture_is_looked_at_twice(
    smallest: float, looks: int
) -> None:
    network = Network()
    expected = [Box(10, 10, 90, 90)] * MAX_TILES + [Box(0, 0, 0.8 * smallest, smallest)]
    YuNetDetector(network).near(grey(1080, 1920), expected)
    assert len(network.shown) == looks


def test_pictures_decoded_together_have_no_say_in_one_another() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((3, 42, 1), dtype=np.float32)
    scores[1] = 0  # nothing in the second
    bbox = rng.normal([0, 0, 1, 1], 0.5, (3, 42, 4)).astype(np.float32)
    kps = rng.normal(0, 1, (3, 42, 10)).astype(np.float32)
    together = decode(scores, bbox, kps, (32, 64), YuNetSettings())
    assert [len(found.scores) > 1 for found in together] == [True, False, True]
    for i, found in enumerate(together):
        one = slice(i, i + 1)
        (alone,) = decode(scores[one], bbox[one], kps[one], (32, 64), YuNetSettings())
        np.testing.assert_array_equal(found.scores, alone.scores)
        np.testing.assert_allclose(found.boxes, alone.boxes, atol=1e-4)
        np.testing.assert_array_equal(found.landmarks, alone.landmarks)


def test_padding_adds_black_at_the_right_and_below() -> None:
    padded = pad_to_multiple(np.full((33, 32, 3), 9, np.uint8))
    assert padded.shape == (64, 32, 3)
    assert (padded[:33] == 9).all()
    assert (padded[33:] == 0).all()


def portrait(checkout: Path) -> Image:
    return read_image(checkout / "samples/portrait_bare.jpg")


@pytest.fixture(scope="module")
def detector() -> YuNetDetector:
    return YuNetDetector.from_folder(DEFAULT_DETECTOR, threads=1)


def test_the_default_model_finds_the_face_of_the_sample_portrait(
    detector: YuNetDetector, checkout: Path
) -> None:
    faces = detector(Frame("portrait", 0, 0.0, portrait(checkout)))
    assert len(faces) == 1
    marks = faces[0].landmarks
    assert marks is not None
    assert marks.right_eye.x < marks.nose.x < marks.left_eye.x
    assert marks.right_eye.y < marks.nose.y < marks.left_mouth.y


def test_boxes_are_in_pixels_of_the_original_whatever_its_size(
    detector: YuNetDetector, checkout: Path
) -> None:
    small = portrait(checkout)
    large = np.repeat(np.repeat(small, 3, axis=0), 3, axis=1)
    one = detector(Frame("small", 0, 0.0, small))[0]
    other = detector(Frame("large", 0, 0.0, large))[0]
    assert np.array(other.box) / 3 == pytest.approx(np.array(one.box), abs=0.15 * one.box.side)


def test_a_glance_finds_the_face_where_the_whole_picture_has_it(
    detector: YuNetDetector, checkout: Path
) -> None:
    face = portrait(checkout)
    wall = np.full((1200, 1600, 3), 128, dtype=np.uint8)
    height, width = face.shape[:2]
    wall[300 : 300 + height, 700 : 700 + width] = face
    frame = Frame("x", 0, 0.0, wall)
    (whole,) = [f for f in detector(frame) if f.score > 0.7]
    x0, y0, x1, y1 = whole.box
    # A little off, as a face that moved is, and one where nobody is.
    expected = [Box(x0 + 20, y0 - 15, x1 + 20, y1 - 15), Box(100, 100, 150, 170)]
    (glance,) = [f for f in detector.near(frame, expected) if f.score > 0.7]
    assert glance.box == pytest.approx(whole.box, abs=0.08 * whole.box.height)
    assert glance.landmarks is not None
    assert whole.landmarks is not None
    assert glance.landmarks.nose == pytest.approx(whole.landmarks.nose, abs=0.08 * (y1 - y0))


def test_a_glance_at_two_faces_side_by_side_finds_each_once(
    detector: YuNetDetector, checkout: Path
) -> None:
    face = portrait(checkout)
    (found,) = [f for f in detector(Frame("x", 0, 0.0, face)) if f.score > 0.7]
    x0, y0, x1, y1 = (round(value) for value in found.box)
    head = face[max(0, y0 - 40) : y1 + 20, max(0, x0 - 20) : x1 + 20]
    pair = Frame("x", 0, 0.0, np.ascontiguousarray(np.concatenate([head, head], axis=1)))
    both = [f for f in detector(pair) if f.score > 0.7]
    glances = [f for f in detector.near(pair, [f.box for f in both]) if f.score > 0.7]
    assert len(both) == len(glances) == 2
    for one, other in zip(sorted(f.box for f in both), sorted(f.box for f in glances), strict=True):
        assert other == pytest.approx(one, abs=0.1 * (y1 - y0))


@pytest.mark.parametrize("expected", [[], [Box(-900, -900, -800, -800)]])
def test_a_glance_at_nothing_finds_nothing(detector: YuNetDetector, expected: list[Box]) -> None:
    frame = Frame("x", 0, 0.0, np.full((300, 400, 3), 128, dtype=np.uint8))
    assert detector.near(frame, expected) == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (2000, 3)])
def test_odd_pictures_have_no_faces(detector: YuNetDetector, shape: tuple[int, int]) -> None:
    assert detector(Frame("odd", 0, 0.0, np.zeros((*shape, 3), np.uint8))) == []


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes((DEFAULT_DETECTOR / "card.json").read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"not the model")
    with pytest.raises(ChecksumMismatch):
        YuNetDetector.from_folder(tmp_path)
