"""The seam between frames and faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from maskwatch.types import Box, Face, Frame

Wanted = Callable[[Sequence[Face]], list[Face]]
"""Which of the faces found are judged, in their order."""


class FaceDetector(Protocol):
    """Finds the faces of one frame, best score first. No face is an empty list, never an error."""

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces, in pixels of the frame."""
        ...


@runtime_checkable
class GlancingDetector(Protocol):
    """A detector that can look more quickly than at everything in all its detail."""

    def sweep(self, frame: Frame) -> list[Face]:
        """The faces of the whole frame, best score first, but for far ones in a large frame."""
        ...

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        """The faces at about the expected places, best score first, in pixels of the frame."""
        ...


def find(
    detector: FaceDetector, frame: Frame, places: Sequence[Box] | None, *, small_faces: bool = False
) -> list[Face]:
    """The faces of one frame, best score first.

    Args:
        detector: finds them; if it cannot glance it looks at everything, unless there is no place
            at all.
        frame: where to look.
        places: about where they are expected; None for everywhere.
        small_faces: whether far ones in a large frame are looked for too, where ``places`` is None.
    """
    if places is not None and not places:
        return []
    if not isinstance(detector, GlancingDetector):
        return detector(frame)
    if places is not None:
        return detector.near(frame, places)
    return detector(frame) if small_faces else detector.sweep(frame)


def wanted_faces(found: Sequence[Face], min_score: float, min_face_px: float = 0.0) -> list[Face]:
    """The faces of at least this detector score and this shorter side, in their order."""
    return [face for face in found if face.score >= min_score and face.box.side >= min_face_px]
