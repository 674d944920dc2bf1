"""The models, shared by all cameras: one thread that looks at pictures, fairly.

Every camera has at most one wish in the queue, and wishes are served in the order in which they
came. So a box that is too slow gives each camera the same number of looks, and what is dropped is
dropped evenly. A wish does not hold a picture: the newest one is taken when its turn comes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwatch.errors import MaskwatchError
from maskwatch.faces.base import find
from maskwatch.masks.base import BatchMaskClassifier
from maskwatch.runtime.monitoring.throughput import Throughput

if TYPE_CHECKING:
    from maskwatch.faces.base import FaceDetector
    from maskwatch.masks.base import MaskClassifier
    from maskwatch.types import Box, Face, Frame, MaskReading

_IDLE_S = 0.5


class InferenceStopped(MaskwatchError):
    """The models look at nothing more: the service stops."""


class InferenceFailed(MaskwatchError):
    """The models could not look at a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the models saw in one picture."""

    frame: Frame
    found: tuple[Face, ...]
    """All faces."""
    readings: tuple[MaskReading, ...]
    """Of those faces that were to be judged, in their order."""
    is_whole: bool = True
    """Whether faces were looked for everywhere."""


Take = Callable[[], "Frame | None"]
Wanted = Callable[["Frame", "Sequence[Face]"], "Sequence[Face]"]
Places = Callable[["Frame"], "Sequence[Box] | None"]


class _Wish:
    """A camera's wish to have its newest picture looked at."""

    def __init__(self, take: Take, wanted: Wanted, places: Places, small_faces: bool) -> None:
        self.take = take
        self.wanted = wanted
        self.places = places
        self.small_faces = small_faces
        self.done = threading.Event()
        self.look: Look | None = None
        self.error: MaskwatchError | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The faces of the picture that a wish is about, before they are judged."""

    wish: _Wish
    frame: Frame
    faces: tuple[Face, ...]
    wanted: Sequence[Face]
    is_whole: bool


class SharedInference:
    """Looks at pictures for all cameras, in a thread of its own.

    Args:
        detector: finds faces.
        classifier: judges them; for several pictures at once if it can.
        batch: pictures that are looked at together, at most.
    """

    def __init__(
        self, detector: FaceDetector, classifier: MaskClassifier, *, batch: int = 1
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._batch = batch
        self._wishes: deque[_Wish] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self.busy = Throughput()
        """Seconds of work."""
        self.beat = time.monotonic()
        """When the thread last showed life, on the monotonic clock."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Ends the thread; everybody who waits gets `InferenceStopped`."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._refuse_all()

    @property
    def queue(self) -> int:
        """Cameras that wait."""
        return len(self._wishes)

    def look(
        self,
        take: Take,
        wanted: Wanted,
        places: Places = lambda _: None,
        is_over: Callable[[], bool] = lambda: False,
        *,
        small_faces: bool = False,
    ) -> Look | None:
        """Waits until it is this camera's turn, and has its newest picture looked at.

        Args:
            take: gives the picture when the turn has come; None when there is none after all.
            wanted: which of the faces found in it are to be judged.
            places: where in it to look for faces; None for everywhere.
            is_over: whether the camera is to end: then it waits for its turn no longer.
            small_faces: whether far faces in a large picture are looked for too; slower.

        Returns:
            None when ``take`` gave none, or its turn did not come any more.

        Raises:
            InferenceStopped: the service stops.
            InferenceFailed: the models failed on this picture.
        """
        wish = _Wish(take, wanted, places, small_faces)
        with self._changed:
            if self._stopping:
                raise InferenceStopped("the models have been stopped")
            self._wishes.append(wish)
            self._changed.notify_all()
        while not wish.done.wait(_IDLE_S):
            if is_over() and self._withdraw(wish):
                return None
        if wish.error is not None:
            raise wish.error
        return wish.look

    def _withdraw(self, wish: _Wish) -> bool:
        """Takes back a wish; False when it is being served already."""
        with self._changed:
            is_waiting = wish in self._wishes
            if is_waiting:
                self._wishes.remove(wish)
        return is_waiting

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wishes or self._stopping, _IDLE_S)
                self.beat = time.monotonic()
                if self._stopping:
                    return
                count = min(len(self._wishes), self._batch)
                wishes = [self._wishes.popleft() for _ in range(count)]
            if wishes:
                self._serve(wishes)
            del wishes  # which hold their pictures

    def _serve(self, wishes: Sequence[_Wish]) -> None:
        began = time.monotonic()
        self._judge([each for wish in wishes if (each := self._find(wish)) is not None])
        self.busy.add(time.monotonic() - began)
        for wish in wishes:
            wish.done.set()

    def _find(self, wish: _Wish) -> _Found | None:
        """The faces of one camera's picture; None when there is no picture, or it failed."""
        try:
            frame = wish.take()
            if frame is None:
                return None
            places = wish.places(frame)
            faces = find(self._detector, frame, places, small_faces=wish.small_faces)
            return _Found(wish, frame, tuple(faces), wish.wanted(frame, faces), places is None)
        except Exception as error:  # noqa: BLE001 - the models' boundary; its camera reports it
            wish.error = _failed(error)
            return None

    def _judge(self, found: Sequence[_Found]) -> None:
        try:
            readings = judge_all(self._classifier, [(each.frame, each.wanted) for each in found])
            looks = [
                Look(each.frame, each.faces, tuple(judged), each.is_whole)
                for each, judged in zip(found, readings, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - the models' boundary; its camera reports it
            if len(found) == 1:
                found[0].wish.error = _failed(error)
                return
            for each in found:  # the picture of one camera must not blind the others
                self._judge([each])
        else:
            for each, look in zip(found, looks, strict=True):
                each.wish.look = look

    def _refuse_all(self) -> None:
        with self._changed:
            wishes, self._wishes = list(self._wishes), deque()
        for wish in wishes:
            wish.error = InferenceStopped("the models have been stopped")
            wish.done.set()


def _failed(error: Exception) -> InferenceFailed:
    return InferenceFailed(f"the models failed: {error}")


def judge_all(
    classifier: MaskClassifier, looks: Sequence[tuple[Frame, Sequence[Face]]]
) -> list[list[MaskReading]]:
    """The readings of several frames, from one run of the network where the classifier can."""
    if isinstance(classifier, BatchMaskClassifier):
        return classifier.judge_all(looks)
    return [classifier(frame, faces) for frame, faces in looks]
