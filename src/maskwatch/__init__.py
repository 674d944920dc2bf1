"""Face-mask compliance: finds faces and says how each mask is worn.

The names below load on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# ONNX Runtime reports to its makers since 1.31, beginning with its import and on whatever system:
# a permanent number of the device, the path of Python, the processor. It looks for this first.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from maskwatch.api import Model, annotate, load
    from maskwatch.errors import (
        MaskwatchError,
        MissingExtra,
        ModelError,
        OutputError,
        SourceError,
        UsageError,
    )
    from maskwatch.pipeline import FrameResult, LookSettings
    from maskwatch.types import (
        Box,
        Episode,
        Face,
        Fault,
        Frame,
        MaskReading,
        State,
        StateProbabilities,
        Track,
        Verdict,
    )

_HOMES = {
    "maskwatch.api": ("Model", "annotate", "load"),
    "maskwatch.errors": (
        "MaskwatchError",
        "MissingExtra",
        "ModelError",
        "OutputError",
        "SourceError",
        "UsageError",
    ),
    "maskwatch.pipeline": ("FrameResult", "LookSettings"),
    "maskwatch.types": (
        "Box",
        "Episode",
        "Face",
        "Fault",
        "Frame",
        "MaskReading",
        "State",
        "StateProbabilities",
        "Track",
        "Verdict",
    ),
}

__all__ = [
    "Box",
    "Episode",
    "Face",
    "Fault",
    "Frame",
    "FrameResult",
    "LookSettings",
    "MaskReading",
    "MaskwatchError",
    "MissingExtra",
    "Model",
    "ModelError",
    "OutputError",
    "SourceError",
    "State",
    "StateProbabilities",
    "Track",
    "UsageError",
    "Verdict",
    "__version__",
    "annotate",
    "load",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
