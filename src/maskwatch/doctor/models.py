"""The models: whether they load, and whether they keep up with the cameras."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from maskwatch.config.cameras import CameraConfig
from maskwatch.config.inference import InferenceConfig
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.errors import MaskwatchError
from maskwatch.types import Frame

if TYPE_CHECKING:
    from maskwatch.runtime.monitoring.inference import SharedInference

_LOOKS = 4
"""The fastest counts: the first look is slower, and others may use the machine."""


def check_models(config: InferenceConfig, cameras: Iterable[CameraConfig]) -> Finding:
    """Whether the models load, and how long a picture takes them."""
    from maskwatch.build.service import load_models

    try:
        models = load_models(config)
    except MaskwatchError as error:
        return Finding(
            "models",
            Grade.FAILED,
            str(error),
            "correct the section inference, or install maskwatch again",
        )
    watched = [each for each in cameras if each.enabled]
    models.inference.start()
    try:
        kinds = {False, *(each.small_faces for each in watched)}
        took_s = {kind: _look_s(models.inference, small_faces=kind) for kind in kinds}
    except MaskwatchError as error:
        return Finding("models", Grade.FAILED, str(error), "try inference.device: cpu")
    finally:
        models.inference.stop()
    wanted_fps = sum(each.max_fps for each in watched)
    said = f"{models.version} on {models.device}, {1 / took_s[False]:.0f} pictures a second"
    if True in kinds:
        said += f" or {1 / took_s[True]:.0f} of 1080p with small_faces"
    if sum(each.max_fps * took_s[each.small_faces] for each in watched) > 1:
        return Finding(
            "models",
            Grade.WARNING,
            f"{said}, and the cameras ask for {wanted_fps:.0f}",
            "lower max_fps of the cameras; until then pictures are dropped evenly",
        )
    return Finding("models", Grade.OK, said)


def _look_s(inference: SharedInference, *, small_faces: bool) -> float:
    """Seconds that one look for faces takes."""
    height, width = (1080, 1920) if small_faces else (720, 1280)
    blank = Frame("blank", 0, 0.0, np.full((height, width, 3), 90, np.uint8))
    took_s = []
    for _ in range(_LOOKS):
        began = time.perf_counter()
        inference.look(lambda: blank, lambda *_: [], small_faces=small_faces)
        took_s.append(time.perf_counter() - began)
    return min(took_s)
