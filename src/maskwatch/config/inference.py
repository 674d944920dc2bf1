"""The section ``inference``: which models, and how they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from maskwatch.config.base import Section


class InferenceConfig(Section):
    """Models, shared by all cameras."""

    detector: Literal["yunet", "ssd-res10", "mtcnn"] = "yunet"
    """Face detector."""
    detector_folder: Path | None = None
    """Folder of the face detector's model; none for the one in the package."""
    classifier_folder: Path | None = None
    """Folder of the mask classifier's model; none for the one in the package."""
    device: Literal["cpu", "cuda", "coreml", "directml"] = "cpu"
    """What the models run on."""
    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    """Threads of one inference; none for as many as help."""
    batch: Annotated[int, Field(ge=1, le=64)] = 8
    """Pictures that are looked at together, each of another camera, at most."""
