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
from maskwatch.runtime.monitoring.rates import Rate

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

    def __init__(self, take: Take, wanted: Wanted, places: Places) -> None:
        self.take = take
        self.wanted = wanted
        self.places = places
        self.done = threading.Event()
        self.look: Look | None = None
        self.error: MaskwatchError | None = None


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
        self.looks = Rate()
        """Pictures that were looked at."""
        self.busy = Rate()
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
    ) -> Look | None:
        """Waits until it is this camera's turn, and has its newest picture looked at.

        Args:
            take: gives the picture when the turn has come; None when there is none after all.
            wanted: which of the faces found in it are to be judged.
            places: where in it to look for faces; None for everywhere.

        Returns:
            None when ``take`` gave none.

        Raises:
            InferenceStopped: the service stops.
            InferenceFailed: the models failed on this picture.
        """
        wish = _Wish(take, wanted, places)
        with self._changed:
            if self._stopping:
                raise InferenceStopped("the models have been stopped")
            self._wishes.append(wish)
            self._changed.notify_all()
        wish.done.wait()
        if wish.error is not None:
            raise wish.error
        return wish.look

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
        taken = [(wish, frame) for wish in wishes if (frame := wish.take()) is not None]
        try:
            looks = self._look_at(taken)
        except Exception as error:  # noqa: BLE001 - the models' boundary; every camera reports it
            for wish in wishes:
                wish.error = InferenceFailed(f"the models failed: {error}")
        else:
            for (wish, _), look in zip(taken, looks, strict=True):
                wish.look = look
            self.looks.add(len(looks))
        self.busy.add(time.monotonic() - began)
        for wish in wishes:
            wish.done.set()

    def _look_at(self, taken: Sequence[tuple[_Wish, Frame]]) -> list[Look]:
        places = [wish.places(frame) for wish, frame in taken]
        found = [
            find(self._detector, frame, each)
            for (_, frame), each in zip(taken, places, strict=True)
        ]
        wanted = [
            (frame, wish.wanted(frame, faces))
            for (wish, frame), faces in zip(taken, found, strict=True)
        ]
        readings = judge_all(self._classifier, wanted)
        return [
            Look(frame, tuple(faces), tuple(judged), where is None)
            for (_, frame), where, faces, judged in zip(taken, places, found, readings, strict=True)
        ]

    def _refuse_all(self) -> None:
        with self._changed:
            wishes, self._wishes = list(self._wishes), deque()
        for wish in wishes:
            wish.error = InferenceStopped("the models have been stopped")
            wish.done.set()


def judge_all(
    classifier: MaskClassifier, looks: Sequence[tuple[Frame, Sequence[Face]]]
) -> list[list[MaskReading]]:
    """The readings of several frames, from one run of the network where the classifier can."""
    if isinstance(classifier, BatchMaskClassifier):
        return classifier.judge_all(looks)
    return [classifier(frame, faces) for frame, faces in looks]
