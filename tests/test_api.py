import threading
from pathlib import Path

import numpy as np
import pytest

import maskwatch
from maskwatch.api import Model, annotate, as_bgr
from maskwatch.errors import SourceError, SourceNotFound, UsageError
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Box, State, Track, Verdict
from tests.painted import SquareClassifier, SquareDetector, paint_picture, paint_video, scene

MASKED = (State.MASK, 80, 120)
BARE = (State.NO_MASK, 240, 120)


def model(score: float = 0.5) -> Model:
    return Model(SquareDetector(), SquareClassifier(), score)


def states(readings: list) -> list[State]:
    return [reading.state for reading in readings]


def test_an_array_becomes_readings() -> None:
    readings = model().read(scene([MASKED, BARE]), colour="bgr")
    assert states(readings) == [State.MASK, State.NO_MASK]
    assert readings[0].face.box == Box(50, 90, 110, 150)


def test_the_order_of_channels_is_heeded() -> None:
    """Red in one order is blue in the other, and blue means "cannot tell" to the double."""
    rgb = scene([BARE])[:, :, ::-1]
    assert states(model().read(rgb, colour="rgb")) == [State.NO_MASK]
    assert states(model().read(rgb, colour="bgr")) == [State.UNKNOWN]


def test_weak_faces_are_left_out() -> None:
    assert model(score=0.95).read(scene([MASKED]), colour="bgr") == []


@pytest.mark.parametrize(
    ("image", "colour", "reason"),
    [
        (np.zeros((4, 4, 3), np.uint8), "hsv", "colour must be 'rgb' or 'bgr', got 'hsv'"),
        (np.zeros((4, 4, 3), np.float32), "rgb", "image must be uint8 .* got float32"),
        (np.zeros((4, 4, 4), np.uint8), "rgb", r"image must have shape .* got \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), "rgb", r"image must have shape .* got \(0, 4, 3\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), "bgr", r"image must have shape"),
    ],
)
def test_arrays_that_are_no_image_are_refused(image: np.ndarray, colour: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        as_bgr(image, colour)


def test_grey_is_taken_too() -> None:
    assert as_bgr(np.full((2, 3), 7, np.uint8), "rgb").tolist() == [[[7] * 3] * 3] * 2


def test_files_are_read(tmp_path: Path) -> None:
    assert states(model().read_file(paint_picture(tmp_path / "a.png", [MASKED]))) == [State.MASK]
    with pytest.raises(SourceNotFound, match=r"gone\.png: no such file"):
        model().read_file(tmp_path / "gone.png")
    (tmp_path / "pair").mkdir()
    for name in ("a.png", "b.png"):
        paint_picture(tmp_path / "pair" / name, [MASKED])
    with pytest.raises(UsageError, match="2 sources, give one"):
        model().read_file(tmp_path / "pair")


def test_a_video_is_not_taken_for_a_picture(tmp_path: Path) -> None:
    """A camera would never end, and the faces of a clip would come without their frames."""
    path = paint_video(tmp_path / "a.mp4", [[MASKED]] * 3)
    for source in (path, "0", "rtsp://127.0.0.1/live"):
        with pytest.raises(UsageError, match="is no picture: read_video reads it"):
            model().read_file(source)


def test_a_webcam_may_be_given_by_its_number() -> None:
    with pytest.raises(SourceError, match="987"):
        next(model().read_video(987))


def test_people_of_a_video_are_followed(tmp_path: Path) -> None:
    path = paint_video(tmp_path / "a.mp4", [[MASKED, BARE]] * 20)
    seen = list(model().read_video(path, every=2))
    assert [frame.index for frame, _ in seen] == list(range(0, 20, 2))
    last = seen[-1][1]
    assert [(track.id, track.verdict.state) for track in last.tracks] == [
        (1, State.MASK),
        (2, State.NO_MASK),
    ]


@pytest.mark.parametrize(("threads", "others"), [(1, False), (2, True), (None, True)])
def test_with_one_thread_nothing_is_decoded_ahead(
    tmp_path: Path, threads: int | None, others: bool
) -> None:
    path = paint_video(tmp_path / "a.mp4", [[MASKED]] * 30)
    before = set(threading.enumerate())
    frames = Model(SquareDetector(), SquareClassifier(), 0.5, threads).read_video(path)
    next(frames)
    assert bool(set(threading.enumerate()) - before) == others
    assert len(list(frames)) == 29


def test_annotation_keeps_the_order_of_channels_and_the_image() -> None:
    rgb = np.full((120, 160, 3), 90, np.uint8)
    reading = reading_of(face_at(80, 70, 60), State.NO_MASK)
    drawn = annotate(rgb, [reading], colour="rgb")
    assert drawn[70, 50].tolist() == [205, 25, 25]
    assert annotate(rgb, [reading], colour="bgr")[70, 50].tolist() == [25, 25, 205]
    assert (rgb == 90).all()


def test_tracks_are_annotated_with_their_verdict_and_faces_can_be_hidden() -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    reading = reading_of(face_at(80, 70, 60), State.NO_MASK)
    track = Track(1, "clip", reading, Verdict(State.MASK), 0.0, 1.0)
    drawn = annotate(image, [track], colour="bgr", blur=True)
    assert drawn[70, 50].tolist() == [100, 125, 0]
    assert len(np.unique(drawn[60:80, 60:100].reshape(-1, 3), axis=0)) < 20


def test_the_package_offers_it() -> None:
    assert maskwatch.annotate is annotate
    assert maskwatch.Model is Model
