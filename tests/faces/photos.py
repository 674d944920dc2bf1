"""A labelled photo that every face detector must find the faces of."""

from __future__ import annotations

import json

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwatch.geometry import iou_matrix
from maskwatch.types import Face, Frame
from tests.shared import shared

TWO_BARE_FACES = "0007.jpg"


def photo() -> tuple[Frame, NDArray[np.float64]]:
    """A photo with two large bare faces, and their labelled boxes ``(2, 4)``."""
    folder = shared("data/street")
    entries = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    (entry,) = (entry for entry in entries if entry["file"] == TWO_BARE_FACES)
    image = cv2.imread(str(folder / "images" / TWO_BARE_FACES))
    return Frame(TWO_BARE_FACES, 0, 0.0, image), np.array([f["box"] for f in entry["faces"]])


def overlaps(truth: NDArray[np.float64], faces: list[Face]) -> NDArray[np.float64]:
    """``(G,)`` best intersection over union of each labelled box with any of the faces."""
    found = np.array([face.box for face in faces]).reshape(-1, 4)
    return iou_matrix(truth, found).max(axis=1, initial=0.0)
