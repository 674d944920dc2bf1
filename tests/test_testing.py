from __future__ import annotations

import pytest

from maskwatch.errors import ChannelError, SourceLost
from maskwatch.faces.base import FaceDetector
from maskwatch.frames.base import FrameSource
from maskwatch.masks.base import MaskClassifier
from maskwatch.testing import (
    FixedClassifier,
    FixedDetector,
    RecordingChannel,
    ScriptedClassifier,
    ScriptedDetector,
    ScriptedSource,
    blank_frames,
    face_at,
    reading_of,
)
from maskwatch.types import Fault, State
from tests.alerts import samples

FACE = face_at(50, 40, 20)


def test_the_doubles_fit_the_seams() -> None:
    # Checked by the type checker; at run time they only have to exist.
    source: FrameSource = ScriptedSource([])
    detectors: list[FaceDetector] = [FixedDetector([]), ScriptedDetector({})]
    classifiers: list[MaskClassifier] = [
        FixedClassifier(State.MASK),
        ScriptedClassifier(lambda _, face: reading_of(face, State.MASK)),
    ]
    (frame,) = blank_frames([0.0])
    assert list(source) == []
    assert [detect(frame) for detect in detectors] == [[], []]
    assert [len(judge(frame, [FACE, FACE])) for judge in classifiers] == [2, 2]


def test_a_scripted_source_yields_its_frames_and_then_its_error() -> None:
    frames = blank_frames([0.0, 0.5, 0.7], source="door")
    lost = SourceLost("door", "unplugged")
    source = ScriptedSource(frames, error=lost, is_live=True, fps=25)
    with source as opened:
        coming = iter(opened)
        assert [next(coming) for _ in frames] == frames
        with pytest.raises(SourceLost) as caught:
            next(coming)
    assert caught.value is lost
    assert (source.name, source.is_live, source.frame_count, source.fps) == ("door", True, None, 25)
    assert (source.entered, source.exited) == (1, 1)


def test_a_scripted_file_says_how_long_it_is() -> None:
    assert ScriptedSource(blank_frames([0.0, 1.0])).frame_count == 2


def test_blank_frames_have_the_times_and_the_size_asked_for() -> None:
    frames = blank_frames([0.0, 0.25], width=30, height=20)
    assert [(frame.index, frame.t, frame.image.shape) for frame in frames] == [
        (0, 0.0, (20, 30, 3)),
        (1, 0.25, (20, 30, 3)),
    ]


def test_a_face_lies_around_its_centre() -> None:
    assert tuple(FACE.box) == (40, 30, 60, 50)


@pytest.mark.parametrize("state", [State.MASK, State.INCORRECT, State.NO_MASK])
def test_a_reading_has_the_probabilities_of_its_state(state: State) -> None:
    reading = reading_of(FACE, state, confidence=0.8)
    assert reading.probabilities is not None
    assert reading.probabilities.of(state) == pytest.approx(0.8)
    assert max(reading.probabilities) == pytest.approx(0.8)
    assert reading.fault is (Fault.NOSE_OUT if state is State.INCORRECT else None)


def test_an_unknown_reading_has_a_reason() -> None:
    reading = reading_of(FACE, State.UNKNOWN, quality=0.3)
    assert (reading.reason, reading.quality) == ("scripted", 0.3)


def test_a_scripted_detector_goes_by_the_index_of_the_frame() -> None:
    better = face_at(10, 10, score=0.99)
    detect = ScriptedDetector({1: [FACE, better]})
    first, second = blank_frames([0.0, 0.1])
    assert detect(first) == []
    assert detect(second) == [better, FACE]


def test_a_recording_channel_keeps_what_it_is_given_and_fails_when_told_to() -> None:
    answers = [None, ChannelError("busy")]
    channel = RecordingChannel(lambda _: answers.pop(0))
    first, second = samples.alert(), samples.alert()
    channel.send(first)
    with pytest.raises(ChannelError, match="busy"):
        channel.send(second)
    channel.close()
    assert channel.alerts == [first, second]
    assert channel.closed == 1
