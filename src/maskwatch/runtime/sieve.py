"""Which of the detected faces are judged, and which are hidden."""

from __future__ import annotations

from collections.abc import Sequence

from maskwatch.faces.base import FaceDetector, GlancingDetector, find
from maskwatch.geometry import are_covered, box_array
from maskwatch.types import Box, Face, Frame, TimedBox


class FaceSieve:
    """A ``FaceDetector`` that lets through the faces that are wanted, and remembers all.

    Args:
        detector: finds the faces.
        min_score: detector score from which a face is let through.
        min_face_px: shorter side from which a face is let through.
    """

    def __init__(self, detector: FaceDetector, min_score: float, min_face_px: float) -> None:
        self._detector = detector
        self._min_score = min_score
        self._min_face_px = min_face_px
        self.found: list[Face] = []
        """Every face of the last frame, or of the part that was looked at, wanted or not."""

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces that are wanted, best score first."""
        return self._let_through(self._detector(frame))

    def sweep(self, frame: Frame) -> list[Face]:
        """See `GlancingDetector`; a detector that cannot do so looks at everything."""
        return self._let_through(find(self._detector, frame, None))

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        """See `GlancingDetector`; a detector that cannot do so looks at the whole frame."""
        if isinstance(self._detector, GlancingDetector):
            return self._let_through(self._detector.near(frame, expected))
        return self(frame)

    def _let_through(self, found: list[Face]) -> list[Face]:
        self.found = found
        return wanted_faces(found, self._min_score, self._min_face_px)


def wanted_faces(found: Sequence[Face], min_score: float, min_face_px: float) -> list[Face]:
    """The faces of at least this detector score and this shorter side, in their order."""
    return [face for face in found if face.score >= min_score and face.box.side >= min_face_px]


_LINGER_S = 0.7
"""Long enough to cover the frames in which a detector loses a face that turns or is crossed."""

_LONGEST_S = 3.0
"""Where looks are rarer than `_LINGER_S` the last one still counts, but not for longer."""

_SAME_PLACE_IOU = 0.5
"""A remembered place that a face overlaps by this much is covered by hiding the face."""


class Veil:
    """Remembers for a moment where faces were, so that a missed frame does not uncover one."""

    def __init__(self, linger_s: float = _LINGER_S) -> None:
        self._linger_s = linger_s
        self._recent: list[TimedBox] = []
        self._last_t = float("-inf")

    def over(self, t: float, faces: Sequence[Face]) -> list[TimedBox]:
        """What to hide in the frame at ``t`` seconds: its faces and those of just before.

        That is of the last moments, and of the frame before if that was not long ago; each with the
        time of its frame.
        """
        now = [face.box for face in faces]
        since_s, self._last_t = t - self._last_t, t
        linger_s = max(self._linger_s, since_s) if since_s <= _LONGEST_S else self._linger_s
        left = [place for place in self._recent if t - place.t <= linger_s]
        uncovered = without_covered([place.box for place in left], now)
        left = [place for place in left if place.box in uncovered]
        self._recent = left + [TimedBox(t, box) for box in now]
        return list(self._recent)


def without_covered(boxes: Sequence[Box], hidden: Sequence[Box]) -> list[Box]:
    """Those boxes that are not hidden along with others."""
    covered = are_covered(box_array(boxes), box_array(hidden), _SAME_PLACE_IOU)
    return [box for box, is_covered in zip(boxes, covered, strict=True) if not is_covered]
