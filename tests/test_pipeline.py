from __future__ import annotations

from maskwatch.pipeline import Pipeline, read_faces
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
from maskwatch.types import Face, Fault, Frame, MaskReading, State

LEFT, RIGHT = face_at(100, 100, score=0.95), face_at(400, 100, score=0.6)


def test_a_still_yields_one_reading_per_face_best_first() -> None:
    (frame,) = blank_frames([0.0])
    readings = read_faces(frame, FixedDetector([RIGHT, LEFT]), FixedClassifier(State.MASK))
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


def test_a_frame_without_faces_is_an_empty_result() -> None:
    pipeline = Pipeline(ScriptedDetector({}), FixedClassifier(State.MASK), Tracker())
    (frame,) = blank_frames([0.0])
    result = pipeline(frame)
    assert (result.readings, result.tracks, result.readings_with_tracks()) == ((), (), [])
