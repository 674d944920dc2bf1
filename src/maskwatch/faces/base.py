"""The seam between frames and faces."""

from __future__ import annotations

from typing import Protocol

from maskwatch.types import Face, Frame


class FaceDetector(Protocol):
    """Finds the faces of one frame, best score first. No face is an empty list, never an error."""

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces, in pixels of the frame."""
        ...
