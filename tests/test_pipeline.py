from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from maskwatch.frames.deferred import PassedFrame
from maskwatch.pipeline import EVERY_FRAME, LookSettings, Pipeline, read_faces
from maskwatch.testing import (
    FixedClassifier,
    FixedDetector,
    ScriptedClassifier,
    ScriptedDetector,
    blank_frames,
    face_at,
    reading_of,
)
from maskwatch.tracks.tracker import Tracker
from maskwatch.types import Box, Face, Fault, Frame, MaskReading, State

LEFT, RIGHT = face_at(100, 100, score=0.95), face_at(400, 100, score=0.6)


class MaskedInFront:
    """Says of faces with a score below 0.865 that they wear a mask, of others that they do not."""

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:  # noqa: ARG002
        return [
            reading_of(face, State.MASK if face.score < 0.865 else State.NO_MASK) for face in faces
        ]


@pytest.mark.parametrize(
    "wrong", [{"interval_s": -1}, {"interval_s": float("nan")}, {"restless_sizes": float("nan")}]
)
def test_looks_that_would_never_be_due_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="need interval_s >= 0 and restless_sizes > 0"):
        LookSettings(**wrong)


def test_each_face_yields_one_reading_in_their_order() -> None:
    (frame,) = blank_frames([0.0])
    readings = read_faces(frame, [LEFT, RIGHT], FixedClassifier(State.MASK))
    assert [reading.face for reading in readings] == [LEFT, RIGHT]
    assert {reading.state for reading in readings} == {State.MASK}


def test_a_frame_goes_through_all_stages() -> None:
    def judge(frame: Frame, face: Face) -> MaskReading:
        state = State.MASK if frame.t < 2 else State.INCORRECT
        return reading_of(face, state, Fault.NOSE_OUT if state is State.INCORRECT else None)

    pipeline = Pipeline(FixedDetector([LEFT]), ScriptedClassifier(judge), Tracker())
    results = [pipeline(frame) for frame in blank_frames([i / 10 for i in range(50)])]
    assert [result.frame_index for result in results] == list(range(50))
    assert {result.source for result in results} == {"scripted"}
    assert results[19].t == 1.9
    assert results[19].tracks[0].verdict.state is State.MASK
    assert results[49].tracks[0].verdict.state is State.INCORRECT
    assert results[49].tracks[0].verdict.fault is Fault.NOSE_OUT


def test_each_reading_is_told_with_its_person_or_none() -> None:
    # The right one is found too weakly to be a person.
    pipeline = Pipeline(FixedDetector([LEFT, RIGHT]), FixedClassifier(State.MASK), Tracker())
    for frame in blank_frames([i / 10 for i in range(10)]):
        result = pipeline(frame)
    (left, person), (right, nobody) = result.readings_with_tracks()
    assert (left.face, right.face) == (LEFT, RIGHT)
    assert person is not None
    assert person.id == 1
    assert nobody is None


def test_a_face_that_is_not_wanted_is_not_judged_but_told_as_found() -> None:
    pipeline = Pipeline(
        FixedDetector([LEFT, RIGHT]),
        FixedClassifier(State.MASK),
        Tracker(),
        LookSettings(),
        lambda found: [face for face in found if face.score > 0.9],
    )
    looked_at, moved_on = (pipeline(frame) for frame in blank_frames([0.0, 0.05]))
    assert [reading.face for reading in looked_at.readings] == [LEFT]
    assert looked_at.found == (LEFT, RIGHT)
    assert moved_on.found == ()


def test_a_frame_without_faces_is_an_empty_result() -> None:
    pipeline = Pipeline(ScriptedDetector({}), FixedClassifier(State.MASK), Tracker())
    (frame,) = blank_frames([0.0])
    result = pipeline(frame)
    assert (result.readings, result.tracks, result.readings_with_tracks()) == ((), (), [])


def moving(frame: Frame) -> list[Face]:
    """A face that crosses the picture at two of its own sizes a second."""
    return [face_at(100 + 160 * frame.t, 100, score=0.95)]


class CountingDetector:
    def __init__(self, faces: Callable[[Frame], list[Face]]) -> None:
        self._faces = faces
        self.times: list[float] = []

    def __call__(self, frame: Frame) -> list[Face]:
        self.times.append(frame.t)
        return self._faces(frame)


def test_between_looks_people_are_moved_on() -> None:
    detector = CountingDetector(moving)
    looks = LookSettings(interval_s=0.1, calm=1)
    pipeline = Pipeline(detector, FixedClassifier(State.MASK), Tracker(), looks)
    results = [pipeline(frame) for frame in blank_frames([i / 30 for i in range(90)])]
    assert len(detector.times) == 30
    for result in results[60:]:
        (track,) = result.tracks
        assert track.id == 1
        assert track.verdict.state is State.MASK
        box = track.reading.face.box
        assert (box.x0 + box.x1) / 2 == pytest.approx(100 + 160 * result.t, abs=6)


def test_a_fast_face_is_looked_for_at_once() -> None:
    def fast(frame: Frame) -> list[Face]:
        return [face_at(100 + 800 * frame.t, 100, score=0.95)]

    slow, quick = CountingDetector(moving), CountingDetector(fast)
    for detector in (slow, quick):
        looks = LookSettings(interval_s=0.1)
        pipeline = Pipeline(detector, FixedClassifier(State.MASK), Tracker(), looks)
        for frame in blank_frames([i / 30 for i in range(60)]):
            pipeline(frame)
    assert len(quick.times) > len(slow.times)


@pytest.mark.parametrize("looks", [LookSettings(), EVERY_FRAME], ids=["rarely", "every frame"])
@pytest.mark.parametrize("fps", [8, 10, 12, 15, 25])
@pytest.mark.parametrize("sizes_per_s", [3, 4, 5, 6])
def test_two_who_pass_each_other_stay_who_they_are(
    looks: LookSettings, fps: int, sizes_per_s: int
) -> None:
    speed, met_t = 40 * sizes_per_s, 1.5
    for phase in range(8):
        times = [(index + phase / 8) / fps for index in range(3 * fps)]
        faces = {}
        for index, t in enumerate(times):
            way = speed * (t - met_t)
            faces[index] = [face_at(450 + way, 150, 40, score=0.86)]
            if abs(t - met_t) >= 0.25:  # otherwise behind the first one
                faces[index].append(face_at(450 - way, 150, 38, score=0.87))
        pipeline = Pipeline(ScriptedDetector(faces), MaskedInFront(), Tracker(), looks)
        shown = {
            (track.id, track.reading.state)
            for frame in blank_frames(times)
            for track in pipeline(frame).tracks
        }
        assert sorted(number for number, _ in shown) == [1, 2]


def test_one_who_was_fast_and_is_lost_is_not_looked_for_in_every_frame() -> None:
    def leaving(frame: Frame) -> list[Face]:
        here = frame.t < 1.5
        return [face_at(100 + 800 * frame.t, 100, score=0.95)] if here else []

    detector = CountingDetector(leaving)
    pipeline = Pipeline(detector, FixedClassifier(State.MASK), Tracker(), LookSettings(0.1))
    for frame in blank_frames([i / 30 for i in range(90)]):
        pipeline(frame)
    assert min(spacing(detector.times, 1.8, 3)) == pytest.approx(0.1, abs=0.01)


def test_a_frame_that_was_passed_over_is_not_looked_at_and_the_next_one_is() -> None:
    detector = CountingDetector(moving)
    pipeline = Pipeline(
        detector, FixedClassifier(State.MASK), Tracker(), LookSettings(interval_s=0.1, calm=1)
    )
    frames = [
        frame if frame.index % 4 == 0 else PassedFrame(frame.source, frame.index, frame.t)
        for frame in blank_frames([i / 30 for i in range(90)])
    ]
    results = [pipeline(frame) for frame in frames]
    assert detector.times == [frame.t for frame in frames if frame.has_image]
    for result in results[60:]:
        ((reading, track),) = result.readings_with_tracks()
        assert track is not None
        assert reading.face.box.x0 + 40 == pytest.approx(100 + 160 * result.t, abs=6)


@pytest.mark.parametrize("fps", [5, 10, 12])
def test_rare_frames_are_all_looked_at(fps: int) -> None:
    detector = CountingDetector(moving)
    looks = LookSettings(interval_s=1 / 12, calm=1)
    pipeline = Pipeline(detector, FixedClassifier(State.MASK), Tracker(), looks)
    for frame in blank_frames([round(i / fps, 3) for i in range(20)]):
        pipeline(frame)
    assert len(detector.times) == 20


def test_a_clock_that_runs_backwards_is_looked_at() -> None:
    detector = CountingDetector(moving)
    pipeline = Pipeline(detector, FixedClassifier(State.MASK), Tracker(), LookSettings(5.0))
    for frame in blank_frames([3.0, 3.1, 0.0]):
        pipeline(frame)
    assert detector.times == [3.0, 0.0]


class GlancingDetector(CountingDetector):
    """Can also look at a part of the picture."""

    def __init__(self, faces: Callable[[Frame], list[Face]]) -> None:
        super().__init__(faces)
        self.glances: list[tuple[float, list[Box]]] = []
        self.sweeps: list[float] = []

    def sweep(self, frame: Frame) -> list[Face]:
        self.sweeps.append(frame.t)
        return self(frame)

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        self.glances.append((frame.t, list(expected)))
        return self._faces(frame)


def standing(_frame: Frame) -> list[Face]:
    return [face_at(30, 20, size=20, score=0.95)]


def run(
    detector: CountingDetector, frames: list[Frame], state: Callable[[Frame], State] | None = None
) -> None:
    def judge(frame: Frame, face: Face) -> MaskReading:
        return reading_of(face, state(frame) if state else State.MASK)

    pipeline = Pipeline(detector, ScriptedClassifier(judge), Tracker(), LookSettings(0.1))
    for frame in frames:
        pipeline(frame)


def spacing(times: list[float], start: float, end: float) -> list[float]:
    inside = [t for t in times if start <= t <= end]
    return [round(float(gap), 2) for gap in np.diff(inside)]


def test_looks_are_rarer_while_everybody_is_known_and_of_one_mind() -> None:
    detector = CountingDetector(standing)
    run(detector, blank_frames([i / 20 for i in range(100)]))
    assert set(spacing(detector.times, 0, 0.3)) == {0.1}
    assert set(spacing(detector.times, 2, 5)) == {0.25}


def test_looks_are_frequent_again_as_soon_as_one_reading_differs() -> None:
    detector = CountingDetector(standing)
    frames = blank_frames([i / 20 for i in range(100)])
    run(detector, frames, lambda frame: State.MASK if frame.t < 3 else State.NO_MASK)
    assert set(spacing(detector.times, 2, 3)) == {0.25}
    assert set(spacing(detector.times, 3, 4)) == {0.1}


def test_in_a_still_picture_only_people_are_looked_at_and_the_rest_ever_more_rarely() -> None:
    detector = GlancingDetector(standing)
    run(detector, blank_frames([i / 20 for i in range(140)]))
    first, *others = spacing(detector.times, 0.5, 7)
    assert first == pytest.approx(1.0, abs=0.25)
    assert set(others) == {2.0}
    last_t, (expected,) = detector.glances[-1]
    assert last_t > 6
    assert expected == pytest.approx((20, 10, 40, 30), abs=1)


@pytest.mark.parametrize("small_faces", [False, True])
def test_far_faces_are_looked_for_when_asked(small_faces: bool) -> None:
    detector = GlancingDetector(standing)
    looks = LookSettings(0.1, small_faces=small_faces)
    classifier = ScriptedClassifier(lambda _, face: reading_of(face, State.MASK))
    pipeline = Pipeline(detector, classifier, Tracker(), looks)
    for frame in blank_frames([i / 20 for i in range(100)]):
        pipeline(frame)
    assert len(detector.times) > 5
    assert detector.sweeps == ([] if small_faces else detector.times)
    assert detector.glances  # at people alone, whatever their size


def test_a_change_beside_the_people_has_the_whole_picture_looked_at() -> None:
    detector = GlancingDetector(standing)
    frames = blank_frames([i / 20 for i in range(100)], width=640, height=480)
    changed = np.zeros((480, 640, 3), dtype=np.uint8)
    changed[100:300, 400:500] = 200
    frames = [
        frame if frame.t < 3.1 else Frame("scripted", frame.index, frame.t, changed)
        for frame in frames
    ]
    run(detector, frames)
    before = [t for t in detector.times if 2 <= t < 3.1]
    after = [t for t in detector.times if 3.1 <= t < 3.5]
    assert len(before) <= 2
    assert len(after) == 1


def test_a_still_and_empty_picture_is_looked_at_ever_more_rarely() -> None:
    detector = CountingDetector(lambda _: [])
    run(detector, blank_frames([i / 20 for i in range(150)]))
    assert detector.times == [0.0, 1.0, 3.0, 5.0, 7.0]


def test_after_somebody_came_the_whole_picture_is_looked_at_once_a_second_again() -> None:
    """Even somebody who changed nothing that is compared."""

    def joined(frame: Frame) -> list[Face]:
        other = [face_at(90, 20, size=20, score=0.95)] if frame.t >= 5 else []
        return [*standing(frame), *other]

    detector = GlancingDetector(joined)
    detector.near = lambda frame, expected: joined(frame)[: len(expected)]  # type: ignore[method-assign]
    run(detector, blank_frames([i / 20 for i in range(300)]))
    came = next(t for t in detector.times if t >= 5)
    assert came <= 7
    known = next(gap for gap in spacing(detector.times, came, 12) if gap > 0.25)
    assert known == pytest.approx(1.0, abs=0.25)
    assert spacing(detector.times, came + 3, 15)[-1] == 2.0


def test_while_a_verdict_is_in_doubt_glances_are_as_frequent_as_looks() -> None:
    detector = GlancingDetector(standing)
    frames = blank_frames([i / 20 for i in range(100)])
    run(detector, frames, lambda frame: State.MASK if frame.t < 3.1 else State.NO_MASK)
    looked = sorted([*detector.times, *(t for t, _ in detector.glances)])
    assert set(spacing(looked, 3.2, 3.9)) == {0.1}
    assert len([t for t in detector.times if 3.2 <= t <= 3.9]) <= 1
