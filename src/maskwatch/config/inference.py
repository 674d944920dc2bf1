"""The section ``inference``: which models, and how they run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from maskwatch.config.base import FilePath, Section
from maskwatch.cores import MAX_THREADS


class InferenceConfig(Section):
    """Models, shared by all cameras."""

    detector: Literal["yunet", "ssd-res10", "mtcnn"] = "yunet"
    """Face detector."""
    detector_folder: FilePath | None = None
    """Folder of the face detector's model; none for the one in the package. `ssd-res10` has none
    there and needs it."""
    classifier_folder: FilePath | None = None
    """Folder of the mask classifier's model; none for the one in the package."""
    device: Literal["cpu", "cuda", "coreml", "directml"] = "cpu"
    """What the models run on."""
    threads: Annotated[int, Field(ge=1, le=MAX_THREADS)] | None = None
    """Threads of one inference; none for as many as help."""
    batch: Annotated[int, Field(ge=1, le=64)] = 8
    """Pictures that are looked at together, each of another camera, at most."""

    @model_validator(mode="after")
    def _has_weights(self) -> Self:
        if self.detector == "ssd-res10" and self.detector_folder is None:
            raise ValueError("ssd-res10 has no weights in the package: give detector_folder")
        return self
