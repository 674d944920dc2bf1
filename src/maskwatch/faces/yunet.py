"""The default face detector: YuNet in ONNX Runtime, decoded in numpy.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20
(2023). One network output per position of three grids (strides 8, 16, 32).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from maskwatch.errors import ModelError
from maskwatch.geometry import box_array, centres, clip, nms, vote
from maskwatch.models.card import read_card
from maskwatch.models.card_settings import PIXELS_OR_NULL, SHARE, checked_settings
from maskwatch.models.session import CPU, open_session
from maskwatch.types import Box, Face, Frame, Image, Landmarks, Point

STRIDES = (8, 16, 32)
MIN_VOTE_SCORE = 0.2
"""Detections from this score on have a say in where a kept box lies, weighted by their score."""
TILE_PX, WINDOW_SIZES = 64, 2.0
"""A glance at a face is a square of so many of its sizes, scaled to so many pixels: the face has
about 32, and it may have moved by half of its size."""
LARGEST_STEP = 3
"""Larger windows are scaled in two steps. Linear interpolation passes pixels over; up to here that
loses no faces, and what averages over all pixels takes ten times as long."""
OWN_SHARE = 0.6
"""A face whose centre lies outside the middle of its tile, by this share of its side, is another
one's or has gone too far."""
APART = 4
"""Pictures that are decoded together are moved apart by so many times their longer side."""
MAX_TILES = 16
"""More than so many places cost as much as the whole picture."""
SMALLEST_PX = 10
"""The network rarely finds smaller faces."""
FINE_SCALE = 0.625
"""Of finer looks at large pictures. Faces can be read from 20 px on, and at this scale the
network finds nine in ten of 20 to 32 px; at half the size it is eight, at three quarters no more
(docs/experiments/models.md)."""
LEAST_GAIN = 1.3
"""If faces are so many times larger in a finer look, near ones need a coarser one as well."""
MAX_FINE_PIXELS = 2560 * 2560
"""Of a finer look; more take too much memory, so that from 17 million pixels on the smallest faces
are lost after all."""
HANDOVER_PX = (24.0, 32.0)
"""Between these sizes, in pixels of the coarser look, a face may be of either look; larger ones are
of the coarser, smaller ones of the finer, which does not take parts of near faces for far ones."""
ANY_SIZE = (0.0, math.inf)

_KINDS = {
    "score_threshold": SHARE,
    "iou_threshold": SHARE,
    "vote_iou": SHARE,
    "long_side": PIXELS_OR_NULL,
}


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

    @classmethod
    def none(cls) -> Detections:
        """What is seen where no face is."""
        shapes = (0, 4), (0,), (0, 5, 2)
        return cls(*(np.zeros(shape, dtype=np.float32) for shape in shapes))

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.integer]) -> Detections:
        """Some of them: ``(N,)`` flags, or indices in the order that is wanted."""
        return Detections(self.boxes[which], self.scores[which], self.landmarks[which])

    def faces(self) -> list[Face]:
        """The detections as values, but those of less than a pixel."""
        found = zip(self.boxes.tolist(), self.scores.tolist(), self.landmarks.tolist(), strict=True)
        return [
            Face(Box(*box), min(score, 1.0), Landmarks(*(Point(*mark) for mark in marks)))
            for box, score, marks in found
            if box[2] - box[0] >= 1 and box[3] - box[1] >= 1
        ]


def decode(
    scores: NDArray[np.float32],
    bbox: NDArray[np.float32],
    kps: NDArray[np.float32],
    size: tuple[int, int],
    settings: YuNetSettings,
    sizes: tuple[float, float] = ANY_SIZE,
) -> list[Detections]:
    """Turns the network's outputs into the detections of each picture.

    Args:
        scores: ``(B, N, 1)`` in [0, 1].
        bbox: ``(B, N, 4)`` centre offset and log size in strides.
        kps: ``(B, N, 10)`` landmark offsets in strides.
        size: height and width of the network's input.
        settings: thresholds.
        sizes: only detections whose longer side has at least the first of these, and less than
            the second, in pixels, are taken.
    """
    floor = min(settings.score_threshold, MIN_VOTE_SCORE)
    scores = scores[..., 0]
    points, strides = grid(*size)
    picture, voters = np.nonzero(scores >= floor)
    longer = np.exp(bbox[picture, voters, 2:].max(axis=1)) * strides[voters, 0]
    wanted = (sizes[0] <= longer) & (longer < sizes[1])
    picture, voters = picture[wanted], voters[wanted]
    point, stride = points[voters], strides[voters]
    centre = bbox[picture, voters, :2] * stride + point
    half = np.exp(bbox[picture, voters, 2:]) * stride / 2
    landmarks = kps[picture, voters].reshape(-1, 5, 2) * stride[:, None] + point[:, None]
    # All pictures at once, so far apart that none has a say in another's.
    apart = picture[:, None] * (APART * float(max(size)))
    boxes = np.concatenate([centre - half, centre + half], axis=1) + apart
    votes = scores[picture, voters]
    sure = np.flatnonzero(votes >= settings.score_threshold)
    kept = sure[nms(boxes[sure], votes[sure], settings.iou_threshold)]
    placed = (vote(boxes[kept], boxes, votes, settings.vote_iou) - apart[kept]).astype(np.float32)
    return [
        Detections(placed[own], votes[kept[own]], landmarks[kept[own]])
        for own in (np.flatnonzero(picture[kept] == i) for i in range(len(scores)))
    ]


def pad_to_multiple(image: Image) -> Image:
    """The picture with black added at the right and below until both sides are multiples of 32."""
    height, width = image.shape[:2]
    right, below = -width % STRIDES[-1], -height % STRIDES[-1]
    if right or below:
        return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)  # type: ignore[return-value]
    return image


class YuNetDetector:
    """A ``FaceDetector``.

    Args:
        session: the exported network: input ``(B, H, W, 3)`` uint8 BGR, H and W multiples of 32;
            outputs scores, boxes, landmarks (see
            ``maskwatch_train.detector.network.ExportedYuNet``).
        settings: scale and thresholds.
    """

    def __init__(
        self, session: ort.InferenceSession, settings: YuNetSettings | None = None
    ) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._settings = settings or YuNetSettings()

    @property
    def settings(self) -> YuNetSettings:
        """How it is run."""
        return self._settings

    def with_threshold(self, score: float) -> YuNetDetector:
        """The same detector, dropping what is under another score."""
        return YuNetDetector(self._session, replace(self._settings, score_threshold=score))

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
        for name in _KINDS:
            card.setting(name)
        settings = YuNetSettings(**checked_settings(card, _KINDS))
        session = open_session(card.model_path, threads=threads, provider=provider)
        if session.get_inputs()[0].type != "tensor(uint8)":
            reason = "exported by an older version, for other input; export it again"
            raise ModelError(f"{card.model_path}: {reason}")
        return cls(session, settings)

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces of the frame, best score first, boxes clipped to the picture.

        Looks more finely at a large picture, so that far faces are found as well, and twice at a
        very large one, so that near faces still are.
        """
        height, width = frame.image.shape[:2]
        scale, fine = self._scale(height, width), _fine_scale(height, width)
        if fine < LEAST_GAIN * scale:
            return self._find(frame.image, max(scale, fine))
        least, most = HANDOVER_PX
        near = self._find(frame.image, scale, (least, math.inf))
        far = self._find(frame.image, fine, (0.0, most * fine / scale))
        return self._without_repeats(near + far)

    def sweep(self, frame: Frame) -> list[Face]:
        """See `GlancingDetector`: looks once, however large the picture is."""
        height, width = frame.image.shape[:2]
        return self._find(frame.image, self._scale(height, width))

    def near(self, frame: Frame, expected: Sequence[Box]) -> list[Face]:
        """See `GlancingDetector`: looks at one small tile per place, all in one run."""
        height, width = frame.image.shape[:2]
        if not expected:
            return []
        if len(expected) > MAX_TILES:
            smallest = min(max(box.width, box.height) for box in expected)
            is_shown = smallest * self._scale(height, width) >= SMALLEST_PX
            return self.sweep(frame) if is_shown else self(frame)
        windows = [_window(box) for box in expected]
        found = self._detect(np.stack([_tile(frame.image, window) for window in windows]))
        tile = np.repeat(np.arange(len(found)), [len(each.scores) for each in found])
        boxes = np.concatenate([each.boxes for each in found])
        # Others in the tile may be cut off by its edge; they have one of their own.
        middle = centres(boxes) / TILE_PX - 0.5
        own = np.abs(middle).max(axis=1) < OWN_SHARE / 2
        places = [(window.x0, window.y0, window.width / TILE_PX) for window in windows]
        corner, scale = np.split(np.array(places, dtype=np.float32)[tile[own]], [2], axis=1)
        boxes = boxes[own] * scale + np.tile(corner, 2)
        scores = np.concatenate([each.scores for each in found])[own]
        points = np.concatenate([each.landmarks for each in found])[own]
        points = points * scale[..., None] + corner[:, None]
        kept = nms(boxes, scores, self._settings.iou_threshold)
        return Detections(clip(boxes[kept], width, height), scores[kept], points[kept]).faces()

    def _find(
        self, image: Image, scale: float, sizes: tuple[float, float] = ANY_SIZE
    ) -> list[Face]:
        """The faces of a picture at one scale; see `decode`."""
        height, width = image.shape[:2]
        resized = image
        if scale != 1.0:
            target = (max(1, round(width * scale)), max(1, round(height * scale)))
            shrink = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
            resized = cv2.resize(image, target, interpolation=shrink)  # type: ignore[assignment]
        (found,) = self._detect(pad_to_multiple(resized)[None], sizes)
        back = np.array([width / resized.shape[1], height / resized.shape[0]], dtype=np.float32)
        boxes, points = found.boxes * np.tile(back, 2), found.landmarks * back
        return Detections(clip(boxes, width, height), found.scores, points).faces()

    def _scale(self, height: int, width: int) -> float:
        if self._settings.long_side is None:
            return 1.0
        return min(self._settings.long_side / max(height, width), 1.0)

    def _without_repeats(self, faces: Sequence[Face]) -> list[Face]:
        boxes = box_array(face.box for face in faces)
        scores = np.array([face.score for face in faces])
        return [faces[i] for i in nms(boxes, scores, self._settings.iou_threshold)]

    def _detect(
        self, images: NDArray[np.uint8], sizes: tuple[float, float] = ANY_SIZE
    ) -> list[Detections]:
        """What is in each of some pictures of one size, ``(B, H, W, 3)``; see `decode`."""
        scores, boxes, points = self._session.run(None, {self._input: images})
        return decode(scores, boxes, points, images.shape[1:3], self._settings, sizes)


def _fine_scale(height: int, width: int) -> float:
    return min(FINE_SCALE, math.sqrt(MAX_FINE_PIXELS / (height * width)))


def _window(box: Box) -> Box:
    """The square of whole pixels around a face that becomes its tile."""
    half = max(1, round(WINDOW_SIZES * max(box.width, box.height) / 2))
    x, y = map(round, box.middle)
    return Box(x - half, y - half, x + half, y + half)


def _tile(image: Image, window: Box) -> Image:
    """``(TILE_PX, TILE_PX, 3)``: a window of the picture, black beyond its edge."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (int(edge) for edge in window)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if left >= right or top >= bottom:
        return np.zeros((TILE_PX, TILE_PX, 3), dtype=np.uint8)
    tile = image[top:bottom, left:right]
    side = x1 - x0
    if side > LARGEST_STEP * TILE_PX:
        part = 1 / math.ceil(side / (LARGEST_STEP * TILE_PX))
        size = (max(1, round((right - left) * part)), max(1, round((bottom - top) * part)))
        tile = cv2.resize(tile, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
        x0, y0, side = round((x0 - left) * part), round((y0 - top) * part), round(side * part)
        return _tile(tile, Box(x0, y0, x0 + side, y0 + side))
    if tile.shape[:2] != (side, side):
        beyond = (top - y0, y1 - bottom, left - x0, x1 - right)
        tile = cv2.copyMakeBorder(tile, *beyond, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    return cv2.resize(tile, (TILE_PX, TILE_PX), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]
