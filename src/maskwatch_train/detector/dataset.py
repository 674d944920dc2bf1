"""Training pictures of the detector: truth, ignored regions, random crops and mosaics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from maskwatch.faces.yunet import Detections
from maskwatch.geometry import centres, clip, iou_matrix, overlap_of_smaller
from maskwatch.types import Box, Face, Image, Landmarks, Point
from maskwatch_train.data.faces import MIN_IOU
from maskwatch_train.detector.degrade import NONE, Degradation, degrade
from maskwatch_train.detector.loss import Target
from maskwatch_train.detector.teacher import DOUBT_SCORE, SURE_SCORE
from maskwatch_train.synthesis import OccluderKind, WearKind, drawn, occlude, synthesise

MIN_FACE_PX = 7
"""Smaller faces, as the network sees them, are neither taught nor punished."""
MAX_PART = 0.5
"""What lies in a labelled face by more than this share, or has one in it, is no face beside it."""
MOST_TURNED = 70.0
"""Degrees. People lean back to be tested, bend over work and lie in beds."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture with its truth, in pixels of the picture."""

    image: Image
    boxes: NDArray[np.float32]
    """``(G, 4)``"""
    landmarks: NDArray[np.float32]
    """``(G, 5, 2)``, NaN where unknown."""
    bare: NDArray[np.bool_]
    """``(G,)`` faces without a mask, which a synthetic one may be drawn on."""
    ignored: NDArray[np.float32]
    """``(I, 4)``"""


def label_scene(
    image: Image,
    boxes: NDArray[np.float32],
    bare: NDArray[np.bool_],
    unknown: NDArray[np.float32],
    seen: Detections,
) -> Scene:
    """Joins the labels with what the teacher sees.

    Args:
        image: the picture.
        boxes: ``(G, 4)`` labelled faces.
        bare: ``(G,)`` which of them wear no mask.
        unknown: ``(U, 4)`` labelled things that nobody could tell: ignored.
        seen: the teacher's detections: they give landmarks to labelled faces; the sure ones
            among the unlabelled become labels, the doubtful are ignored. Parts of a labelled face
            are neither.
    """
    landmarks = np.full((len(boxes), 5, 2), np.nan, dtype=np.float32)
    overlap = iou_matrix(seen.boxes, np.concatenate([boxes, unknown]))
    shared = overlap_of_smaller(seen.boxes, boxes).max(axis=1, initial=0.0)
    extra = []
    ignored = [unknown]
    for i in range(len(seen.boxes)):
        best = int(overlap[i].argmax()) if overlap.shape[1] else -1
        if best >= 0 and overlap[i, best] >= MIN_IOU:
            if best < len(boxes) and np.isnan(landmarks[best]).any():
                landmarks[best] = seen.landmarks[i]
        elif shared[i] > MAX_PART or seen.scores[i] < DOUBT_SCORE:
            continue  # taught to be none
        elif seen.scores[i] >= SURE_SCORE:
            extra.append(i)
        else:
            ignored.append(seen.boxes[i : i + 1])
    return Scene(
        image,
        np.concatenate([boxes, seen.boxes[extra]]).astype(np.float32),
        np.concatenate([landmarks, seen.landmarks[extra]]).astype(np.float32),
        np.concatenate([bare, np.zeros(len(extra), dtype=bool)]),
        np.concatenate(ignored).astype(np.float32).reshape(-1, 4),
    )


def wear_synthetic_masks(scene: Scene, share: float, rng: np.random.Generator) -> Scene:
    """Draws masks, or things held before the face, on a share of the bare faces."""
    image = scene.image
    for box, points, bare in zip(scene.boxes, scene.landmarks, scene.bare, strict=True):
        size = min(box[2] - box[0], box[3] - box[1])
        if not bare or np.isnan(points).any() or size < 24 or rng.random() > share:
            continue
        landmarks = Landmarks(*(Point(float(x), float(y)) for x, y in points))
        face = Face(Box(*(float(v) for v in box)), 1.0, landmarks)
        if rng.random() < 0.7:
            image = synthesise(image, face, drawn(WearKind, rng), rng)
        else:
            image = occlude(image, face, drawn(OccluderKind, rng), rng)
    return replace(scene, image=image)


def resize_scene(scene: Scene, scale: float) -> Scene:
    """The scene scaled by a factor."""
    mode = cv2.INTER_AREA if scale < 0.6 else cv2.INTER_LINEAR
    image = cv2.resize(scene.image, None, fx=scale, fy=scale, interpolation=mode)
    return Scene(
        image,  # type: ignore[arg-type]
        scene.boxes * scale,
        scene.landmarks * scale,
        scene.bare,
        scene.ignored * scale,
    )


def flip_scene(scene: Scene) -> Scene:
    """The scene mirrored left to right; left and right landmarks change places."""
    width = scene.image.shape[1]

    def mirrored(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack(
            [width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1
        )

    points = scene.landmarks[:, [1, 0, 2, 4, 3]].copy()
    points[:, :, 0] = width - points[:, :, 0]
    flipped = np.ascontiguousarray(scene.image[:, ::-1])
    return Scene(flipped, mirrored(scene.boxes), points, scene.bare, mirrored(scene.ignored))


def turn_scene(scene: Scene, degrees: float) -> Scene:
    """The scene turned clockwise about its middle; what turns out of the picture is cut off.

    A face's box becomes that of its turned oval: people box heads, not corners.
    """
    height, width = scene.image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    image = cv2.warpAffine(
        scene.image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(114, 114, 114)
    )

    def moved(points: NDArray[np.float32]) -> NDArray[np.float32]:
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    def ovals(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        middle = moved(np.asarray(centres(boxes), dtype=np.float32))
        half = (boxes[:, 2:] - boxes[:, :2]) / 2
        half = np.sqrt(half**2 @ (matrix[:, :2] ** 2).T)
        return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)

    turned = Scene(
        image,  # type: ignore[arg-type]
        ovals(scene.boxes),
        moved(scene.landmarks),
        scene.bare,
        ovals(scene.ignored),
    )
    return window(turned, 0, 0, (height, width), 114)


def window(scene: Scene, left: int, top: int, size: tuple[int, int], fill: int) -> Scene:
    """What shows of the scene in a window of ``size`` (height, width), filled where it is empty.

    Faces of which less than 40 % show become ignored regions.
    """
    height, width = size
    canvas = np.full((height, width, 3), fill, dtype=np.uint8)
    image = scene.image
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, image.shape[1]), min(top + height, image.shape[0])
    if x1 > x0 and y1 > y0:
        canvas[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    offset = np.array([left, top], dtype=np.float32)
    shifted = scene.boxes - np.tile(offset, 2)
    shown = clip(shifted, width, height).astype(np.float32)
    full = np.prod(shifted[:, 2:] - shifted[:, :2], axis=1)
    visible = np.prod(shown[:, 2:] - shown[:, :2], axis=1) / np.maximum(full, 1e-6)
    small = (shown[:, 2:] - shown[:, :2]).min(axis=1, initial=np.inf) < MIN_FACE_PX
    kept = (visible >= 0.4) & ~small
    dropped = (visible > 0.02) & ~kept
    ignored = clip(scene.ignored - np.tile(offset, 2), width, height)
    return Scene(
        canvas,
        shown[kept],
        (scene.landmarks - offset)[kept],
        scene.bare[kept],
        np.concatenate([ignored.astype(np.float32), shown[dropped]]),
    )


def random_window(scene: Scene, size: int, rng: np.random.Generator) -> Scene:
    """A random square of the randomly scaled scene, mostly with a face in it."""
    long_side = float(np.exp(rng.uniform(np.log(0.6 * size), np.log(2.4 * size))))
    scaled = resize_scene(scene, long_side / max(scene.image.shape[:2]))
    height, width = scaled.image.shape[:2]
    spread_x, spread_y = width - size, height - size
    left = int(rng.integers(min(0, spread_x), max(0, spread_x) + 1))
    top = int(rng.integers(min(0, spread_y), max(0, spread_y) + 1))
    if len(scaled.boxes) and rng.random() < 0.85:
        box = scaled.boxes[rng.integers(len(scaled.boxes))]
        low_x, high_x = box[2] - size, box[0]
        low_y, high_y = box[3] - size, box[1]
        if not low_x <= left <= high_x:
            left = int(rng.uniform(min(low_x, high_x), max(low_x, high_x)))
        if not low_y <= top <= high_y:
            top = int(rng.uniform(min(low_y, high_y), max(low_y, high_y)))
    return window(scaled, left, top, (size, size), int(rng.integers(0, 256)))


def mosaic(scenes: Sequence[Scene], size: int, rng: np.random.Generator) -> Scene:
    """Four scenes side by side, two above two, with a random meeting point."""
    cx, cy = (int(v) for v in rng.uniform(0.3, 0.7, 2) * size)
    cells = [(0, 0, cy, cx), (0, cx, cy, size - cx), (cy, 0, size - cy, cx)]
    cells.append((cy, cx, size - cy, size - cx))
    parts = []
    canvas = np.zeros((size, size, 3), dtype=np.uint8)
    for scene, (top, left, height, width) in zip(scenes, cells, strict=True):
        long_side = max(height, width) * rng.uniform(0.8, 1.6)
        scaled = resize_scene(scene, long_side / max(scene.image.shape[:2]))
        free_x, free_y = scaled.image.shape[1] - width, scaled.image.shape[0] - height
        x = int(rng.integers(min(0, free_x), max(0, free_x) + 1))
        y = int(rng.integers(min(0, free_y), max(0, free_y) + 1))
        part = window(scaled, x, y, (height, width), int(rng.integers(0, 256)))
        canvas[top : top + height, left : left + width] = part.image
        shift = np.array([left, top], dtype=np.float32)
        parts.append(
            replace(
                part,
                boxes=part.boxes + np.tile(shift, 2),
                landmarks=part.landmarks + shift,
                ignored=part.ignored + np.tile(shift, 2),
            )
        )
    return Scene(
        canvas,
        np.concatenate([p.boxes for p in parts]),
        np.concatenate([p.landmarks for p in parts]),
        np.concatenate([p.bare for p in parts]),
        np.concatenate([p.ignored for p in parts]),
    )


@dataclass(frozen=True, slots=True)
class Variations:
    """How scenes are varied before the network sees them.

    Attributes:
        mosaic_share: share of items made of four scenes.
        synthetic_share: share of bare faces that get a synthetic mask or occluder.
        turned_share: share of scenes turned by up to ``MOST_TURNED`` either way.
        degradation: what else happens to pictures.
    """

    mosaic_share: float
    synthetic_share: float
    turned_share: float
    degradation: Degradation


UNVARIED = Variations(0.0, 0.0, 0.0, NONE)
"""But for the window that is chosen, and for what is mirrored."""


class SceneDataset(Dataset[tuple[Tensor, Target]]):
    """Endless variations of scenes: item ``i`` of epoch ``e`` depends on the seed, i and e alone.

    Args:
        scenes: pictures with truth.
        size: side of the square that the network is trained on, a multiple of 32.
        seed: of all randomness.
        variations: how they are varied.
    """

    def __init__(
        self, scenes: Sequence[Scene], size: int, seed: int, variations: Variations
    ) -> None:
        self._scenes = scenes
        self._size = size
        self._seed = seed
        self._variations = variations
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._scenes)

    def __getitem__(self, index: int) -> tuple[Tensor, Target]:
        rng = np.random.default_rng((self._seed, self.epoch, index))
        if rng.random() < self._variations.mosaic_share:
            others = rng.integers(len(self._scenes), size=3)
            chosen = [self._scenes[index], *(self._scenes[i] for i in others)]
            scene = mosaic([self._varied(s, rng) for s in chosen], self._size, rng)
        else:
            scene = random_window(self._varied(self._scenes[index], rng), self._size, rng)
        image = degrade(scene.image, rng, self._variations.degradation)
        pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        known = ~np.isnan(scene.landmarks).any(axis=(1, 2))
        return pixels, Target(
            torch.from_numpy(scene.boxes),
            torch.from_numpy(np.nan_to_num(scene.landmarks)),
            torch.from_numpy(known),
            torch.from_numpy(scene.ignored),
        )

    def _varied(self, scene: Scene, rng: np.random.Generator) -> Scene:
        scene = wear_synthetic_masks(scene, self._variations.synthetic_share, rng)
        turned_share = self._variations.turned_share
        if turned_share > 0 and rng.random() < turned_share:
            scene = turn_scene(scene, rng.uniform(-MOST_TURNED, MOST_TURNED))
        return flip_scene(scene) if rng.random() < 0.5 else scene
