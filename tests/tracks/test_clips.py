"""People counts on real clips, with the stock detector: does one person stay one track?"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from maskwatch.testing import reading_of
from maskwatch.tracks.tracker import Tracker, TrackerSettings
from maskwatch.tracks.tracklet import LifeSettings
from maskwatch.types import Box, Face, Frame, State, Track
from tests.shared import shared

WIDTH = 960
STOCK = TrackerSettings(start_score=0.6, life=LifeSettings(confirm_score=0.8))
"""On the scale of the stock detector's scores."""


def frames_of(name: str, every: int) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(shared(f"videos/{name}.mp4")))
    fps = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while capture.grab():
        if index % every == 0:
            image = capture.retrieve()[1]
            scale = min(1.0, WIDTH / image.shape[1])
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            yield Frame(name, index, index / fps, small.astype(np.uint8))
        index += 1
    capture.release()


def follow(name: str, every: int) -> list[Track]:
    """Every track value of a clip looked at every so many frames."""
    model = str(shared("models/yunet_n_640_640.onnx"))
    tracker, found = Tracker(STOCK), []
    detector: cv2.FaceDetectorYN | None = None
    for frame in frames_of(name, every):
        height, width = frame.image.shape[:2]
        if detector is None:
            detector = cv2.FaceDetectorYN.create(model, "", (width, height), 0.3, 0.3)
        rows = detector.detect(frame.image)[1]
        faces = [
            Face(Box(x, y, x + w, y + h), min(1.0, score))
            for x, y, w, h, *_, score in ([] if rows is None else rows.tolist())
        ]
        found += tracker.update(frame, [reading_of(face, State.MASK) for face in faces])
    return found


@pytest.mark.parametrize(
    ("name", "every", "people", "last_s"),
    [
        # Four people and a painting of a masked face.
        ("five_people_donning", 5, 5, 17.0),
        # Flowers that look like a face to the detector for seconds on end are nobody.
        ("corridor_cctv", 6, 1, 6.0),
        ("laptop_mask", 5, 1, 10.0),
        ("bearded_no_mask", 5, 1, 9.0),
    ],
)
def test_everybody_in_a_clip_is_followed_as_one_person(
    name: str, every: int, people: int, last_s: float
) -> None:
    tracks = follow(name, every)
    assert {track.id for track in tracks} == set(range(1, people + 1))
    assert max(track.last_t for track in tracks) < last_s
