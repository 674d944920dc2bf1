"""What another detector sees in a training picture: landmarks and unlabelled faces."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from maskwatch.faces.yunet import Detections, YuNetSettings, decode, pad_to_multiple
from maskwatch.geometry import nms
from maskwatch.models import DEFAULT_DETECTOR
from maskwatch.models.session import CPU, open_session
from maskwatch.outputs.files import make_folder, write_whole
from maskwatch.types import Image
from maskwatch_train.checksum import checksum
from maskwatch_train.detector.network import ExportedYuNet, load_yunet
from maskwatch_train.errors import reading
from maskwatch_train.exporting.onnx import DETECTOR, to_onnx
from maskwatch_train.pictures import picture_checksum, read_picture

TEACHER_WEIGHTS = "yunet_n.safetensors"
"""In the folder of the third-party weights."""
TEACHER_CACHE = "teacher.npz"
PACKAGE_CACHE = "package-detector.npz"
"""What each of the two detectors saw: a run may be begun with one and gone on with the other."""
LONG_SIDES = (640, 1024)
"""Scales at which the teacher looks; small faces show at the larger, near ones at the smaller."""
SETTINGS = YuNetSettings(score_threshold=0.4, vote_iou=1.0)
SURE_SCORE = 0.8
"""From here an unlabelled detection counts as a face."""
DOUBT_SCORE = 0.5
"""From here to `SURE_SCORE` half of the unlabelled detections are faces, blurred or turned away.

Below, nearly all are hands, arms, lamps and backs of heads (seen among 28 of street's training
split), so that networks may be taught that they are none.
"""

_SUMS = "sha256"
_TEACHER = "teacher"
_DAMAGE = (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError)
"""What numpy raises of a file that is damaged, or none of its own."""


class Teacher:
    """A face detector of the kind of YuNet, run at several scales.

    Args:
        weights: safetensors file of a YuNet_n; None for the detector of the package.
    """

    def __init__(self, weights: Path | None) -> None:
        if weights is None:
            self._session = open_session(_weights_of(weights))
        else:
            model = to_onnx(ExportedYuNet(load_yunet(weights)), DETECTOR).SerializeToString()
            self._session = ort.InferenceSession(model, providers=[CPU])

    def __call__(self, image: Image) -> Detections:
        """Detections in pixels of the image, merged over ``LONG_SIDES``."""
        found = []
        for long_side in LONG_SIDES:
            scale = long_side / max(image.shape[:2])
            resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
            padded = pad_to_multiple(resized)  # type: ignore[arg-type]
            scores, boxes, points = self._session.run(None, {"pixels": padded[None]})
            (one,) = decode(scores, boxes, points, padded.shape[:2], SETTINGS)
            found.append((one.boxes / scale, one.scores, one.landmarks / scale))
        every = Detections(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
        return every.chosen(nms(every.boxes, every.scores, SETTINGS.iou_threshold))


def _weights_of(teacher: Path | None) -> Path:
    return teacher or DEFAULT_DETECTOR / "model.onnx"


def teacher_checksum(weights: Path | None) -> str:
    """SHA-256 in hexadecimal of the file that a `Teacher` is made of."""
    return checksum(_weights_of(weights))


def detect_all(
    weights: Path | None,
    pictures: Iterable[Path],
    cache: Path,
    progress: Callable[[str], None] = lambda _line: None,
) -> dict[Path, Detections]:
    """What the teacher sees in many pictures, kept in a file so that it looks only once.

    Pictures are known again by what they hold: others may come to have their names. What another
    teacher saw is forgotten.

    Args:
        weights: as of `Teacher`.
        pictures: files.
        cache: an ``.npz`` file; made or added to.
        progress: told every 100 pictures, and when what was kept is damaged.

    Raises:
        DataError: a picture or the cache cannot be read.
        OutputError: the cache cannot be written.
    """
    who = teacher_checksum(weights)
    seen = _read(cache, who, progress)
    sums = {path: picture_checksum(path) for path in pictures}
    missing = {sha256: path for path, sha256 in sums.items() if sha256 not in seen}
    teacher = Teacher(weights)
    for count, (sha256, path) in enumerate(missing.items(), start=1):
        seen[sha256] = teacher(read_picture(path))
        if count % 100 == 0:
            progress(f"faces looked for in {count} of {len(missing)} pictures")
    if missing:
        arrays: dict[str, NDArray[np.generic]] = {
            _TEACHER: np.array(who),
            _SUMS: np.array(list(seen)),
        }
        for i, found in enumerate(seen.values()):
            arrays[f"{i}.boxes"] = found.boxes
            arrays[f"{i}.scores"] = found.scores
            arrays[f"{i}.landmarks"] = found.landmarks
        made = io.BytesIO()
        np.savez(made, **arrays)  # type: ignore[arg-type]
        make_folder(cache.parent)
        write_whole(cache, made.getvalue())
    return {path: seen[sha256] for path, sha256 in sums.items()}


def _read(cache: Path, who: str, progress: Callable[[str], None]) -> dict[str, Detections]:
    """What this teacher saw, by checksum of the picture."""
    if not cache.exists():
        return {}
    try:
        # Opened here: numpy leaves what it cannot read open.
        with reading(cache), cache.open("rb") as file, np.load(file) as stored:
            if str(stored.get(_TEACHER)) != who:
                progress(f"{cache}: of another teacher, so faces are looked for anew")
                return {}
            return {
                str(sha256): Detections(
                    stored[f"{i}.boxes"], stored[f"{i}.scores"], stored[f"{i}.landmarks"]
                )
                for i, sha256 in enumerate(stored[_SUMS])
            }
    except _DAMAGE:
        progress(f"{cache}: damaged, so faces are looked for anew")
        return {}
