"""The unmodified YuNet through OpenCV: what our own weights started from and are compared with."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskwatch.errors import ModelError, ModelNotFound
from maskwatch.geometry import clip
from maskwatch.types import Box, Face, Frame, Landmarks, Point

MAX_OVERLAP = 0.45
"""IoU of two detections from which only the better one is kept."""


class StockYuNet:
    """A ``FaceDetector`` around ``cv2.FaceDetectorYN``.

    Args:
        model: the ONNX file for OpenCV.
        long_side: pictures are scaled so that their longer side has this many pixels; None
            keeps the size of each.
        score_threshold: detections under this score are dropped.

    Raises:
        ModelNotFound: there is no such file.
        ModelError: it is not a YuNet that OpenCV can read.
    """

    def __init__(
        self,
        model: Path,
        long_side: int | None = None,
        score_threshold: float = 0.5,
    ) -> None:
        if not model.is_file():
            raise ModelNotFound(f"{model}: no such file")
        try:
            self._net = cv2.FaceDetectorYN.create(
                str(model), "", (320, 320), score_threshold, MAX_OVERLAP
            )
        except cv2.error as error:
            raise ModelError(f"{model}: not a YuNet network: {error}") from error
        self._long_side = long_side

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces of the frame, best score first, boxes clipped to the picture."""
        height, width = frame.image.shape[:2]
        scale = 1.0 if self._long_side is None else self._long_side / max(height, width)
        image = cv2.resize(
            frame.image,
            (max(1, round(width * scale)), max(1, round(height * scale))),
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        )
        self._net.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._net.detect(image)
        if rows is None:
            return []
        # (N, 15): x, y, width, height, five points, score; in pixels of the scaled picture.
        back = np.array([width / image.shape[1], height / image.shape[0]])
        corners = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        boxes = clip(corners * np.tile(back, 2), width, height)
        marks = rows[:, 4:14].reshape(-1, 5, 2) * back
        return [
            Face(
                Box(*(float(value) for value in boxes[i])),
                min(float(rows[i, 14]), 1.0),
                Landmarks(*(Point(float(x), float(y)) for x, y in marks[i])),
            )
            for i in np.argsort(-rows[:, 14], kind="stable")
            if boxes[i, 2] > boxes[i, 0] and boxes[i, 3] > boxes[i, 1]
        ]
