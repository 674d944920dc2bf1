"""How the models look at one camera: everywhere or only at people, and at which faces anew.

Most of the time the people before a camera stay who they are and where they are. Then only small
tiles around their faces are looked at, and a face that looks as it did keeps its reading for a
moment. What a glance shows is good for following people; pictures that anybody will see are made
of whole looks alone, because a glance finds no face of a bystander who is to be hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from maskwatch.events.camera import CameraWatch, Sight
from maskwatch.events.photos import MATCH_IOU
from maskwatch.geometry import are_covered, box_array
from maskwatch.masks.memory import ReadingMemory
from maskwatch.masks.refine import without_repeats
from maskwatch.runtime.monitoring.inference import Look
from maskwatch.runtime.veil import Veil
from maskwatch.tracks.surroundings import Sweeps
from maskwatch.types import Box, Face, Frame

_SWEEP_S = 1.0
"""The whole picture is looked at at least so often."""


class Gaze:
    """For the frames of one camera, in order.

    Args:
        watch: knows who is there.
        judged: which of the faces found in a frame are judged at all.
    """

    def __init__(
        self,
        watch: CameraWatch,
        judged: Callable[[Frame, Sequence[Face]], Sequence[Face]],
    ) -> None:
        self.wants_whole = False
        """Set to have the next look be a whole one."""
        self._watch = watch
        self._judged = judged
        self._sweeps = Sweeps(_SWEEP_S)
        self._memory = ReadingMemory()
        self._veil = Veil()
        self._found: tuple[Face, ...] = ()

    def places(self, frame: Frame) -> list[Box] | None:
        """Where to look for faces; None for everywhere."""
        people = None if self.wants_whole else self._watch.expected_boxes(frame.t)
        return None if self._sweeps.is_due(frame, people) else people

    def wanted(self, frame: Frame, found: Sequence[Face]) -> list[Face]:
        """Those of the faces found that the classifier has to judge now."""
        return self._memory.due(frame, self._judged(frame, found))

    def sight(self, look: Look) -> Sight:
        """What was seen, with the readings that are remembered."""
        frame = look.frame
        if look.is_whole:
            self.wants_whole = False
            self._found = look.found
        else:
            # Nothing moved there, so whoever is nobody to be judged is where they were.
            self._found = (*look.found, *_others(self._found, look.found))
        readings = without_repeats(self._memory.complete(frame, look.readings))
        hidden = tuple(self._veil.over(frame.t, self._found))
        return Sight(frame, tuple(readings), self._found, hidden, look.is_whole)


def _others(before: Sequence[Face], now: Sequence[Face]) -> list[Face]:
    """The earlier faces at whose place there is none now."""
    places = box_array(face.box for face in before)
    taken = are_covered(places, box_array(face.box for face in now), MATCH_IOU)
    return [face for face, is_taken in zip(before, taken, strict=True) if not is_taken]
