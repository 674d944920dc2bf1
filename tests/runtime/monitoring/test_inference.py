from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from maskwatch.runtime.live.mailbox import Mailbox
from maskwatch.runtime.monitoring.inference import (
    InferenceFailed,
    InferenceStopped,
    Look,
    Places,
    SharedInference,
    Wanted,
    judge_all,
)
from maskwatch.testing import FixedClassifier, FixedDetector, face_at, reading_of
from maskwatch.types import Box, Face, Frame, MaskReading, State

FACES = [face_at(20, 20, 10), face_at(50, 20, 10)]


def frame(source: str, index: int = 0) -> Frame:
    return Frame(source, index, float(index), np.zeros((40, 80, 3), np.uint8))


def all_faces(_frame: Frame, faces: Sequence[Face]) -> Sequence[Face]:
    return faces


class GatedDetector:
    """Waits for permission to look at each picture; notes the order."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.begun = 0
        self.seen: list[str] = []

    def __call__(self, frame: Frame) -> list[Face]:
        self.begun += 1
        self.gate.acquire()
        self.seen.append(frame.source)
        return []


class BatchClassifier:
    """Judges several frames at once and notes how many."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        raise AssertionError(f"{frame.source} with {len(faces)} faces is judged by itself")

    def judge_all(self, looks: Sequence[tuple[Frame, Sequence[Face]]]) -> list[list[MaskReading]]:
        self.batches.append(len(looks))
        return [[reading_of(face, State.MASK) for face in faces] for _, faces in looks]


@pytest.fixture
def stopping() -> Iterator[list[SharedInference]]:
    running: list[SharedInference] = []
    yield running
    for each in running:
        each.stop()


def test_a_look_has_all_faces_and_the_readings_of_those_that_were_wanted(
    stopping: list[SharedInference],
) -> None:
    inference = SharedInference(FixedDetector(FACES), FixedClassifier(State.NO_MASK))
    stopping.append(inference)
    inference.start()
    look = inference.look(lambda: frame("a"), lambda _, faces: faces[1:])
    assert isinstance(look, Look)
    assert list(look.found) == FACES
    assert [reading.face for reading in look.readings] == FACES[1:]
    assert look.readings[0].state is State.NO_MASK


def test_faces_are_looked_for_where_the_camera_says(stopping: list[SharedInference]) -> None:
    class Glancing(FixedDetector):
        def sweep(self, frame: Frame) -> list[Face]:
            assert frame.source == "a"
            return FACES[:1]

        def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
            assert frame.source == "a"
            return [face for face in FACES if face.box in expected]

    inference = SharedInference(Glancing(FACES), FixedClassifier(State.MASK))
    stopping.append(inference)
    inference.start()
    for places, small_faces, expected in (
        (None, False, FACES[:1]),
        (None, True, FACES),
        ([FACES[1].box], True, FACES[1:]),
        ([], True, []),
    ):
        look = inference.look(
            lambda: frame("a"),
            all_faces,
            lambda _: places,  # noqa: B023
            small_faces=small_faces,
        )
        assert look is not None
        assert list(look.found) == expected
        assert look.is_whole == (places is None)


def test_a_wish_without_a_picture_after_all_is_no_error(stopping: list[SharedInference]) -> None:
    inference = SharedInference(FixedDetector(FACES), FixedClassifier(State.MASK))
    stopping.append(inference)
    inference.start()
    assert inference.look(lambda: None, all_faces) is None


def test_cameras_take_turns_however_fast_they_deliver(stopping: list[SharedInference]) -> None:
    detector = GatedDetector()
    inference = SharedInference(detector, FixedClassifier(State.MASK))
    stopping.append(inference)
    inference.start()
    over = threading.Event()
    boxes = {name: Mailbox[Frame]() for name in ("slow", "fast", "faster")}

    def watch(name: str) -> None:
        while not over.is_set():
            boxes[name].put(frame(name))  # always a newer one
            inference.look(lambda: boxes[name].take(0), all_faces)

    threads = [threading.Thread(target=watch, args=(name,)) for name in boxes]
    for thread in threads:
        thread.start()
    for turn in range(1, 61):
        # Else it would be chance who is there to have a turn.
        while (detector.begun, inference.queue) != (turn, 2):
            time.sleep(0.001)
        detector.gate.release()
    over.set()
    for _ in threads:
        detector.gate.release()
    for thread in threads:
        thread.join(10)
    counts = [detector.seen.count(name) for name in boxes]
    assert max(counts) - min(counts) <= 1


def test_several_cameras_are_judged_in_one_go(stopping: list[SharedInference]) -> None:
    classifier = BatchClassifier()
    inference = SharedInference(FixedDetector(FACES), classifier, batch=3)
    stopping.append(inference)
    looks: list[Look | None] = []
    threads = [
        threading.Thread(
            target=lambda name=name: looks.append(  # type: ignore[misc]
                inference.look(lambda: frame(name), all_faces)
            )
        )
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    while inference.queue < 4:
        time.sleep(0.001)
    inference.start()
    for thread in threads:
        thread.join(10)
    assert classifier.batches == [3, 1]
    assert all(look is not None and len(look.readings) == 2 for look in looks)


def test_a_failing_model_is_told_to_the_camera_and_ends_nothing(
    stopping: list[SharedInference],
) -> None:
    class Failing:
        fails = True

        def __call__(self, frame: Frame) -> list[Face]:
            if self.fails:
                raise RuntimeError(f"out of memory at {frame.source}")
            return []

    detector = Failing()
    inference = SharedInference(detector, FixedClassifier(State.MASK))
    stopping.append(inference)
    inference.start()
    with pytest.raises(InferenceFailed, match="out of memory"):
        inference.look(lambda: frame("a"), all_faces)
    detector.fails = False
    assert inference.look(lambda: frame("a"), all_faces) is not None


def refused(_: Frame, __: object = ()) -> Sequence[Box]:
    raise ValueError("box must have x0 < x1")


class PickyClassifier(BatchClassifier):
    """Fails on any batch with a picture of camera b in it."""

    def judge_all(self, looks: Sequence[tuple[Frame, Sequence[Face]]]) -> list[list[MaskReading]]:
        if any(frame.source == "b" for frame, _ in looks):
            raise RuntimeError("not of this size")
        return super().judge_all(looks)


def lost() -> Frame:
    raise OSError("gone")


@pytest.mark.parametrize(
    ("classifier", "wish_of_b"),
    [
        (BatchClassifier(), (lambda: frame("b"), all_faces, refused)),
        (BatchClassifier(), (lambda: frame("b"), refused, lambda _: None)),
        (BatchClassifier(), (lost, all_faces, lambda _: None)),
        (PickyClassifier(), (lambda: frame("b"), all_faces, lambda _: None)),
    ],
    ids=["places", "wanted", "picture", "classifier"],
)
def test_what_fails_of_one_camera_fails_no_other_of_the_same_batch(
    stopping: list[SharedInference],
    classifier: BatchClassifier,
    wish_of_b: tuple[Callable[[], Frame], Wanted, Places],
) -> None:
    inference = SharedInference(FixedDetector(FACES), classifier, batch=3)
    stopping.append(inference)
    wishes = {name: (lambda name=name: frame(name), all_faces, lambda _: None) for name in "ac"}
    wishes["b"] = wish_of_b
    outcome: dict[str, Look | InferenceFailed | None] = {}

    def wish(name: str) -> None:
        try:
            outcome[name] = inference.look(*wishes[name])
        except InferenceFailed as error:
            outcome[name] = error

    threads = [threading.Thread(target=wish, args=(name,)) for name in wishes]
    for thread in threads:
        thread.start()
    while inference.queue < 3:
        time.sleep(0.001)
    inference.start()
    for thread in threads:
        thread.join(10)
    assert isinstance(outcome["b"], InferenceFailed)
    for name in "ac":
        look = outcome[name]
        assert isinstance(look, Look)
        assert (look.frame.source, len(look.readings)) == (name, 2)


def test_a_camera_that_is_to_end_waits_for_its_turn_no_longer(
    stopping: list[SharedInference],
) -> None:
    detector, takes = GatedDetector(), []
    inference = SharedInference(detector, FixedClassifier(State.MASK))
    stopping.append(inference)
    inference.start()
    is_served = threading.Event()

    def take_slow() -> Frame:
        is_served.set()
        return frame("slow")

    first = threading.Thread(target=inference.look, args=(take_slow, all_faces))
    first.start()
    assert is_served.wait(30)

    def take() -> Frame:
        takes.append("taken")
        return frame("waiting")

    assert inference.look(take, all_faces, is_over=lambda: True) is None
    assert takes == []
    assert inference.queue == 0
    detector.gate.release()
    first.join(30)
    assert detector.seen == ["slow"]


def test_who_waits_when_it_stops_is_told() -> None:
    inference = SharedInference(FixedDetector(FACES), FixedClassifier(State.MASK))
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            inference.look(lambda: frame("a"), all_faces)
        except InferenceStopped as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not inference.queue:
        time.sleep(0.001)
    inference.stop()
    waiting.join(10)
    assert len(errors) == 1
    with pytest.raises(InferenceStopped):
        inference.look(lambda: frame("a"), all_faces)


def test_one_by_one_and_all_at_once_give_the_same() -> None:
    looks = [(frame("a"), FACES), (frame("b"), FACES[:1]), (frame("c"), [])]
    one_by_one = judge_all(FixedClassifier(State.MASK), looks)
    at_once = judge_all(BatchClassifier(), looks)
    assert one_by_one == at_once
    assert [len(readings) for readings in at_once] == [2, 1, 0]
