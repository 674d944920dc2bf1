"""Labelled pictures made by the tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from maskwatch.types import Box, Fault, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.evaluate.cases import Appearance, Case

WIDTH, HEIGHT = 400, 200


def label(
    x: float,
    size: float,
    state: State,
    fault: Fault | None = None,
    *,
    kind: str = "",
    certainty: str = "sure",
) -> LabelledFace:
    """A square face with its corner at (x, 0)."""
    return LabelledFace(Box(x, 0.0, x + size, size), state, fault, kind, certainty)


def labelled_image(
    folder: Path, name: str, *faces: LabelledFace, group: str | None = None, grey: int = 128
) -> LabelledImage:
    """A grey picture on disk with the given labels; its group is its name unless given."""
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, 3), grey, dtype=np.uint8))
    return LabelledImage(path, "test", group or name, faces)


def case(face: LabelledFace, group: str = "g", appearance: Appearance | None = None) -> Case:
    """A labelled face of no picture at all."""
    measured = appearance or Appearance(brightness=128, sharpness=400)
    return Case("made", Path("a.png"), 0, group, face, face.box, measured)
