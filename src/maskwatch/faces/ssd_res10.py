"""OpenCV's SSD-ResNet10 face detector (Caffe), the one of the published mask detection systems.

Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016, with a ResNet-10 body, trained by the
OpenCV project. Here to reproduce and compare; the default detector is ``faces.yunet``.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskwatch.errors import ModelError, ModelNotFound
from maskwatch.types import Box, Face, Frame

PROTOTXT = "deploy.prototxt"
WEIGHTS = "res10_300x300_ssd_iter_140000.caffemodel"
INPUT_SIZE = 300
"""Side of the square that the picture is squeezed into, whatever its shape, as published."""
MEAN_BGR = (104.0, 177.0, 123.0)
"""Subtracted from each channel, as the published systems do."""


class SsdRes10Detector:
    """A ``FaceDetector``.

    Args:
        folder: holds the two files of the network, `PROTOTXT` and `WEIGHTS`.
        score_threshold: detections under this score are dropped; the published systems use 0.5.

    Raises:
        ModelNotFound: one of the files is missing.
        ModelError: they are not a network that OpenCV can read.
    """

    def __init__(self, folder: Path, score_threshold: float = 0.5) -> None:
        for name in (PROTOTXT, WEIGHTS):
            if not (folder / name).is_file():
                raise ModelNotFound(f"{folder / name}: no such file")
        try:
            self._net = cv2.dnn.readNetFromCaffe(str(folder / PROTOTXT), str(folder / WEIGHTS))
        except cv2.error as error:
            raise ModelError(f"{folder}: not an SSD-ResNet10 network: {error}") from error
        self._score_threshold = score_threshold

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces of the frame, best score first, boxes clipped to the picture."""
        height, width = frame.image.shape[:2]
        size = (INPUT_SIZE, INPUT_SIZE)
        blob = cv2.dnn.blobFromImage(cv2.resize(frame.image, size), 1.0, size, MEAN_BGR)
        self._net.setInput(blob)
        # (1, 1, N, 7): picture, class, score, then x0, y0, x1, y1 as shares of the sides.
        rows = np.asarray(self._net.forward())[0, 0]
        boxes = np.clip(rows[:, 3:7], 0, 1) * np.array([width, height, width, height])
        scores = rows[:, 2]
        return [
            Face(Box(*(float(value) for value in boxes[i])), min(float(scores[i]), 1.0))
            for i in np.argsort(-scores, kind="stable")
            if scores[i] >= self._score_threshold
            and boxes[i, 2] > boxes[i, 0]
            and boxes[i, 3] > boxes[i, 1]
        ]
