"""People as painted squares, and doubles that see them: real files can be made of them.

A green square is a face with a mask, a yellow one has its nose out, a red one no mask, and of a
blue one it cannot be told. As with faces, a square of another state also looks different in grey: a
third of it is darker, another one for each state.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from maskwatch.outputs.images import write_picture
from maskwatch.outputs.video import VideoFile
from maskwatch.testing import reading_of
from maskwatch.types import Box, Face, Fault, Frame, Image, MaskReading, State

BGR = {
    State.MASK: (0, 220, 0),
    State.INCORRECT: (0, 220, 220),
    State.NO_MASK: (0, 0, 220),
    State.UNKNOWN: (220, 0, 0),
}
SHADE = 0.65
SHADED = {
    State.MASK: (2 / 3, 1, 0, 1),
    State.INCORRECT: (0, 1, 2 / 3, 1),
    State.NO_MASK: (0, 1 / 3, 0, 1),
    State.UNKNOWN: (0, 1, 0, 1 / 3),
}
"""From top to bottom and from left to right, in shares of the square; never its middle."""
GREY = 60
Person = tuple[State, int, int]
"""State, and where the square's centre is."""


def scene(
    people: Sequence[Person], *, width: int = 320, height: int = 240, size: int = 60
) -> Image:
    image = np.full((height, width, 3), GREY, np.uint8)
    for state, x, y in people:
        half = size // 2
        square = image[y - half : y + half, x - half : x + half]
        square[:] = BGR[state]
        top, bottom, left, right = (round(share * 2 * half) for share in SHADED[state])
        square[top:bottom, left:right] = np.multiply(BGR[state], SHADE)
    return image


def paint_picture(path: Path, people: Sequence[Person], **sizes: int) -> Path:
    write_picture(path, scene(people, **sizes))
    return path


def paint_video(path: Path, frames: Sequence[Sequence[Person]], fps: float = 10) -> Path:
    video = VideoFile(path, fps)
    for i, people in enumerate(frames):
        video.write(scene(people), i / fps)
    video.close()
    return path


class SquareDetector:
    """A ``FaceDetector`` for painted squares."""

    def __init__(self, score: float = 0.9) -> None:
        self.score = score

    def __call__(self, frame: Frame) -> list[Face]:
        # OpenCV takes a tenth of NumPy's time over colours, and a simulated day has many pictures.
        blue, green, red = cv2.split(frame.image)
        most, least = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
        _, colourful = cv2.threshold(cv2.subtract(most, least), 110, 1, cv2.THRESH_BINARY)
        count, _, stats, _ = cv2.connectedComponentsWithStats(colourful)
        return [
            Face(Box(*(float(v) for v in (x, y, x + w, y + h))), self.score)
            for x, y, w, h, area in stats[1:count]
            if area > 100
        ]


class SquareClassifier:
    """A ``MaskClassifier`` that goes by the colour."""

    def __call__(self, frame: Frame, faces: Sequence[Face]) -> list[MaskReading]:
        return [self._judge(frame, face) for face in faces]

    def _judge(self, frame: Frame, face: Face) -> MaskReading:
        x, y = int(face.box.x0 + face.box.x1) // 2, int(face.box.y0 + face.box.y1) // 2
        there = frame.image[y, x].astype(int)
        state = min(BGR, key=lambda each: int(np.abs(there - BGR[each]).sum()))
        return reading_of(face, state, Fault.NOSE_OUT if state is State.INCORRECT else None)
