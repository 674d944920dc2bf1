"""The default face detector: YuNet in ONNX Runtime, decoded in numpy.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20
(2023). One network output per position of three grids (strides 8, 16, 32).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from maskwatch.geometry import nms, vote
from maskwatch.models.card import read_card
from maskwatch.models.session import CPU, open_session
from maskwatch.types import Box, Face, Frame, Image, Landmarks, Point

STRIDES = (8, 16, 32)
MIN_VOTE_SCORE = 0.2
"""Detections from this score on have a say in where a kept box lies, weighted by their score."""
GLANCE_FACE_PX = 48.0
"""Size to which a part of a picture is scaled down when the faces in it are larger: it was found
to place boxes as well as any larger one."""


@dataclass(frozen=True, slots=True)
class YuNetSettings:
    """How the detector is run.

    Attributes:
        score_threshold: detections under this score are dropped.
        iou_threshold: of two detections that overlap by more, the better one is kept.
        vote_iou: a kept box becomes the mean of all that overlap it by at least this; 1 leaves
            boxes as they are.
        long_side: pictures are scaled so that their longer side has this many pixels before
            the network sees them; None keeps the size. Smaller pictures are not enlarged.
    """

    score_threshold: float = 0.5
    iou_threshold: float = 0.45
    vote_iou: float = 0.6
    long_side: int | None = 640


@lru_cache(maxsize=32)
def grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Positions of all predictions for an input of ``height`` x ``width`` (multiples of 32).

    Returns:
        ``(N, 2)`` x and y of each position in input pixels, and ``(N, 1)`` its stride.
    """
    points, strides = [], []
    for stride in STRIDES:
        ys, xs = np.mgrid[: height // stride, : width // stride]
        points.append(np.stack([xs.ravel(), ys.ravel()], axis=1) * stride)
        strides.append(np.full((xs.size, 1), stride))
    return np.concatenate(points).astype(np.float32), np.concatenate(strides).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Detections:
    """Decoded detections, best score first, in pixels of the network's input."""

    boxes: NDArray[np.float32]
    """``(N, 4)``"""
    scores: NDArray[np.float32]
    """``(N,)``"""
    landmarks: NDArray[np.float32]
    """``(N, 5, 2)``"""


def decode(
    scores: NDArray[np.float32],
    bbox: NDArray[np.float32],
    kps: NDArray[np.float32],
    size: tuple[int, int],
    settings: YuNetSettings,
) -> Detections:
    """Turns the network's outputs for one picture into detections.

    Args:
        scores: ``(N,)`` in [0, 1].
        bbox: ``(N, 4)`` centre offset and log size in strides.
        kps: ``(N, 10)`` landmark offsets in strides.
        size: height and width of the network's input.
        settings: thresholds.
    """
    voters = np.flatnonzero(scores >= min(settings.score_threshold, MIN_VOTE_SCORE))
    points, strides = grid(*size)
    point, stride = points[voters], strides[voters]
    centre = bbox[voters, :2] * stride + point
    half = np.exp(bbox[voters, 2:]) * stride / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    landmarks = kps[voters].reshape(-1, 5, 2) * stride[:, None] + point[:, None]
    votes = scores[voters]
    sure = np.flatnonzero(votes >= settings.score_threshold)
    kept = sure[nms(boxes[sure], votes[sure], settings.iou_threshold)]
    placed = vote(boxes[kept], boxes, votes, settings.vote_iou)
    return Detections(placed.astype(np.float32), votes[kept], landmarks[kept])


def pad_to_multiple(image: Image, multiple: int = 32) -> Image:
    """The picture with black added at the right and below until both sides divide evenly."""
    height, width = image.shape[:2]
    right, below = -width % multiple, -height % multiple
    if right or below:
        return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)  # type: ignore[return-value]
    return image


class YuNetDetector:
    """A ``FaceDetector``.

    Args:
        session: the exported network: input ``(1, 3, H, W)`` float32 BGR 0 to 255; outputs
            scores, boxes, landmarks (see ``maskwatch_train.detector.network.ExportedYuNet``).
        settings: scale and thresholds.
    """

    def __init__(
        self, session: ort.InferenceSession, settings: YuNetSettings | None = None
    ) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self.settings = settings or YuNetSettings()

    @classmethod
    def from_folder(
        cls, folder: Path, *, threads: int | None = None, provider: str = CPU
    ) -> YuNetDetector:
        """The detector of a model folder, run as its card says.

        Raises:
            ModelError: the folder, its card or its file cannot be used.
        """
        card = read_card(folder, "face_detector")
        card.verify()
        settings = YuNetSettings(
            **{name: card.setting(name) for name in YuNetSettings.__dataclass_fields__}
        )
        return cls(open_session(card.model_path, threads=threads, provider=provider), settings)

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces of the frame, best score first, boxes clipped to the picture."""
        height, width = frame.image.shape[:2]
        return self._find(frame.image, self._scale(height, width))

    def within(self, frame: Frame, region: Box, face_px: float) -> list[Face]:
        """See `RegionDetector`; never at a larger scale than the whole frame is looked at."""
        height, width = frame.image.shape[:2]
        left, top = max(0, int(region.x0)), max(0, int(region.y0))
        right, below = min(width, math.ceil(region.x1)), min(height, math.ceil(region.y1))
        scale = min(self._scale(height, width), GLANCE_FACE_PX / face_px)
        part, shrunk = _halved(frame.image[top:below, left:right], scale)
        found = self._find(part, scale * shrunk)
        return [_placed(face, shrunk, left, top) for face in found]

    def _find(self, image: Image, scale: float) -> list[Face]:
        height, width = image.shape[:2]
        resized = image
        if scale != 1.0:
            target = (max(1, round(width * scale)), max(1, round(height * scale)))
            shrink = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
            resized = cv2.resize(image, target, interpolation=shrink)  # type: ignore[assignment]
        found = self._detect(pad_to_multiple(resized))
        back = np.array([width / resized.shape[1], height / resized.shape[0]], dtype=np.float32)
        boxes = np.clip(found.boxes * np.tile(back, 2), 0, [width, height, width, height])
        return [
            _face(box, float(score), points)
            for box, score, points in zip(boxes, found.scores, found.landmarks * back, strict=True)
            if box[2] - box[0] >= 1 and box[3] - box[1] >= 1
        ]

    def _scale(self, height: int, width: int) -> float:
        if self.settings.long_side is None:
            return 1.0
        return min(self.settings.long_side / max(height, width), 1.0)

    def _detect(self, image: Image) -> Detections:
        blob = np.empty((1, 3, *image.shape[:2]), dtype=np.float32)
        for channel, plane in enumerate(cv2.split(image)):  # twice as fast as a transposed copy
            blob[0, channel] = plane
        scores, bbox, kps = self._session.run(None, {self._input: blob})
        return decode(scores[0], bbox[0], kps[0], image.shape[:2], self.settings)


def _face(box: NDArray[np.float32], score: float, points: NDArray[np.float32]) -> Face:
    landmarks = Landmarks(*(Point(float(x), float(y)) for x, y in points))
    return Face(Box(*(float(v) for v in box)), min(score, 1.0), landmarks)


def _halved(image: Image, scale: float) -> tuple[Image, int]:
    """The picture as often halved as ``scale`` allows, which is quick, and how much smaller it is.

    What is left to do is a scale of more than a half.
    """
    shrunk = 1
    while scale * shrunk <= 0.5 and min(image.shape[:2]) >= 2:
        size = (image.shape[1] // 2, image.shape[0] // 2)
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
        shrunk *= 2
    return image, shrunk


def _placed(face: Face, scale: int, right: int, down: int) -> Face:
    """A face found in a part of a picture: so much larger, and further right and down."""
    x0, y0, x1, y1 = (value * scale for value in face.box)
    points = face.landmarks
    if points is not None:
        moved = (Point(each.x * scale + right, each.y * scale + down) for each in points)
        points = Landmarks(*moved)
    return Face(Box(x0 + right, y0 + down, x1 + right, y1 + down), face.score, points)
