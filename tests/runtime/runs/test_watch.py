"""How soon somebody who is followed by looking rarely gets another verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from maskwatch.pipeline import LookSettings
from maskwatch.runtime.runs.watch import MovingWatch
from maskwatch.testing import FixedDetector, face_at, reading_of
from maskwatch.tracks.tracker import TrackerSettings
from maskwatch.types import Face, Frame, MaskReading, State

IMAGE = np.zeros((240, 320, 3), np.uint8)


class TakenOff:
    """Says of every face that its mask is taken off at ``at`` seconds."""

    def __init__(self, at: float) -> None:
        self._at = at

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        state = State.MASK if frame.t < self._at - 1e-9 else State.NO_MASK
        return [reading_of(face, state, confidence=0.97) for face in faces]


def noticed_at(fps: int, at: float) -> float:
    """When the verdict turns on somebody who takes the mask off at ``at``, in seconds."""
    detector, classifier = FixedDetector([face_at(160, 120)]), TakenOff(at)
    watch = MovingWatch("door", detector, classifier, TrackerSettings(), LookSettings())
    for index in range(10 * fps):
        look = watch.look(Frame("door", index, index / fps, IMAGE))
        for _, track in look.faces:
            if track is not None and track.verdict.state.is_violation:
                return look.frame.t
    raise AssertionError("never noticed")


@pytest.mark.parametrize("fps", [8, 10, 12, 15, 25, 30])
def test_a_mask_pulled_down_is_noticed_in_time_although_the_face_looks_as_before(fps: int) -> None:
    begins = [3 + frame / fps for frame in range(2 * fps)]
    late_s = [noticed_at(fps, at) - at for at in begins]
    assert max(late_s) <= 1.5 + 1e-6


def test_one_missed_look_splits_no_episode_however_rare_looks_are() -> None:
    unseen = FixedDetector([])
    bare = FixedDetector([face_at(160, 120)])
    watch = MovingWatch(
        "door",
        lambda frame: (unseen if 40 <= frame.t < 43.5 else bare)(frame),
        TakenOff(0.0),
        TrackerSettings(),
        LookSettings(interval_s=3.0),
    )
    for index in range(600):
        watch.look(Frame("door", index, index / 10, IMAGE))
    watch.end()
    assert [(each.start_s, each.end_s) for each in watch.episodes] == [(0.0, 59.9)]
