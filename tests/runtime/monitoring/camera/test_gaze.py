"""How the models look at one camera, and that no picture is made of a mere glance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest

from maskwatch.config.cameras import CameraConfig
from maskwatch.events.camera import CameraWatch, Opened, Sight
from maskwatch.events.photos import Photo
from maskwatch.runtime.monitoring.camera.gaze import Gaze
from maskwatch.runtime.monitoring.camera.rules import rules_of
from maskwatch.runtime.monitoring.inference import SharedInference
from maskwatch.testing import reading_of
from maskwatch.types import Box, Face, Frame, MaskReading, State
from tests.painted import Person, SquareClassifier, SquareDetector, scene

FPS = 5
NOON = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - local


class GlancingSquares(SquareDetector):
    """Finds painted squares everywhere or around given places; notes which it was."""

    def __init__(self) -> None:
        super().__init__()
        self.glances = 0
        self.sweeps = 0

    def sweep(self, frame: Frame) -> list[Face]:
        self.sweeps += 1
        return self(frame)

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        self.glances += 1
        middles = [((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for box in expected]
        return [
            face
            for face in self(frame)
            if any(
                face.box.x0 < x < face.box.x1 and face.box.y0 < y < face.box.y1 for x, y in middles
            )
        ]


class CountingSquares(SquareClassifier):
    """Notes how many faces it judged."""

    def __init__(self) -> None:
        self.faces = 0

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        self.faces += len(faces)
        return super().__call__(frame, faces)


class Door:
    """A camera in front of painted people.

    Args:
        left_half_only: who is in the right half is a bystander.
    """

    def __init__(self, *, left_half_only: bool = False) -> None:
        self.detector, self.classifier = GlancingSquares(), CountingSquares()
        self.inference = SharedInference(self.detector, self.classifier)
        self.inference.start()
        self.watch = CameraWatch("door", rules_of(CameraConfig.model_validate({"url": "0"})))
        self.gaze = Gaze(self.watch, self._judged)
        self.sights: list[Sight] = []
        self.opened: list[Opened] = []
        self.uncertain: list[Photo] = []
        self._left_half_only = left_half_only

    def _judged(self, frame: Frame, faces: Sequence[Face]) -> Sequence[Face]:
        middle = frame.image.shape[1] / 2
        return [face for face in faces if face.box.x1 < middle or not self._left_half_only]

    def show(self, seconds: float, *people: Person) -> list[Sight]:
        """What is seen of people who stand there for a while."""
        image = scene(people)
        begin = len(self.sights)
        for index in range(begin, begin + round(seconds * FPS)):
            frame = Frame("door", index, index / FPS, image)
            look = self.inference.look(lambda: frame, self.gaze.wanted, self.gaze.places)  # noqa: B023
            assert look is not None
            self.sights.append(self.gaze.sight(look))
            watched = self.watch.look(self.sights[-1], NOON + timedelta(seconds=frame.t))
            self.opened += [news for news in watched.news if isinstance(news, Opened)]
            self.uncertain += [] if watched.uncertain is None else [watched.uncertain]
        return self.sights[begin:]


@pytest.fixture
def doors() -> Iterator[Callable[..., Door]]:
    made: list[Door] = []

    def make(*, left_half_only: bool = False) -> Door:
        made.append(Door(left_half_only=left_half_only))
        return made[-1]

    yield make
    for door in made:
        door.inference.stop()


MASKED: Person = (State.MASK, 80, 120)
BARE: Person = (State.NO_MASK, 80, 120)
BYSTANDER: Person = (State.NO_MASK, 240, 120)
SECOND = FPS
"""Looks a second."""


def test_somebody_who_stays_as_they_are_is_glanced_at_and_seldom_judged(
    doors: Callable[..., Door],
) -> None:
    door = doors()
    door.show(3, MASKED)
    swept, judged = door.detector.sweeps, door.classifier.faces
    sights = door.show(10, MASKED)
    assert door.detector.sweeps - swept == 10
    assert door.detector.glances >= 10 * SECOND - 10
    assert 12 <= door.classifier.faces - judged <= 13  # after 0.8 s each
    assert all(len(sight.readings) == 1 for sight in sights)
    assert [sight.readings[0].state for sight in sights] == [State.MASK] * 10 * SECOND


def test_a_change_is_judged_in_the_very_look_that_shows_it(doors: Callable[..., Door]) -> None:
    door = doors()
    for offset in range(SECOND):  # wherever in the second between two sweeps it happens
        door.show(4 + offset / FPS, MASKED)
        first = door.show(2, BARE)[0]
        assert first.readings[0].state is State.NO_MASK


def test_whoever_comes_is_seen_in_the_very_look_that_shows_them(doors: Callable[..., Door]) -> None:
    door = doors()
    door.show(2.2)
    swept = door.detector.sweeps
    door.show(5)
    assert door.detector.sweeps - swept == 5
    first = door.show(1, MASKED)[0]
    assert len(first.readings) == 1
    door.show(3, MASKED)
    assert len(door.show(1, MASKED, BYSTANDER)[0].readings) == 2


def test_while_somebody_is_in_doubt_every_look_is_whole(doors: Callable[..., Door]) -> None:
    door = doors()
    door.show(4.2, MASKED)
    _, *doubtful = door.show(1, BARE)
    assert doubtful
    assert all(sight.is_whole for sight in doubtful)


def test_a_photo_is_never_one_of_a_glance(doors: Callable[..., Door]) -> None:
    door = doors()
    door.show(4.2, MASKED)
    door.show(3, BARE)
    (opened,) = door.opened
    assert opened.photo is not None
    whole = {sight.frame.index for sight in door.sights if sight.is_whole}
    assert len(whole) < len(door.sights) / 2 + 3 * SECOND
    assert opened.photo.frame.index in whole


def test_no_face_of_a_glance_is_proposed_for_a_label(doors: Callable[..., Door]) -> None:
    def doubt(_: SquareClassifier, __: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        return [reading_of(face, State.MASK, confidence=0.6) for face in faces]

    door = doors()
    door.show(4.2, MASKED)
    with patch.object(SquareClassifier, "__call__", doubt):
        door.show(3, MASKED)
    (photo,) = door.uncertain
    assert photo.frame.index in {sight.frame.index for sight in door.sights if sight.is_whole}


def test_bystanders_stay_hidden_while_only_others_are_glanced_at(
    doors: Callable[..., Door],
) -> None:
    door = doors(left_half_only=True)
    door.show(3, MASKED, BYSTANDER)
    sights = door.show(5, MASKED, BYSTANDER)
    assert sum(not sight.is_whole for sight in sights) >= 3 * SECOND
    for sight in sights:
        assert any(place.box.x0 < 240 < place.box.x1 for place in sight.hidden)
        assert len(sight.found) == 2


def test_a_whole_look_can_be_asked_for(doors: Callable[..., Door]) -> None:
    door = doors()
    sights = door.show(3.4, MASKED)
    assert not sights[-1].is_whole
    door.gaze.wants_whole = True
    first, second = door.show(0.4, MASKED)
    assert first.is_whole
    assert not second.is_whole
