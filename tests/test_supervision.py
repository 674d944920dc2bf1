import builtins
import importlib.util

import numpy as np
import pytest

from maskwatch.errors import MissingExtra
from maskwatch.supervision import CLASSES, to_detections
from maskwatch.testing import face_at, reading_of
from maskwatch.types import Fault, MaskReading, State, Track, Verdict
from tests.components import need

NOSE_OUT = reading_of(face_at(50, 60, 40, score=0.8), State.INCORRECT, Fault.NOSE_OUT)
TOO_SMALL = MaskReading(face_at(9, 9, 6, score=0.7), State.UNKNOWN, reason="face too small")


@pytest.fixture
def needs_supervision() -> None:
    found = importlib.util.find_spec("supervision") is not None
    need("supervision", found, "pip install 'maskwatch[supervision]'")


@pytest.mark.usefixtures("needs_supervision")
def test_readings_become_detections() -> None:
    detections = to_detections([NOSE_OUT, TOO_SMALL])
    assert detections.xyxy.tolist() == [[30, 40, 70, 80], [6, 6, 12, 12]]
    assert detections.confidence == pytest.approx([0.8, 0.7])
    assert [CLASSES[i] for i in detections.class_id] == [State.INCORRECT, State.UNKNOWN]
    assert detections.tracker_id is None
    assert detections.data["class_name"].tolist() == ["incorrect", "unknown"]
    assert detections.data["fault"].tolist() == ["nose_out", ""]
    assert detections.data["coverage"][0] == pytest.approx(5.0)
    assert np.isnan(detections.data["coverage"][1])


@pytest.mark.usefixtures("needs_supervision")
def test_tracks_become_detections_of_their_verdicts_with_ids() -> None:
    verdict = Verdict(State.MASK, coverage=88.0)
    tracks = [Track(4, "clip", NOSE_OUT, verdict, 0, 1), Track(7, "clip", TOO_SMALL, verdict, 0, 1)]
    detections = to_detections(tracks)
    assert detections.tracker_id.tolist() == [4, 7]
    assert detections.class_id.tolist() == [0, 0]
    assert detections.data["coverage"].tolist() == [88.0, 88.0]


@pytest.mark.usefixtures("needs_supervision")
def test_nobody_is_no_detections() -> None:
    detections = to_detections([])
    assert (len(detections), detections.is_empty()) == (0, True)
    assert detections.xyxy.shape == (0, 4)


@pytest.mark.usefixtures("needs_supervision")
def test_a_frame_without_faces_has_the_same_columns() -> None:
    """What goes through a video asks each frame for them."""
    some, none = to_detections([NOSE_OUT]), to_detections([])
    assert {key: len(values) for key, values in none.data.items()} == dict.fromkeys(some.data, 0)
    assert none[none.data["class_name"] == "no_mask"].is_empty()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object) -> object:
        if name == "supervision":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pip install 'maskwatch\[supervision\]'"):
        to_detections([NOSE_OUT])
